//! How `SQLite` comes to what the store asks for: by an index, whatever is in the tables, for nothing tells it how much there is.
//!
//! Postgres plans by what there is, so there it is counted what statements do among very many rows: see the integration tests.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use regex::Regex;
use sqlx::{AssertSqlSafe, Row};

use super::{Claim, DueScope, ListScope, Listing, PoolSettings, Store, Take, open};
use crate::domain::archive::ArchivedEvent;
use crate::domain::audit::{AuditLine, AuditPlace, AuditQuery, Operation};
use crate::domain::contract_code::ContractCode;
use crate::domain::filter::Predicate;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Segment, Status};
use crate::domain::listing::PortedNumber;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::operator_token::OperatorToken;
use crate::domain::order::{Order, Party};
use crate::domain::org::{OrgName, Tenancy};
use crate::domain::portability::{Event, MessageType, Porting};
use crate::domain::request::AccessType;

tokio::task_local! {
    static STATEMENTS: RefCell<Vec<String>>;
}

/// Writes down a statement, where somebody wants to know.
pub fn note(sql: &str) {
    // Most tests do not.
    let _ = STATEMENTS.try_with(|statements| statements.borrow_mut().push(sql.to_owned()));
}

const SETTINGS: PoolSettings = PoolSettings { pool_size: 1, pool_acquire_timeout: 30_000, statement_cache: 100, statement_timeout: 0 };

fn org() -> OrgName {
    OrgName::parse("masmovil").unwrap()
}

fn number() -> Msisdn {
    Msisdn::parse("666777888").unwrap()
}

async fn reads(store: &dyn Store) {
    let now = Timestamp::UNIX_EPOCH;
    let imsi = Imsi::parse("214049000000001").unwrap();
    drop(store.number(&Tenancy::Every, number(), now).await.unwrap());
    drop(store.number_of_sim(&Tenancy::Every, &imsi, now).await.unwrap());
    assert_eq!(store.number_of_token(&OperatorToken::parse("abc123xyz456").unwrap(), now).await.unwrap(), None);
    drop(store.ownership(&org(), number(), now).await.unwrap());
    drop(store.portability(&org(), "v1", now).await.unwrap());
    drop(store.portabilities_awaiting_answer(&org(), now).await.unwrap());
    let filter = "state eq \"ASOL\" and (process_id sw \"005\" or not (msisdn in (\"666777888\"))) and window_date pr";
    for scope in [ListScope::All, ListScope::Process("00507511250113090000001".to_owned()), ListScope::Number(number())] {
        for filter in [None, Some(Predicate::parse(filter).unwrap())] {
            for before in [None, Some(7)] {
                let listing = Listing { scope: scope.clone(), filter: filter.clone(), before, limit: 100 };
                drop(store.portabilities(&org(), &listing, now).await.unwrap());
            }
        }
    }
    assert_eq!(store.next_due().await.unwrap(), None);
    for msisdn in [None, Some(number())] {
        for org in [None, Some(org())] {
            let query = AuditQuery { org, msisdn, since: Some(now), until: Some(now) };
            assert!(store.audit(&query, Some(AuditPlace { at: now, number: 7 }), 100).await.unwrap().is_empty());
        }
    }
}

fn scopes() -> [DueScope; 5] {
    let process = DueScope::Process("00507511250113090000001".to_owned());
    [DueScope::All, DueScope::Numbers(vec![number()]), process, DueScope::Waiting(org()), DueScope::Offered(org())]
}

async fn claims(store: &dyn Store) {
    let now = Timestamp::UNIX_EPOCH;
    for scope in scopes() {
        assert!(!store.is_due(&scope, now).await.unwrap());
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        let take = Take { scope: &scope, now, claim: Claim::Skip, skip: 0, limit: 256 };
        assert!(unit.orders_due(take).await.unwrap().is_empty());
        assert!(unit.requests_due(take).await.unwrap().is_empty());
    }
    let mut unit = store.begin(Tenancy::Every).await.unwrap();
    assert!(unit.orders_waiting(&["r1".to_owned()]).await.unwrap().is_empty());
    assert!(unit.orders_of_process("00507511250113090000001").await.unwrap().is_empty());
    assert!(unit.orders_of_donor(&org(), "00507511250113090000001").await.unwrap().is_empty());
    assert!(unit.order_of_recipient(&org(), number()).await.unwrap().is_none());
    assert!(unit.portabilities_of(&org(), &["p1"], now).await.unwrap().is_empty());
    assert_eq!(unit.number_facts(&[number()]).await.unwrap().len(), 1);
    assert_eq!(unit.request_digest(&org(), "00500000001").await.unwrap(), None);
}

/// An order that nothing is stored of.
fn order(recipient: Option<OrgName>) -> Order {
    let operator = OperatorCode::parse("005").unwrap();
    Order {
        id: "p1".to_owned(),
        request_id: "r1".to_owned(),
        msisdn: number(),
        process_id: None,
        access_type: AccessType::Individual,
        contract_code: ContractCode::parse("00500000001").unwrap(),
        icc_id: None,
        nrn_receptor: Nrn::parse("741111").unwrap(),
        chosen_window: None,
        recipient: Party { operator, org: recipient },
        donor: None,
        porting: Porting::send(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH).porting,
        message_type: MessageType::EnvioAlta,
        version: 1,
    }
}

async fn writes(store: &dyn Store) {
    let now = Timestamp::UNIX_EPOCH;
    let imsi = Imsi::parse("214049000000001").unwrap();
    let mut unit = store.begin(Tenancy::Every).await.unwrap();
    assert!(unit.number_for_update(number()).await.unwrap().is_none());
    unit.number_change(number(), BelongsTo::Outside, Status::Ok, now).await.unwrap();
    unit.sim_retire(number()).await.unwrap();
    assert!(unit.sim_reinstate(number(), &imsi).await.is_err());
    unit.number_remove(number()).await.unwrap();
    let operator = OperatorCode::parse("005").unwrap();
    unit.ported_numbers_put(&[PortedNumber { msisdn: number(), operator, nrn: Nrn::parse("741111").unwrap() }]).await.unwrap();
    let (inside, outside) = (order(Some(org())), order(None));
    unit.numbers_ported(&[(&inside, now), (&outside, now)]).await.unwrap();
    assert!(unit.orders_update(&[&inside]).await.is_err());
    let event = Event { message_type: MessageType::EnvioAlta, cause: None, at: now };
    unit.audit_add(&[AuditLine::by_command(Operation::Import, now)]).await.unwrap();
    assert_eq!(unit.subscribers_ended(now).await.unwrap(), 0);
    assert_eq!(unit.subscribers_erase(now, 100).await.unwrap(), 0);
    // These refer to what is not there.
    assert!(unit.orders_add(&[&inside]).await.is_err());
    assert!(unit.events_add(&[ArchivedEvent { id: "e1".to_owned(), order_id: "p1".to_owned(), event }]).await.is_err());
    assert!(unit.sim_add(number(), 0, &imsi, Segment::B2c, now).await.is_err());
}

/// The steps of a plan that go through a table that grows, from its beginning to its end.
fn scans(sql: &str, steps: &[String]) -> Vec<String> {
    let tables = "portings|portability_requests|portability_events|portabilities|msisdns|imsis|ported_numbers|operator_tokens|audit";
    // As the statements call them; what calls a list of values `v` cannot mean the portabilities by it.
    let names = if sql.contains("VALUES") { "p|d|m|s|e|n|a|i|r" } else { "v|p|d|m|s|e|n|a|i|r" };
    let scan = Regex::new(&format!("^SCAN ({tables}|{names})( |$)")).unwrap();
    steps.iter().filter(|step| scan.is_match(step)).cloned().collect()
}

#[tokio::test]
async fn every_statement_goes_by_an_index() {
    let store: Arc<dyn Store> = open(&"sqlite::memory:".parse().unwrap(), &SETTINGS).await.unwrap();
    store.migrate().await.unwrap();
    let statements = STATEMENTS.scope(RefCell::default(), async {
        reads(&*store).await;
        claims(&*store).await;
        writes(&*store).await;
        STATEMENTS.with(RefCell::take)
    });
    let statements = statements.await;
    assert!(statements.len() > 40, "{} statements", statements.len());
    let pool = super::connect::memory_pool(&SETTINGS).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run(&pool).await.unwrap();
    for sql in statements {
        let explained = explain(&pool, &sql).await;
        assert_eq!(scans(&sql, &explained), [""; 0], "{sql}\n{explained:#?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "it explains the store's own statement")]
async fn explain(pool: &sqlx::SqlitePool, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}
