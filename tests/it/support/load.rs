//! Many clients at once, who remember what was acknowledged: it must be in the database whatever has happened, and nothing by halves.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use portero::clock::Stopwatch;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::app::client;
use super::conn::Conn;
use super::portings::body;
use super::{Answer, contract};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);
/// The numbers of the load begin here: nobody else's.
const FIRST_MSISDN: u64 = 611_000_000;

/// Clients at work.
pub struct Load {
    clients: Vec<JoinHandle<Ledger>>,
    target: watch::Sender<Target>,
    tally: watch::Receiver<Tally>,
    stop: CancellationToken,
}

/// Whom they ask. Those who could not reach it wait for another one.
#[derive(Debug, Clone, Default)]
struct Target {
    urls: Vec<String>,
    generation: usize,
}

/// What they have been told so far.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    acknowledged: usize,
    refused: usize,
}

/// What became of a write, as far as its client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// 201 or 204.
    Acknowledged,
    /// 503, or no answer: it may have happened or not.
    Unknown,
}

impl Load {
    /// Starts so many clients on these servers, with a token for everything.
    pub fn start(clients: usize, urls: &[&str], token: &str) -> Self {
        let (target, asked) = watch::channel(Target { urls: owned(urls), generation: 0 });
        let (told, tally) = watch::channel(Tally::default());
        let (stop, http) = (CancellationToken::new(), client());
        let start = |number| {
            let client = Client {
                number,
                http: http.clone(),
                token: token.to_owned(),
                target: asked.clone(),
                seen: 0,
                told: told.clone(),
                stop: stop.clone(),
                ledger: Ledger::default(),
            };
            tokio::spawn(client.run())
        };
        Self { clients: (0..clients).map(start).collect(), target, tally, stop }
    }

    /// Sends the clients elsewhere, those too who could not reach where they were.
    pub fn go_to(&self, urls: &[&str]) {
        self.target.send_modify(|target| *target = Target { urls: owned(urls), generation: target.generation + 1 });
    }

    /// Waits until so many more writes have been acknowledged; how long that took.
    pub async fn acknowledged(&self, more: usize) -> Duration {
        self.told("acknowledged", more, |tally| tally.acknowledged).await
    }

    /// Waits until so many more requests have been answered 503.
    pub async fn refused(&self, more: usize) -> Duration {
        self.told("answered 503", more, |tally| tally.refused).await
    }

    async fn told(&self, what: &str, more: usize, count: impl Fn(&Tally) -> usize) -> Duration {
        let (mut tally, watch) = (self.tally.clone(), Stopwatch::start());
        let goal = count(&tally.borrow_and_update()) + more;
        let waiting = tally.wait_for(|tally| count(tally) >= goal);
        let told = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(told.is_ok_and(|told| told.is_ok()), "not {more} more {what}: {:?}", *self.tally.borrow());
        watch.elapsed()
    }

    /// Lets every client finish what it is at; what they remember.
    pub async fn stop(self) -> Ledger {
        self.stop.cancel();
        let ledgers = tokio::time::timeout(PATIENCE, join_all(self.clients)).await.expect("the clients end");
        let mut all = Ledger { clients: ledgers.len(), ..Ledger::default() };
        for ledger in ledgers {
            all.add(ledger.expect("no client has found a wrong answer"));
        }
        all
    }
}

fn owned(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|url| (*url).to_owned()).collect()
}

/// One client, who has one request at a time.
struct Client {
    number: usize,
    http: reqwest::Client,
    token: String,
    target: watch::Receiver<Target>,
    /// The generation of the target that it could not reach.
    seen: usize,
    told: watch::Sender<Tally>,
    stop: CancellationToken,
    ledger: Ledger,
}

impl Client {
    async fn run(mut self) -> Ledger {
        let mut turn = 0;
        while !self.stop.is_cancelled() {
            self.life_of_a_number(turn).await;
            self.port_in(turn).await;
            turn += 1;
        }
        self.ledger
    }

    /// Adds a number, gives it another SIM, and removes every third: as far as each step is acknowledged.
    async fn life_of_a_number(&mut self, turn: usize) {
        let number = FIRST_MSISDN + u64::try_from(self.number * 10_000 + turn).unwrap();
        let path = format!("/v2/orgs/masmovil/msisdns/{number}");
        let [first, second] = [1, 2].map(|sim| format!("21404{:03}{turn:06}{sim}", self.number));
        let [none, added, swapped] = [String::new(), first.clone(), format!("{second} {first}")];
        let steps = [
            (Method::POST, json!({"imsi": first}), &none, &added),
            (Method::PUT, json!({"imsi": second}), &added, &swapped),
            (Method::DELETE, Value::Null, &swapped, &none),
        ];
        for (method, body, before, after) in steps.into_iter().take(if turn.is_multiple_of(3) { 3 } else { 2 }) {
            let outcome = self.write(method, &path, &body, turn).await;
            let mut possible = vec![after.clone()];
            if outcome == Outcome::Unknown {
                possible.push(before.clone());
            }
            self.ledger.numbers.insert(format!("34{number}"), possible);
            if outcome == Outcome::Unknown {
                return;
            }
        }
    }

    /// Asks for a number of DIGI's; once more, in the same words, where the answer has got lost.
    async fn port_in(&mut self, turn: usize) {
        let number = format!("634443{:03}", (self.number * 31 + turn) % 1000);
        let contract = format!("005-{:02}{turn:05}", self.number);
        let request = body("INDIVIDUAL", &contract, "741111", &[(&number, &number)]);
        for attempt in 0..2 {
            let outcome = self.write(Method::POST, "/v1/orgs/masmovil/portabilities", &request, turn + attempt).await;
            self.ledger.requests.insert(contract.clone(), outcome == Outcome::Acknowledged);
            if outcome == Outcome::Acknowledged {
                return;
            }
        }
    }

    /// Sends a write to one of the servers.
    async fn write(&mut self, method: Method, path: &str, body: &Value, turn: usize) -> Outcome {
        let url = match self.server(turn).await {
            Some(url) => format!("{url}{path}"),
            None => return Outcome::Unknown,
        };
        let request = self.http.request(method.clone(), url).bearer_auth(&self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        let Ok(answer) = answer(request).await else {
            // Whoever is not there now is not asked again.
            self.seen = self.target.borrow().generation + 1;
            self.ledger.unknown += 1;
            return Outcome::Unknown;
        };
        match answer.status {
            201 | 204 => {
                self.ledger.acknowledged += 1;
                self.told.send_modify(|tally| tally.acknowledged += 1);
                Outcome::Acknowledged
            }
            503 => {
                contract::check(&method, path, &answer);
                assert_eq!(answer.header("retry-after"), "1", "{}", answer.body);
                self.ledger.unknown += 1;
                self.told.send_modify(|tally| tally.refused += 1);
                Outcome::Unknown
            }
            other => panic!("{method} {path} answered {other}: {}", answer.body),
        }
    }

    /// The server to ask now; `None`: there is none any more.
    async fn server(&mut self, turn: usize) -> Option<String> {
        let seen = self.seen;
        tokio::select! {
            biased;
            target = self.target.wait_for(|target| target.generation >= seen) => {
                let target = target.ok()?;
                target.urls.get((self.number + turn) % target.urls.len()).cloned()
            }
            () = self.stop.cancelled() => None,
        }
    }
}

/// Sends a request; the whole answer, if one comes.
async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.text().await? })
}

/// What clients remember.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How many clients there were: so many requests were in flight at any time.
    pub clients: usize,
    /// How many writes were acknowledged.
    pub acknowledged: usize,
    /// How many were not: refused with 503, or left without answer.
    pub unknown: usize,
    /// For each number: the SIMs it may have, the current one first; none where it may be absent.
    numbers: BTreeMap<String, Vec<String>>,
    /// For each contract code: whether its request was acknowledged.
    requests: BTreeMap<String, bool>,
}

impl Ledger {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.numbers.extend(other.numbers);
        self.requests.extend(other.requests);
    }

    /// Looks everything up in the database: what was acknowledged is there, what was not is there as a whole or not at all.
    pub async fn check(&self, conn: &mut Conn) {
        let wrong = [self.wrong_numbers(conn).await, self.wrong_requests(conn).await].concat();
        assert!(wrong.is_empty(), "{} of {} are lost or half there: {wrong:#?}", wrong.len(), self.acknowledged);
        for (what, sql) in HALF_STATES {
            assert_eq!(conn.number(&format!("SELECT CAST(({sql}) AS BIGINT)")).await, 0, "{what}");
        }
    }

    async fn wrong_numbers(&self, conn: &mut Conn) -> Vec<String> {
        let mut stored: BTreeMap<String, String> = BTreeMap::new();
        // A number without SIM is one that was added by halves.
        let sql = format!(
            "SELECT CAST(m.msisdn AS TEXT) || ' ' || COALESCE(s.imsi, 'no SIM'), COALESCE(s.slot, 0) FROM msisdns m
             LEFT JOIN imsis s ON s.msisdn = m.msisdn WHERE m.msisdn BETWEEN 34{FIRST_MSISDN} AND 34{FIRST_MSISDN} + 999999 ORDER BY m.msisdn, s.slot"
        );
        for (row, slot) in conn.counts(&sql).await {
            let (number, imsi) = row.split_once(' ').unwrap();
            match stored.get_mut(number) {
                None if slot == 0 => drop(stored.insert(number.to_owned(), imsi.to_owned())),
                None => drop(stored.insert(number.to_owned(), format!("no current SIM, but {imsi}"))),
                Some(sims) => *sims = format!("{sims} {imsi}"),
            }
        }
        let unknown = stored.keys().filter(|number| !self.numbers.contains_key(*number));
        let mut wrong: Vec<_> = unknown.map(|number| format!("{number} has never been added")).collect();
        for (number, possible) in &self.numbers {
            let found = stored.get(number).cloned().unwrap_or_default();
            if !possible.contains(&found) {
                wrong.push(format!("{number} should have {possible:?} and has '{found}'"));
            }
        }
        wrong
    }

    async fn wrong_requests(&self, conn: &mut Conn) -> Vec<String> {
        let sql =
            "SELECT r.contract_code, (SELECT COUNT(*) FROM portings p JOIN portabilities v ON v.porting_id = p.id AND v.recipient_rol = 1
                WHERE p.request_id = r.id AND EXISTS (SELECT 1 FROM portability_events e WHERE e.porting_id = p.id))
             FROM portability_requests r WHERE r.org = 'masmovil'";
        let stored: BTreeMap<_, _> = conn.counts(sql).await.into_iter().collect();
        let mut wrong = Vec::new();
        for (contract, acknowledged) in &self.requests {
            match stored.get(contract) {
                Some(1) => {}
                None if !acknowledged => {}
                found => wrong.push(format!("{contract} (acknowledged: {acknowledged}) has {found:?} portings")),
            }
        }
        wrong
    }
}

/// What must never be found, whatever was interrupted.
const HALF_STATES: [(&str, &str); 6] = [
    ("requests without porting", "SELECT COUNT(*) FROM portability_requests r WHERE NOT EXISTS (SELECT 1 FROM portings p WHERE p.request_id = r.id)"),
    ("portings that nobody sees", "SELECT COUNT(*) FROM portings p WHERE NOT EXISTS (SELECT 1 FROM portabilities v WHERE v.porting_id = p.id)"),
    ("portings without history", "SELECT COUNT(*) FROM portings p WHERE NOT EXISTS (SELECT 1 FROM portability_events e WHERE e.porting_id = p.id)"),
    (
        "portings whose last event is another",
        "SELECT COUNT(*) FROM portings p JOIN portability_events e ON e.porting_id = p.id AND e.notification_code
             = (SELECT MAX(l.notification_code) FROM portability_events l WHERE l.porting_id = p.id) WHERE e.message_type <> p.message_type",
    ),
    (
        "events out of order",
        "SELECT COUNT(*) FROM portability_events e JOIN portability_events l ON l.porting_id = e.porting_id
             AND l.notification_code > e.notification_code AND l.at < e.at",
    ),
    (
        "process ids of two requests",
        "SELECT COUNT(*) FROM (SELECT process_id FROM portings WHERE process_id IS NOT NULL GROUP BY process_id
             HAVING COUNT(DISTINCT request_id) > 1) d",
    ),
];
