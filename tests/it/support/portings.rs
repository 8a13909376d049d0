//! A server for tests of portings: the demo's registry and inventory, no portabilities yet, no worker, and a clock that the test sets.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use portero::dataset::DataSet;
use portero::domain::contract_code::ContractCode;
use portero::domain::msisdn::Msisdn;
use portero::domain::nrn::Nrn;
use portero::domain::operator::OperatorCode;
use portero::domain::request::{AccessType, PortabilityRequest, RequestedNumber};
use portero::service::portability::submit;
use portero::service::registry;
use serde_json::{Value, json};

use super::app::Call;
use super::database::Fixture;
use super::{Answer, App, Database};

/// The instant of a local time of Madrid.
pub fn madrid(local: &str) -> Timestamp {
    let local: DateTime = local.parse().unwrap();
    TimeZone::get("Europe/Madrid").unwrap().to_timestamp(local).unwrap()
}

/// As answers write the instant of a local time of Madrid.
pub fn shown(local: &str) -> String {
    show(madrid(local))
}

/// As answers write an instant.
pub fn show(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A server without worker. Its time begins on Monday 17 November 2025 at 10:00 in Madrid: what is requested then can be answered from
/// 14:00 to 20:00, can be cancelled until the 18th at 14:00, and moves on the 19th at 02:00.
pub struct Node {
    app: App,
    /// How many contracts there are.
    contracts: AtomicUsize,
}

/// When the time of a [`Node`] begins, in Madrid.
pub const MONDAY: &str = "2025-11-17T10:00:00";
/// When the donors of what was requested on [`MONDAY`] may answer.
pub const TV: &str = "2025-11-17T14:00:00";
/// When they may no longer.
pub const DEADLINE: &str = "2025-11-17T20:00:00";
/// From when on it cannot be cancelled.
pub const CANCEL_LIMIT: &str = "2025-11-18T14:00:00";
/// When its numbers move.
pub const WINDOW: &str = "2025-11-19T02:00:00";

/// A microsecond before a local time of Madrid.
pub fn just_before(local: &str) -> Timestamp {
    madrid(local) - jiff::SignedDuration::from_micros(1)
}

impl Deref for Node {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Fixture for Node {
    async fn prepare(database: Database) -> Self {
        // Seeded here, because a server would play the demo's portabilities too.
        database.store().await.close().await;
        Self::serve(&database, &[]).await
    }
}

impl Node {
    /// Serves a database that has been filled.
    pub async fn serve(database: &Database, flags: &[&str]) -> Self {
        let patient = ["--worker", "false", "--pool-acquire-timeout", "30000"];
        let app = App::serve(database, &[&patient, flags].concat()).await;
        app.clock.set(madrid(MONDAY));
        Self { app, contracts: AtomicUsize::new(0) }
    }

    /// Serves the demo's registry and inventory with a data set loaded on top.
    pub async fn loaded(database: &Database, data: &Value) -> Self {
        let store = database.store().await;
        registry::load(&*store, &DataSet::parse(&data.to_string()).unwrap()).await.unwrap();
        store.close().await;
        Self::serve(database, &[]).await
    }

    /// An operator outside asks for a number, which no request of a client can do here.
    pub async fn ask_from_outside(&self, operator: &str, nrn: &str, number: &str) {
        let contract = self.contracts.fetch_add(1, Ordering::SeqCst);
        let request = PortabilityRequest {
            access_type: AccessType::Individual,
            contract_code: ContractCode::parse(&format!("{operator}{contract:08}")).unwrap(),
            external_reference: None,
            numbers: vec![RequestedNumber { msisdn: Msisdn::parse(number).unwrap(), icc_id: None }],
            nrn_receptor: Nrn::parse(nrn).unwrap(),
            subscriber: None,
            subscriber_request_date: None,
            window_date: None,
        };
        submit::submit_from_outside(&self.world, OperatorCode::parse(operator).unwrap(), &request).await.unwrap();
    }

    /// Sets the clock to a local time of Madrid.
    pub fn at(&self, local: &str) {
        self.clock.set(madrid(local));
    }

    /// Requests a portability with a body.
    pub fn request(&self, org: &str, body: &Value) -> Call {
        self.post(&format!("/v1/orgs/{org}/portabilities"), body)
    }

    /// The body of a request of an org for one number, with a contract code that no other request has.
    pub fn body(&self, org: &str, number: &str) -> Value {
        self.body_for(org, "INDIVIDUAL", &[(number, number)])
    }

    /// The body of a request for ranges of numbers.
    pub fn body_for(&self, org: &str, access_type: &str, ranges: &[(&str, &str)]) -> Value {
        let contract = self.contracts.fetch_add(1, Ordering::SeqCst);
        let (operator, nrn) = operator_of(org);
        body(access_type, &format!("{operator}{contract:08}"), nrn, ranges)
    }

    /// Requests one number, which the Node registers, stores or refuses: the portability as the recipient sees it.
    pub async fn port_in(&self, org: &str, number: &str) -> Value {
        let answer = self.request(org, &self.body(org, number)).await.is(201).json();
        assert_eq!(answer.as_array().unwrap().len(), 1);
        answer[0].clone()
    }

    /// Requests one number; the process that the Node registers.
    pub async fn process(&self, org: &str, number: &str) -> String {
        text(&self.port_in(org, number).await, "process_id").to_owned()
    }

    /// Requests ranges of numbers; the portabilities as the recipient sees them, by number.
    pub async fn port_in_ranges(&self, org: &str, access_type: &str, ranges: &[(&str, &str)]) -> Vec<Value> {
        let mut all = array(&self.request(org, &self.body_for(org, access_type, ranges)).await.is(201));
        all.sort_by_key(|one| text(one, "msisdn").to_owned());
        all
    }

    /// `accept`, `deny` or `restartReply` by a donor.
    pub async fn donor(&self, org: &str, process: &str, command: &str) -> Answer {
        self.post(&format!("/v1/orgs/{org}/portabilities/{process}/{command}"), &json!({})).await
    }

    /// `deny` with a cause.
    pub async fn deny(&self, org: &str, process: &str, cause: &str) -> Answer {
        self.post(&format!("/v1/orgs/{org}/portabilities/{process}/deny"), &json!({"cause": cause})).await
    }

    /// `cancel` by the recipient.
    pub async fn cancel(&self, org: &str, number: &str, cause: &str) -> Answer {
        self.post(&format!("/v1/orgs/{org}/portabilities/{number}/cancel"), &json!({"cause": cause})).await
    }

    /// A list below `/v1/orgs/{org}/portabilities`.
    pub async fn list(&self, org: &str, rest: &str) -> Vec<Value> {
        array(&self.get(&format!("/v1/orgs/{org}/portabilities{rest}")).await.is(200))
    }

    /// The newest portability of a number that an org sees.
    pub async fn last(&self, org: &str, number: &str) -> Value {
        let mut found = self.list(org, &format!("/msisdn/{number}/last")).await;
        assert_eq!(found.len(), 1, "{org} sees no portability of {number}");
        found.remove(0)
    }

    /// State and cause of the newest portability of a number that an org sees.
    pub async fn state(&self, org: &str, number: &str) -> (String, Option<String>) {
        let last = self.last(org, number).await;
        (text(&last, "state").to_owned(), last["cause_status"].as_str().map(str::to_owned))
    }

    /// The newest portability of a number that an org sees, with its history.
    pub async fn detail(&self, org: &str, number: &str) -> Value {
        let last = self.last(org, number).await;
        self.get(&format!("/v1/orgs/{org}/portabilities/id/{}", text(&last, "id"))).await.is(200).json()
    }

    /// The numbers whose donor's answer is awaited, in their order.
    pub async fn pending(&self, org: &str) -> Vec<String> {
        self.list(org, "/pendingDonor").await.iter().map(|one| text(one, "msisdn").to_owned()).collect()
    }

    /// `ownerOperator` of a number.
    pub async fn owner(&self, org: &str, number: &str) -> Value {
        self.get(&format!("/v1/orgs/{org}/ownerOperator/{number}")).await.is(200).json()
    }

    /// A number's entry in the inventory.
    pub async fn entry(&self, number: &str) -> Value {
        self.get(&format!("/v2/msisdns/{number}")).await.is(200).json()
    }
}

/// The body of a request for ranges of numbers.
pub fn body(access_type: &str, contract_code: &str, nrn: &str, ranges: &[(&str, &str)]) -> Value {
    let end = |number: &str| json!({"msisdn": {"country_code": "34", "number": number}});
    let ranges: Vec<_> = ranges.iter().map(|(first, last)| json!({"initial_range": end(first), "end_range": end(last)})).collect();
    json!({"access_type": access_type, "contract_code": contract_code, "msisdn_ranges": ranges, "nrn_receptor": nrn})
}

/// Operator code and NRN of an org of the demo.
pub fn operator_of(org: &str) -> (&'static str, &'static str) {
    match org {
        "masmovil" | "yoigo" => ("005", "741111"),
        "pepephone" => ("501", "715501"),
        "euskaltel" => ("006", "750000"),
        "r" => ("073", "910000"),
        "simyo" => ("064", "930000"),
        "cupos" => ("998", "704998"),
        other => panic!("{other} is not in the table"),
    }
}

/// What happened to a portability: type, cause and time of each event of its history.
pub fn history(detail: &Value) -> Vec<(String, Option<String>, String)> {
    let events = detail["portability_events"]["history"].as_array().unwrap();
    assert_eq!(detail["portability_events"]["account"], *events.last().unwrap(), "the account is the latest event");
    let event = |event: &Value| {
        let cause = event["cause_status"].as_str().map(str::to_owned);
        (text(event, "message_type").to_owned(), cause, text(event, "event_date").to_owned())
    };
    events.iter().map(event).collect()
}

/// An event without cause at a local time of Madrid.
pub fn event(message_type: &str, local: &str) -> (String, Option<String>, String) {
    (message_type.to_owned(), None, shown(local))
}

/// An event with its cause at a local time of Madrid.
pub fn event_because(message_type: &str, cause: &str, local: &str) -> (String, Option<String>, String) {
    (message_type.to_owned(), Some(cause.to_owned()), shown(local))
}

/// A state and its cause, as [`Node::state`] gives them.
pub fn state(state: &str, cause: &str) -> (String, Option<String>) {
    (state.to_owned(), (!cause.is_empty()).then(|| cause.to_owned()))
}

/// A member that is a text.
#[track_caller]
pub fn text<'v>(object: &'v Value, member: &str) -> &'v str {
    object[member].as_str().unwrap_or_else(|| panic!("no text {member} in {object}"))
}

/// An answer that is an array.
#[track_caller]
pub fn array(answer: &Answer) -> Vec<Value> {
    match answer.json() {
        Value::Array(items) => items,
        other => panic!("no array: {other}"),
    }
}
