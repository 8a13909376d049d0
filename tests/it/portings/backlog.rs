//! Much is due and nothing has been applied: answers are as if all of it had been, and do not wait for it.

use jiff::{SignedDuration, Timestamp};
use portero::domain::filter::Predicate;
use portero::domain::org::Tenancy;
use portero::service::portability::read;
use portero::service::{inventory, operators, settle};
use portero::store::{DueScope, ListScope, Listing, Store};
use proptest::prelude::*;
use proptest::sample::select;

use super::bulk::{self, FIRST_MSISDN};
use super::lives::{acts, pauses};
use super::world::{Act, NUMBERS, ORGS, Pause, Stage, msisdn, org_name};
use crate::support::conn::Conn;
use crate::support::database::{root, with_database};
use crate::support::portings::{Node, madrid, state, text};
use crate::support::proxy::Proxy;
use crate::support::{App, Database, Engine, both_databases};

const FILTERS: &[&str] = &[
    "state eq \"APOR\"",
    "state eq \"ASOL\" or state eq \"AENV\"",
    "not (state in (\"ACON\", \"AREC\"))",
    "cause_status eq \"RECH_NORES\"",
    "not (cause_status pr)",
    "message_type eq \"CONFIRMACION_ALTA\"",
    "message_type ge \"PORTABILIDAD\"",
    "process_id pr and recipient_rol eq false",
    "create_date_nc pr and state ne \"APOR\"",
];

/// Something that can be read.
#[derive(Debug, Clone)]
enum Question {
    List { org: usize, filter: Option<&'static str>, limit: u32, before: Option<i64> },
    Number { org: usize, number: usize, filter: Option<&'static str> },
    Process { org: usize },
    Pending { org: usize },
    Owner { org: usize, number: usize },
    Entry { number: usize },
}

fn questions() -> impl Strategy<Value = Question> {
    let (org, number, filter) = (0..ORGS.len(), 0..NUMBERS.len(), proptest::option::of(select(FILTERS)));
    let limit = prop_oneof![Just(1_000_u32), 1..4_u32];
    let before = prop_oneof![2 => Just(None), 1 => (1..20_i64).prop_map(Some)];
    prop_oneof![
        4 => (org.clone(), filter.clone(), limit, before).prop_map(|(org, filter, limit, before)| Question::List { org, filter, limit, before }),
        1 => (org.clone(), number.clone(), filter).prop_map(|(org, number, filter)| Question::Number { org, number, filter }),
        1 => org.clone().prop_map(|org| Question::Process { org }),
        1 => org.clone().prop_map(|org| Question::Pending { org }),
        1 => (org, number.clone()).prop_map(|(org, number)| Question::Owner { org, number }),
        1 => number.prop_map(|number| Question::Entry { number }),
    ]
}

impl Stage {
    /// What the answer to a question shows. `processes`: of each org, a process that it takes part in.
    async fn answer_to(&self, question: &Question, processes: &[String]) -> String {
        let world = &self.world;
        let list = async |org: usize, scope, filter: Option<&str>, before, limit| {
            let listing = Listing { scope, filter: filter.map(|filter| Predicate::parse(filter).unwrap()), before, limit };
            read::list(world, &self.org(ORGS[org]).await, &listing).await.unwrap()
        };
        match question {
            Question::List { org, filter, limit, before } => format!("{:#?}", list(*org, ListScope::All, *filter, *before, *limit).await),
            Question::Number { org, number, filter } => {
                format!("{:#?}", list(*org, ListScope::Number(msisdn(NUMBERS[*number])), *filter, None, 1_000).await)
            }
            Question::Process { org } => format!("{:#?}", list(*org, ListScope::Process(processes[*org].clone()), None, None, 1_000).await),
            Question::Pending { org } => format!("{:#?}", read::pending_donor(world, &self.org(ORGS[*org]).await).await.unwrap()),
            Question::Owner { org, number } => {
                format!("{:#?}", operators::owner(world, &self.org(ORGS[*org]).await, msisdn(NUMBERS[*number])).await.unwrap())
            }
            Question::Entry { number } => {
                format!("{:#?}", inventory::by_msisdn(world, &Tenancy::Every, msisdn(NUMBERS[*number])).await.ok())
            }
        }
    }

    /// Of each org, a process that it takes part in, as it is stored.
    async fn processes(&self) -> Vec<String> {
        let mut unit = self.world.store.begin(Tenancy::Every).await.unwrap();
        let archive = unit.archive().await.unwrap();
        let process = |org: &&str| {
            let takes_part = |order: &&portero::domain::order::Order| {
                let parties = [order.recipient.org.as_ref(), order.donor_org()];
                parties.into_iter().flatten().any(|party| party.as_str() == *org)
            };
            let id = archive.orders.iter().filter(takes_part).find_map(|order| order.process_id.as_ref());
            id.map(ToString::to_string).unwrap_or_default()
        };
        ORGS.iter().map(process).collect()
    }
}

async fn check_answers(steps: Vec<(Pause, Act)>, hours: i64, questions: Vec<Question>) {
    let mut stage = Stage::new().await;
    for (pause, act) in steps {
        stage.at(stage.after(pause).await);
        stage.act(&act).await;
    }
    stage.at(stage.now() + SignedDuration::from_hours(hours));
    let processes = stage.processes().await;
    let mut early = Vec::new();
    for question in &questions {
        early.push(stage.answer_to(question, &processes).await);
    }
    settle::settle(&stage.world, &DueScope::All, stage.now()).await.unwrap();
    for (question, early) in questions.iter().zip(early) {
        assert_eq!(early, stage.answer_to(question, &processes).await, "{question:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_is_as_if_everything_due_were_applied(
        steps in proptest::collection::vec((pauses(), acts()), 1..40),
        hours in prop_oneof![0..100_i64, 0..1_000_i64],
        questions in proptest::collection::vec(questions(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check_answers(steps, hours, questions));
    }
}

/// Lists of the org that everything is due for, with its first number in each.
fn lists() -> [Listing; 4] {
    let number = msisdn(&(FIRST_MSISDN + 1 - 34_000_000_000).to_string());
    let list = |scope, filter: Option<&str>| Listing {
        scope,
        filter: filter.map(|filter| Predicate::parse(filter).unwrap()),
        before: None,
        limit: 1_000,
    };
    [
        list(ListScope::All, None),
        list(ListScope::All, Some("state eq \"APOR\"")),
        list(ListScope::Process("00507511250113090000001".to_owned()), None),
        list(ListScope::Number(number), Some("state eq \"APOR\"")),
    ]
}

async fn lists_write_nothing(store: &dyn Store, now: Timestamp) {
    for listing in lists() {
        let reading = store.portabilities(&org_name("masmovil"), &listing, now).await.unwrap();
        assert_eq!(reading.due, None);
        assert!(!reading.found.is_empty() && reading.found.iter().all(|one| one.state.as_str() == "APOR"));
    }
    assert_eq!(store.portabilities_awaiting_answer(&org_name("masmovil"), now).await.unwrap().due, None);
}

/// A number of a donor in `ALTA_EXTRAORDINARIA`.
const EXTRAORDINARY: &str = "611600000";

/// Requires that the migration finds for what is stored what the server has stored with it.
async fn foresees_the_same(database: &Database) {
    let mut conn = Conn::open(database).await;
    let columns = "id, due_state, due_cause, due_message_type, then_at, then_state, then_cause, then_message_type";
    conn.run(&format!("CREATE TABLE stored AS SELECT {columns} FROM portings")).await;
    conn.run(
        "UPDATE portings SET due_state = NULL, due_cause = NULL, due_message_type = NULL, then_at = NULL, then_state = NULL, then_cause = NULL,
            then_message_type = NULL",
    )
    .await;
    let migration = std::fs::read_to_string(root().join("migrations/postgres/0003_foreseen.sql")).unwrap();
    for statement in migration.split(';').filter(|statement| statement.contains("UPDATE portings")) {
        conn.run(statement).await;
    }
    for (one, other) in [("stored", "portings"), ("portings", "stored")] {
        let differ = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other}) d");
        assert_eq!(conn.number(&differ).await, 0, "{one} without {other}");
    }
    let foreseen = "SELECT CAST(COUNT(*) AS BIGINT) FROM stored WHERE due_state IS NOT NULL";
    assert!(conn.number(foreseen).await > 2);
    conn.run("DROP TABLE stored").await;
}

/// How often the server asks its database when it applies so many orders.
async fn round_trips_of(database: &Database, orders: i64) -> usize {
    let proxy = Proxy::before(database).await;
    let app = App::serve(&database.at(&proxy.url), &["--pool-size", "1", "--worker", "false"]).await;
    let mut conn = Conn::open(database).await;
    bulk::write(&mut conn, orders, 0).await;
    let now = madrid("2025-01-20T12:00:00");
    let before = proxy.round_trips();
    assert_eq!(settle::work(&app.world, now).await.unwrap(), usize::try_from(orders).unwrap());
    proxy.round_trips() - before
}

/// Nothing is prepared yet, which costs each statement one round trip more.
#[tokio::test]
async fn a_batch_costs_as_much_as_a_few_orders() {
    for (orders, cost) in [(1, 16), (256, 17)] {
        with_database(Engine::Postgres, async |database: Database| {
            assert_eq!(round_trips_of(&database, orders).await, cost, "{orders} orders");
        })
        .await;
    }
}

both_databases! {
    async fn lists_wait_for_nothing_that_is_foreseen(database: Database) {
        let store = database.store().await;
        let mut conn = Conn::open(&database).await;
        bulk::write(&mut conn, 300, 0).await;
        lists_write_nothing(&*store, madrid("2025-01-20T12:00:00")).await;
        assert_eq!(conn.number("SELECT CAST(COUNT(*) AS BIGINT) FROM portings WHERE msisdn > 34607500000 AND msisdn < 34607500301 AND state = 'ASOL'").await, 300);
    }

    /// Of what was stored by a server that foresaw nothing, the migration foresees what the rules do.
    async fn the_migration_foresees_what_the_rules_do(database: Database) {
        database.store().await.close().await;
        let node = Node::serve(&database, &[]).await;
        let inside = ["666777020", "666777021", "666777022", "666777023"];
        let mut processes = Vec::new();
        for number in inside {
            processes.push(node.process("euskaltel", number).await);
        }
        node.port_in("masmovil", "634443600").await;
        node.port_in("masmovil", "799999999").await;
        // Its donor cannot answer.
        node.port_in("masmovil", EXTRAORDINARY).await;
        node.donor("masmovil", &processes[0], "accept").await.is(201);
        node.deny("masmovil", &processes[1], "RECH_IDENT").await.is(201);
        foresees_the_same(&database).await;
        node.at("2025-11-17T15:00:00");
        node.list("masmovil", "?filter=state+pr").await;
        while settle::work(&node.world, madrid("2025-11-17T15:00:00")).await.unwrap() > 0 {}
        foresees_the_same(&database).await;
        // The answer is due by the window then.
        node.at("2025-11-17T21:00:00");
        node.donor("masmovil", &processes[0], "restartReply").await.is(201);
        node.port_in("masmovil", "634443601").await;
        foresees_the_same(&database).await;
    }

    /// Every batch, and a piece of each size.
    async fn thousands_are_applied_by_the_batch(database: Database) {
        database.store().await.close().await;
        let mut conn = Conn::open(&database).await;
        bulk::write(&mut conn, 600, 300).await;
        let node = Node::serve(&database, &[]).await;
        while settle::work(&node.world, madrid("2025-01-20T12:00:00")).await.unwrap() > 0 {}
        bulk::check(&mut conn, 600, 300).await;
    }

    /// One that no code can read: the others live on, and it does when it has been mended.
    async fn what_cannot_be_applied_stands_in_nobody_s_way(database: Database) {
        database.store().await.close().await;
        let node = Node::serve(&database, &[]).await;
        for number in ["634443600", "634443601", "634443602", "634443603"] {
            node.port_in("masmovil", number).await;
        }
        node.at("2025-11-17T21:00:00");
        for number in ["634443610", "634443611", "634443612"] {
            node.port_in("masmovil", number).await;
        }
        for number in [34_634_443_601_i64, 34_634_443_611] {
            let mut conn = Conn::open(&database).await;
            conn.run(&format!("UPDATE portings SET icc_id = 'nonsense' WHERE msisdn = {number}")).await;
        }
        node.at("2025-11-21T12:00:00");
        assert_eq!(settle::work(&node.world, madrid("2025-11-21T12:00:00")).await.unwrap(), 5);
        settle::work(&node.world, madrid("2025-11-21T12:00:00")).await.unwrap_err();
        for number in ["634443600", "634443602", "634443603", "634443610", "634443612"] {
            assert_eq!(node.state("masmovil", number).await, state("APOR", ""));
        }
        database.execute("UPDATE portings SET icc_id = NULL WHERE icc_id = 'nonsense'").await;
        assert_eq!(settle::work(&node.world, madrid("2025-11-21T12:00:00")).await.unwrap(), 2);
        assert_eq!(text(&node.last("masmovil", "634443611").await, "state"), "APOR");
    }
}
