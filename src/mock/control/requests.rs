//! `/_mock/requests`: the journal of what was asked of the APIs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use utoipa::{IntoParams, ToSchema};

use super::strict::Strict;
use crate::auth::extract::{Caller, ControlMock};
use crate::error::{Error, Kind, Result};
use crate::http::envelope::errors;
use crate::http::params::query;
use crate::mock::journal::entry::{Entry, EntryView};
use crate::mock::journal::matching::{self, Count, Match};
use crate::mock::journal::{MOST_ENTRIES, Reading};
use crate::mock::operations::Operations;
use crate::mock::sandbox::Sandbox;

/// How many entries are shown where the caller does not say.
const USUAL_LIMIT: usize = 100;
/// How often a stream without news shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Which entries to show
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those of this operation: its id, or its method and path.
    #[param(example = "createPortability")]
    operation: Option<String>,
    /// Those with this status.
    #[param(example = 201)]
    status: Option<u16>,
    /// Those with this method.
    #[param(example = "POST")]
    method: Option<String>,
    /// Those with this path; a segment in braces stands for any.
    #[param(example = "/v1/orgs/{orgs}/portabilities")]
    path: Option<String>,
    /// Those with an id above this one.
    #[param(example = 0)]
    since: Option<u64>,
    /// The newest so many of them: 1 to 1,000, else 100.
    #[param(minimum = 1, maximum = 1000, example = 100)]
    limit: Option<usize>,
}

impl Which {
    /// What to match, after which id, and how many.
    fn read(self) -> Result<(Match, u64, usize)> {
        let wanted = Match { operation: self.operation, status: self.status, method: self.method, path: self.path, ..Match::default() };
        wanted.validate("", Operations::published())?;
        let limit = self.limit.unwrap_or(USUAL_LIMIT);
        if !(1..=MOST_ENTRIES).contains(&limit) {
            return Err(Error::new(Kind::BadRequest, format!("limit is 1 to {MOST_ENTRIES}")));
        }
        Ok((wanted, self.since.unwrap_or(0), limit))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Which {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        query(parts, state).await
    }
}

/// The journal of a sandbox
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Journal)]
struct JournalView<'a> {
    /// The entries, the oldest first.
    requests: Vec<EntryView<'a>>,
    /// How many there are of those asked for, shown or not.
    total: usize,
    /// How many were forgotten for want of room since the journal was cleared: it keeps 1,000 and 4 MiB.
    forgotten: u64,
}

/// What was asked of the APIs
///
/// Bodies are kept up to 64 KiB. Bearer tokens, cookies, keys and operator tokens are never kept; everything else is, as it was sent.
#[utoipa::path(
    get, path = "/_mock/requests", operation_id = "getRequests", tag = "Journal", security(("bearer" = ["mock"])),
    params(Which, ("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    responses(
        (status = 200, description = "The journal", body = JournalView),
        errors::Control,
    )
)]
pub async fn list(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>, which: Which) -> Result<Response> {
    let (wanted, since, limit) = which.read()?;
    let reading = sandbox.journal.read();
    let found: Vec<_> = reading.entries.iter().filter(|entry| entry.id > since && wanted.fits(&entry.facts)).collect();
    let shown = found.iter().skip(found.len().saturating_sub(limit)).map(|entry| EntryView::from(&***entry)).collect();
    Ok(Json(JournalView { requests: shown, total: found.len(), forgotten: reading.forgotten }).into_response())
}

/// Forget what was asked
///
/// What is asked from now on is counted anew.
#[utoipa::path(
    delete, path = "/_mock/requests", operation_id = "deleteRequests", tag = "Journal", security(("bearer" = ["mock"])),
    params(("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    responses(
        (status = 204, description = "The journal is empty now"),
        errors::Control,
    )
)]
pub async fn clear(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> StatusCode {
    sandbox.journal.clear();
    StatusCode::NO_CONTENT
}

/// How many requests there should have been
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"match": {"operation": "createPortability", "status": 201}, "count": 1}))]
pub struct Verification {
    /// Which requests are meant; all where it is absent.
    #[serde(default, rename = "match")]
    wanted: Match,
    /// How many there should be.
    count: Count,
}

/// There were as many requests as there should have been
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    /// How many there were.
    matched: usize,
    /// True: otherwise the answer is 409.
    satisfied: bool,
}

/// Require that so many requests were made
///
/// 409 where there were not as many, with a text that names those that came nearest and says in what they differ.
#[utoipa::path(
    post, path = "/_mock/requests/verify", operation_id = "verifyRequests", tag = "Journal", security(("bearer" = ["mock"])),
    params(("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    request_body = Verification,
    responses(
        (status = 200, description = "There were", body = Verified),
        errors::Control,
        errors::OfBody,
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn verify(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    Strict(wanted): Strict<Verification>,
) -> Result<Response> {
    wanted.wanted.validate("Match.", Operations::published())?;
    let matched = matching::verify(&sandbox.journal.read(), &wanted.wanted, wanted.count)?;
    Ok(Json(Verified { matched, satisfied: true }).into_response())
}

/// What is asked, as it is asked
///
/// Server-sent events of type `request`, each with an entry of the journal as its data and the entry's id as its id. It begins with those
/// that the journal has above `since` (or the header `Last-Event-ID`); without either, with the next one. A reader that falls 256 entries
/// behind is disconnected, and may come again with the last id it has seen.
#[utoipa::path(
    get, path = "/_mock/requests/stream", operation_id = "streamRequests", tag = "Journal", security(("bearer" = ["mock"])),
    params(
        ("since" = Option<u64>, Query, description = "The id of the last entry seen.", example = 0),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same, as browsers send it.", example = 0),
        ("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42"),
    ),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        errors::Control,
    )
)]
pub async fn stream(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>, since: Since) -> Result<Response> {
    let Some((reading, live)) = sandbox.journal.follow() else {
        return Err(Error::because(Kind::Unavailable, "the journal has as many readers as it may have"));
    };
    let events = events(&reading, since, live);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// The id of the last entry that a reader of the stream has seen.
#[derive(Debug, Clone, Copy)]
pub struct Since(Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for Since {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let seen = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let asked: Which = query(parts, state).await?;
        Ok(Self(seen.or(asked.since)))
    }
}

fn events(reading: &Reading, since: Since, live: broadcast::Receiver<Arc<Entry>>) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let seen = since.0.or(reading.entries.last().map(|entry| entry.id)).unwrap_or(0);
    let earlier: Vec<_> = reading.entries.iter().filter(|entry| entry.id > seen).cloned().collect();
    // Being too far behind ends the stream, as the end of the journal does.
    let later = stream::unfold(live, |mut live| async { live.recv().await.ok().map(|entry| (entry, live)) });
    stream::iter(earlier).chain(later).map(|entry| {
        let event = Event::default().event("request").id(entry.id.to_string());
        Ok(event.json_data(EntryView::from(&*entry)).unwrap_or_default())
    })
}
