//! What operators ask for, open to everyone: health, and metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::service::World;
use crate::telemetry::metrics::{self, Metrics, Sample};
use crate::telemetry::pulse::Pulse;

/// The database is asked at most this often, whoever asks for metrics.
const SAMPLE_INTERVAL: SignedDuration = SignedDuration::from_secs(5);
/// How long it may take: metrics must come while the database does not.
const SAMPLE_PATIENCE: Duration = Duration::from_secs(1);

/// What is asked about.
#[derive(Clone)]
pub struct Probed {
    /// What the server serves.
    pub world: World,
    /// The background worker's, where there is to be one.
    pub worker: Option<Arc<Pulse>>,
    /// Real time.
    pub real: Arc<dyn Clock>,
    /// What was measured.
    pub metrics: Arc<Metrics>,
    /// When the database was asked last.
    pub sampled: Arc<Mutex<Option<Timestamp>>>,
}

/// `/health/live`: the process runs. `/health/ready`: it can answer.
pub fn health(probed: Probed) -> Router {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready)).with_state(probed)
}

/// `/metrics`
pub fn metrics(probed: Probed) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(probed)
}

async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

async fn ready(State(probed): State<Probed>) -> Result<Json<Value>> {
    probed.world.store.is_ready().await.map_err(|error| match error.kind() {
        Kind::NotReady => error,
        _ => Error::not_ready("the database does not answer", error.story()),
    })?;
    if probed.worker.is_some_and(|worker| !worker.is_alive(probed.real.now())) {
        return Err(Error::not_ready("the background worker stands still", "no sign of life"));
    }
    Ok(Json(json!({"status": "ready"})))
}

async fn scrape(State(probed): State<Probed>) -> Response {
    probed.sample().await;
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], probed.metrics.text()).into_response()
}

impl Probed {
    /// Asks for the numbers that only others know: the pool always, the database from time to time.
    async fn sample(&self) {
        let (all, idle) = self.world.store.connections();
        self.metrics.pool(all, idle);
        if let Some(replica) = &self.world.replica {
            let measured = replica.measured();
            self.metrics.replica(measured.by_replica, measured.by_primary, measured.lag);
        }
        // Whoever comes while another one asks gets what was said before.
        let Ok(mut sampled) = self.sampled.try_lock() else { return };
        let real_now = self.real.now();
        if sampled.is_some_and(|at| real_now.duration_since(at).abs() < SAMPLE_INTERVAL) {
            return;
        }
        *sampled = Some(real_now);
        let now = self.world.clock.now();
        let backlog = tokio::time::timeout(SAMPLE_PATIENCE, self.world.store.backlog(now)).await;
        let sample = backlog.ok().and_then(Result::ok).map(|backlog| Sample {
            due: backlog.due,
            lag: backlog.oldest_due.map_or(0.0, |due| now.duration_since(due).as_secs_f64().max(0.0)),
            active: backlog.active.iter().map(|(state, count)| (state.as_str(), *count)).collect(),
        });
        self.metrics.sampled(sample.as_ref());
    }
}
