//! Metrics for Prometheus, in the text format of `OpenMetrics` 1.0.
//!
//! Handles are made once and kept by whoever measures, so that measuring is an atomic addition. The values of labels are of bounded sets: ids of
//! operations, never paths.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Names and values of `N` labels.
type Labels<const N: usize> = [(&'static str, String); N];

/// The statuses that are told apart; every other one is counted as [`OTHER`].
const STATUSES: [u16; 19] = [200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 431, 500, 502, 503, 504];
const OTHER: &str = "other";

/// Durations: seconds, from what a lookup takes to the request's time-out.
#[derive(Debug, Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
    }
}

/// Everything that is measured.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Histogram, Durations>,
    upstream: Family<Labels<1>, Histogram, Durations>,
    portabilities: Family<Labels<1>, Gauge>,
    connections: Family<Labels<1>, Gauge>,
    list_reads: Family<Labels<1>, Counter>,
    restarts: Family<Labels<1>, Counter>,
    replica_up: Gauge,
    replica_lag: Gauge<f64, std::sync::atomic::AtomicU64>,
    /// Requests that are being answered.
    pub in_flight: Gauge,
    /// Requests refused because too many were in flight.
    pub shed: Counter,
    /// Requests refused because their token asked too often.
    pub rate_limited: Counter,
    /// Tokens recognised as verified before.
    pub token_hits: Counter,
    /// Tokens that had to be verified.
    pub token_misses: Counter,
    /// Rounds of the background worker.
    pub worker_rounds: Counter,
    /// Rounds of the background worker in which something failed.
    pub worker_failures: Counter,
    worker_lag: Gauge<f64, std::sync::atomic::AtomicU64>,
    due: Gauge,
    database_up: Gauge,
}

/// What the database says of the work that is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Transitions that are due and not applied.
    pub due: u64,
    /// For how long the oldest of them has been due, in seconds.
    pub lag: f64,
    /// Portabilities that are not at their end, by the name of their state.
    pub active: Vec<(&'static str, u64)>,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::with_prefix("portero");
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            durations: Family::new_with_constructor(Durations),
            upstream: Family::new_with_constructor(Durations),
            portabilities: Family::default(),
            connections: Family::default(),
            list_reads: Family::default(),
            restarts: Family::default(),
            replica_up: Gauge::default(),
            replica_lag: Gauge::default(),
            in_flight: Gauge::default(),
            shed: Counter::default(),
            rate_limited: Counter::default(),
            token_hits: Counter::default(),
            token_misses: Counter::default(),
            worker_rounds: Counter::default(),
            worker_failures: Counter::default(),
            worker_lag: Gauge::default(),
            due: Gauge::default(),
            database_up: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    /// Names by the conventions of Prometheus; the encoder appends `_total` to those of counters.
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered, by operation, method and status", self.requests.clone());
        let durations = self.durations.clone();
        registry.register_with_unit("http_request_duration", "Time to the answer's head", Unit::Seconds, durations);
        registry.register("http_requests_in_flight", "Requests being answered", self.in_flight.clone());
        registry.register("http_requests_shed", "Requests refused because too many were in flight", self.shed.clone());
        registry.register("http_requests_rate_limited", "Requests refused because their token asked too often", self.rate_limited.clone());
        registry.register("token_cache_hits", "Tokens recognised as verified before", self.token_hits.clone());
        registry.register("token_cache_misses", "Tokens that had to be verified", self.token_misses.clone());
        let upstream = self.upstream.clone();
        registry.register_with_unit(
            "entitlement_request_duration",
            "Questions to the Entitlement Server, by outcome",
            Unit::Seconds,
            upstream,
        );
        registry.register("pool_connections", "Connections to the database, by whether one is in use", self.connections.clone());
        registry.register("database_up", "1 if the database answered the last question for the numbers below", self.database_up.clone());
        let portabilities = self.portabilities.clone();
        registry.register("portabilities", "Portings that are not at their end, by state; at most 100000 are counted", portabilities);
        registry.register("due_transitions", "Transitions that are due and not applied; at most 10000 are counted", self.due.clone());
        let lag = self.worker_lag.clone();
        registry.register_with_unit("worker_lag", "For how long the oldest due transition has waited", Unit::Seconds, lag);
        registry.register("worker_rounds", "Rounds of the background worker", self.worker_rounds.clone());
        registry.register("worker_failures", "Rounds of the background worker in which something failed", self.worker_failures.clone());
        registry.register("task_restarts", "Background tasks that broke down and were started again", self.restarts.clone());
        registry.register("list_reads", "Readings that a replica may answer, by who answered", self.list_reads.clone());
        registry.register("replica_up", "1 if lists may be read from the replica", self.replica_up.clone());
        let lag = self.replica_lag.clone();
        registry.register_with_unit("replica_lag", "How old what the replica says may be at most", Unit::Seconds, lag);
    }

    /// What is measured of an operation.
    #[must_use]
    pub fn operation(self: &Arc<Self>, operation: &str, method: &str) -> OperationMetrics {
        let labels = [("operation", operation.to_owned()), ("method", method.to_owned())];
        let duration = self.durations.get_or_create_owned(&labels);
        OperationMetrics { metrics: self.clone(), labels, duration, by_status: Box::default(), other: OnceLock::new() }
    }

    /// A question to the Entitlement Server that had this outcome.
    pub fn upstream(&self, outcome: &'static str, took: Duration) {
        self.upstream.get_or_create(&[("outcome", outcome.to_owned())]).observe(took.as_secs_f64());
    }

    /// How many connections to the database there are, and how many of them wait for work.
    pub fn pool(&self, all: u32, idle: u32) {
        for (state, count) in [("idle", idle), ("used", all.saturating_sub(idle))] {
            self.connections.get_or_create(&[("state", state.to_owned())]).set(count.into());
        }
    }

    /// How many readings a replica and the database in its place have answered in all, and how far it is behind; `None`: it is not used, and
    /// what was last known of that stays.
    pub fn replica(&self, by_replica: u64, by_primary: u64, lag: Option<Duration>) {
        for (from, count) in [("replica", by_replica), ("primary", by_primary)] {
            let counter = self.list_reads.get_or_create_owned(&[("from", from.to_owned())]);
            counter.inner().store(count, std::sync::atomic::Ordering::Relaxed);
        }
        self.replica_up.set(lag.is_some().into());
        if let Some(lag) = lag {
            self.replica_lag.set(lag.as_secs_f64());
        }
    }

    /// A background task broke down and is started again.
    pub fn restarted(&self, task: &'static str) {
        self.restarts.get_or_create(&[("task", task.to_owned())]).inc();
    }

    /// What the database said when it was asked; `None`: nothing, and what it said before stays.
    pub fn sampled(&self, sample: Option<&Sample>) {
        self.database_up.set(sample.is_some().into());
        let Some(sample) = sample else { return };
        self.due.set(gauged(sample.due));
        self.worker_lag.set(sample.lag);
        for (state, count) in &sample.active {
            self.portabilities.get_or_create(&[("state", (*state).to_owned())]).set(gauged(*count));
        }
    }

    /// Everything, as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A `String` takes everything that is written to it.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn gauged(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What is measured of one operation.
#[derive(Debug)]
pub struct OperationMetrics {
    metrics: Arc<Metrics>,
    labels: Labels<2>,
    duration: Histogram,
    by_status: Box<[OnceLock<Counter>; STATUSES.len()]>,
    other: OnceLock<Counter>,
}

impl OperationMetrics {
    /// The operation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        let [(_, operation), _] = &self.labels;
        operation
    }

    /// A request was answered.
    pub fn answered(&self, status: u16, took: Duration) {
        let place = STATUSES.binary_search(&status).ok();
        let counter = place.and_then(|place| self.by_status.get(place)).unwrap_or(&self.other);
        counter.get_or_init(|| self.counter(place.map_or(OTHER.to_owned(), |_| status.to_string()))).inc();
        self.duration.observe(took.as_secs_f64());
    }

    fn counter(&self, status: String) -> Counter {
        let [operation, method] = self.labels.clone();
        self.metrics.requests.get_or_create_owned(&[operation, method, ("status", status)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(metrics: &Metrics, line: &str) -> bool {
        metrics.text().lines().any(|found| found == line)
    }

    #[test]
    fn statuses_can_be_searched_for() {
        assert!(STATUSES.is_sorted());
    }

    #[test]
    fn requests_by_operation_method_and_status() {
        let metrics = Arc::new(Metrics::default());
        let operation = metrics.operation("getMsisdn", "GET");
        for status in [200, 200, 404, 418, 299] {
            operation.answered(status, Duration::from_millis(2));
        }
        for (status, count) in [("200", 2), ("404", 1), ("other", 2)] {
            let line = format!(r#"portero_http_requests_total{{operation="getMsisdn",method="GET",status="{status}"}} {count}"#);
            assert!(has(&metrics, &line), "{line}\n{}", metrics.text());
        }
        let labels = r#"operation="getMsisdn",method="GET""#;
        for (bound, count) in [("0.001", 0), ("0.0025", 5), ("+Inf", 5)] {
            let line = format!(r#"portero_http_request_duration_seconds_bucket{{le="{bound}",{labels}}} {count}"#);
            assert!(has(&metrics, &line), "{line}\n{}", metrics.text());
        }
    }

    #[test]
    fn what_the_database_said_stays_while_it_says_nothing() {
        let metrics = Metrics::default();
        metrics.sampled(Some(&Sample { due: 3, lag: 1.5, active: vec![("ASOL", 7)] }));
        let said = ["portero_due_transitions 3", "portero_worker_lag_seconds 1.5", r#"portero_portabilities{state="ASOL"} 7"#];
        assert!(said.iter().all(|line| has(&metrics, line)) && has(&metrics, "portero_database_up 1"), "{}", metrics.text());
        metrics.sampled(None);
        assert!(said.iter().all(|line| has(&metrics, line)) && has(&metrics, "portero_database_up 0"), "{}", metrics.text());
    }
}
