//! `/_mock/donors`

use std::sync::Arc;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::{Extension, Json};
use jiff::{SignedDuration, SpanRelativeTo};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{SandboxHeader, duration};
use crate::auth::extract::{Caller, ControlMock};
use crate::central_node::DonorPlan;
use crate::domain::cause::DenyCause;
use crate::domain::codes::codes;
use crate::domain::portability::Answer;
use crate::error::{Error, Result};
use crate::http::body::{Fields, JsonObject};
use crate::http::docs::words;
use crate::http::envelope::errors;
use crate::http::params::{invalid, path_param};
use crate::http::portability::body::schema::DenyCauseName;
use crate::mock::donors::Whose;
use crate::mock::sandbox::Sandbox;

codes! {
    /// What a donor does.
    pub enum Reply {
        /// It lets the number go.
        Accept = "accept",
        /// It refuses.
        Deny = "deny",
        /// It says nothing.
        Silent = "silent",
    }
}

words! {
    /// What a donor does
    ReplyName of Reply;
}

/// How an outside donor answers
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"operator_code": "075", "answer": "deny", "cause": "RECH_IDENT", "after": "PT30M"}))]
pub struct DonorInfo {
    /// The operator, or `*` for all that were told nothing themselves.
    #[schema(pattern = r"^([0-9]{3}|\*)$")]
    operator_code: String,
    #[schema(value_type = ReplyName)]
    answer: &'static str,
    /// Why it denies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DenyCauseName>, nullable = false)]
    cause: Option<&'static str>,
    /// How long after the beginning of Tv it answers (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    after: Option<String>,
}

impl DonorInfo {
    fn new(whose: Whose, plan: DonorPlan) -> Self {
        let operator_code = whose.to_string();
        match plan {
            DonorPlan::Silent => Self { operator_code, answer: Reply::Silent.as_str(), cause: None, after: None },
            DonorPlan::Answers(answer, after) => {
                let (reply, cause) = match answer {
                    Answer::Accept => (Reply::Accept, None),
                    Answer::Deny(cause) => (Reply::Deny, Some(cause.as_str())),
                };
                let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
                Self { operator_code, answer: reply.as_str(), cause, after: Some(after.to_string()) }
            }
        }
    }
}

/// List what donors were told
///
/// `*` comes first, the others by code.
#[utoipa::path(
    get, path = "/_mock/donors", operation_id = "listDonors", tag = "Outside", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = Vec<DonorInfo>),
        errors::Control,
    )
)]
pub async fn list(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Json<Vec<DonorInfo>> {
    Json(sandbox.donors.plans().into_iter().map(|(whose, plan)| DonorInfo::new(whose, plan)).collect())
}

/// How a donor answers
///
/// As it was told itself, or else as all were (`*`).
#[utoipa::path(
    get, path = "/_mock/donors/{operator_code}", operation_id = "getDonor", tag = "Outside", security(("bearer" = ["mock"])),
    params(
        ("operator_code" = String, Path, description = "An operator of the Central Node, or `*`", example = "075"),
        SandboxHeader,
    ),
    responses(
        (status = 200, description = "OK", body = DonorInfo),
        errors::Control,
        (status = 404, response = errors::NotFound),
    )
)]
pub async fn show(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    WhosePath(whose): WhosePath,
) -> Result<Json<DonorInfo>> {
    check_operator(&sandbox, whose).await?;
    Ok(Json(DonorInfo::new(whose, sandbox.donors.plan(whose))))
}

/// Tell a donor how to answer
///
/// It holds for what the Central Node registers from now on. The number that is asked for comes before it where it is a magic one, and an
/// operator's own telling before that of all (`*`). Of the orgs of this server it holds for none: they answer themselves.
#[utoipa::path(
    put, path = "/_mock/donors/{operator_code}", operation_id = "tellDonor", tag = "Outside", security(("bearer" = ["mock"])),
    params(
        ("operator_code" = String, Path, description = "An operator of the Central Node, or `*`", example = "075"),
        SandboxHeader,
    ),
    request_body = DonorBody,
    responses(
        (status = 200, description = "OK", body = DonorInfo),
        errors::Control,
        errors::OfBody,
        (status = 404, response = errors::NotFound),
    )
)]
pub async fn tell(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    WhosePath(whose): WhosePath,
    body: JsonObject,
) -> Result<Json<DonorInfo>> {
    check_operator(&sandbox, whose).await?;
    let plan = body.read(plan)?;
    sandbox.donors.tell(whose, plan);
    Ok(Json(DonorInfo::new(whose, plan)))
}

async fn check_operator(sandbox: &Sandbox, whose: Whose) -> Result<()> {
    let Whose::Operator(code) = whose else { return Ok(()) };
    let directory = sandbox.world.store.directory().await?;
    if directory.operator(code).is_some() { Ok(()) } else { Err(Error::not_found("Operator")) }
}

/// What a donor is to do
#[derive(ToSchema)]
#[schema(example = json!({"answer": "deny", "cause": "RECH_IDENT", "after": "PT30M"}))]
#[expect(dead_code, reason = "only the documents mention it: plan reads the body")]
pub struct DonorBody {
    answer: ReplyName,
    /// Why it denies; with `deny` alone, and needed there.
    cause: Option<DenyCauseName>,
    /// How long after the beginning of Tv it answers (ISO 8601), at once if absent; not with `silent`. At the end of Tv it is too late.
    after: Option<String>,
}

fn plan(fields: &mut Fields<'_>) -> Option<DonorPlan> {
    let reply = fields.required("answer", |word| Reply::parse(word).ok_or("oneof"));
    let cause = fields.optional("cause", |code| DenyCause::parse(code).ok_or("oneof"));
    let after = fields.optional("after", exact_duration);
    match reply? {
        Reply::Accept => {
            exclude(fields, "cause");
            Some(DonorPlan::Answers(Answer::Accept, after.unwrap_or_default()))
        }
        Reply::Deny => {
            fields.require("cause");
            Some(DonorPlan::Answers(Answer::Deny(cause?), after.unwrap_or_default()))
        }
        Reply::Silent => {
            exclude(fields, "cause");
            exclude(fields, "after");
            Some(DonorPlan::Silent)
        }
    }
}

fn exclude(fields: &mut Fields<'_>, member: &str) {
    if fields.value(member).is_some() {
        fields.violation(member, "excluded");
    }
}

/// Without months and years, whose length depends; a day has 24 hours.
fn exact_duration(text: &str) -> Result<Duration, &'static str> {
    let exact = duration(text)?.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| "duration")?;
    Duration::try_from(exact).map_err(|_| "min")
}

/// The `{operator_code}` of a path: three digits or `*`.
pub struct WhosePath(Whose);

impl<S: Send + Sync> FromRequestParts<S> for WhosePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let text = path_param(parts, state, "operator_code").await?;
        Whose::parse(&text).map(Self).ok_or_else(|| invalid("OperatorCode", "operator_code"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    proptest! {
        #[test]
        fn any_text_is_answered(text in mangled(&["PT30M", "P2D", "-PT0.000000001S", "P1Y2M3W4DT5H6M7,8S", "PT99999999H"])) {
            prop_assert!(duration(&text).map_or(true, |span| !span.is_negative()));
            prop_assert!(exact_duration(&text).is_err() || duration(&text).is_ok());
        }
    }
}
