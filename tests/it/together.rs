//! What many ask at the same time goes to the database together, and comes back to each alone.

use futures_util::future::join_all;
use jiff::Timestamp;
use portero::domain::audit::{AuditLine, AuditQuery, Operation};
use portero::domain::imsi::Imsi;
use portero::domain::inventory::{Entry, NewNumber, Status};
use portero::domain::msisdn::Msisdn;
use portero::domain::org::{OrgName, Tenancy};
use portero::error::{Kind, Result};
use portero::store::{Insertion, Store};

use crate::support::clock::ManualClock;
use crate::support::database::{open, with_database};
use crate::support::proxy::Proxy;
use crate::support::{Database, Engine, both_databases};
use portero::clock::Clock;

/// More than one statement is for.
const MANY: usize = 200;

fn name(text: &str) -> OrgName {
    OrgName::parse(text).unwrap()
}

/// Numbers of the demo data and others, in turn.
fn number(turn: usize) -> Msisdn {
    Msisdn::parse(&format!("666777{:03}", turn % 50)).unwrap()
}

async fn read(store: &dyn Store, tenancy: &Tenancy, number: Msisdn) -> Result<Option<Entry>> {
    store.number(tenancy, number, Timestamp::UNIX_EPOCH).await.map(|reading| reading.found)
}

/// A number that is not in the demo data, with a SIM of its own.
async fn new(store: &dyn Store, org: &str, turn: usize) -> NewNumber {
    let org = store.org(&name(org)).await.unwrap().unwrap();
    let imsi = Imsi::parse(&format!("21406{turn:010}")).unwrap();
    NewNumber::of(&org, Msisdn::parse(&format!("6445{turn:05}")).unwrap(), &imsi, ManualClock::default().now())
}

/// What the audit is to say of it.
fn line(number: &NewNumber) -> AuditLine {
    let (org, msisdn) = (Some(number.org.clone()), Some(number.msisdn));
    AuditLine { org, msisdn, ..AuditLine::by_command(Operation::AddMsisdn, number.checked_at) }
}

/// The numbers that the audit has lines of, each as often as it has.
async fn audited(store: &dyn Store) -> Vec<Msisdn> {
    let lines = store.audit(&AuditQuery::default(), None, 1_000).await.unwrap();
    let mut msisdns: Vec<_> = lines.into_iter().filter_map(|(_, line)| line.msisdn).collect();
    msisdns.sort_unstable();
    msisdns
}

/// What becomes of numbers that are added at the same time.
async fn add_all(store: &dyn Store, numbers: Vec<NewNumber>) -> Vec<Result<Insertion>> {
    join_all(numbers.into_iter().map(|number| {
        let line = line(&number);
        store.number_insert(&Tenancy::Every, number, line)
    }))
    .await
}

both_databases! {
    async fn each_reader_gets_what_it_asked_for(database: Database) {
        let store = database.store().await;
        let tenancies = [Tenancy::Every, Tenancy::of(&name("yoigo")), Tenancy::of(&name("masmovil")), Tenancy::Orgs(vec![])];
        let mut alone = Vec::new();
        for turn in 0..MANY {
            alone.push(read(&*store, &tenancies[turn % tenancies.len()], number(turn)).await.unwrap());
        }
        let together = join_all((0..MANY).map(|turn| read(&*store, &tenancies[turn % tenancies.len()], number(turn)))).await;
        let together: Vec<_> = together.into_iter().map(Result::unwrap).collect();
        assert_eq!(together, alone);
        assert!(alone.iter().any(Option::is_some) && alone.iter().any(Option::is_none));
        for (turn, entry) in together.iter().enumerate() {
            assert!(entry.iter().all(|entry| entry.msisdn == number(turn) && tenancies[turn % tenancies.len()].sees(&entry.org.name)));
        }
    }

    async fn readers_by_sim_by_number_and_of_orgs_at_once(database: Database) {
        let store = database.store().await;
        let (every, epoch) = (Tenancy::Every, Timestamp::UNIX_EPOCH);
        let (current, earlier) = (Imsi::parse("2140420422222227").unwrap(), Imsi::parse("214040119172971").unwrap());
        let unknown = Imsi::parse("214049999999999").unwrap();
        let of_sims = join_all((0..MANY).map(|turn| store.number_of_sim(&every, [&current, &earlier, &unknown][turn % 3], epoch)));
        let orgs = join_all((0..MANY).map(async |turn| store.org(&name(["yoigo", "nobody"][turn % 2])).await.unwrap()));
        let of_numbers = join_all((0..MANY).map(|_| read(&*store, &every, Msisdn::parse("666777888").unwrap())));
        let (of_sims, orgs, of_numbers) = futures_util::join!(of_sims, orgs, of_numbers);
        let entry = of_numbers[0].as_ref().unwrap().clone().unwrap();
        assert_eq!(entry.sims.len(), 2);
        for (turn, found) in of_sims.into_iter().enumerate() {
            assert_eq!(found.unwrap().found, (turn % 3 < 2).then(|| entry.clone()));
        }
        for (turn, org) in orgs.into_iter().enumerate() {
            assert_eq!(org.map(|org| org.name), (turn % 2 == 0).then(|| name("yoigo")));
        }
        assert!(of_numbers.into_iter().all(|found| found.unwrap().unwrap() == entry));
    }

    async fn an_unreadable_row_fails_its_own_readers_alone(database: Database) {
        let store = database.store().await;
        database.execute("UPDATE msisdns SET belongs_to = 'nonsense' WHERE msisdn = 34666777001").await;
        let found = join_all((0..MANY).map(|turn| read(&*store, &Tenancy::Every, number(turn)))).await;
        for (turn, found) in found.into_iter().enumerate() {
            assert_eq!(found.err().map(|error| error.kind()), (turn % 50 == 1).then_some(Kind::Internal), "{turn}");
        }
    }

    async fn a_failure_of_the_statement_is_everybodys(database: Database) {
        let store = database.store().await;
        database.execute("ALTER TABLE imsis RENAME TO lost").await;
        let found = join_all((0..MANY).map(|turn| read(&*store, &Tenancy::Every, number(turn)))).await;
        assert!(found.into_iter().all(|found| found.unwrap_err().kind() == Kind::Internal));
        database.execute("ALTER TABLE lost RENAME TO imsis").await;
        assert!(read(&*store, &Tenancy::Every, number(1)).await.unwrap().is_some());
    }

    /// A reading that comes after a write is acknowledged shows it, however many others are under way that do not.
    async fn what_was_acknowledged_is_read(database: Database) {
        let (writer, reader) = (database.store().await, open(&database.url).await);
        let statuses = [Status::Migrating, Status::Ok, Status::Migrated, Status::Deleted];
        for turn in 0..40 {
            let (status, other) = (statuses[turn % 4], Tenancy::Every);
            let write = async {
                let mut unit = writer.begin(Tenancy::Every).await.unwrap();
                for turn in 1..4 {
                    let entry = unit.number_for_update(number(turn)).await.unwrap().unwrap();
                    unit.number_change(number(turn), entry.belongs_to, status, entry.checked_at).await.unwrap();
                }
                unit.commit().await.unwrap();
                join_all((0..32).map(|turn| read(&*reader, &Tenancy::Every, number(turn % 3 + 1)))).await
            };
            let others = join_all((0..MANY).map(|turn| read(&*reader, &other, number(turn % 3 + 1))));
            let (after, _) = futures_util::join!(write, others);
            assert!(after.into_iter().all(|entry| entry.unwrap().unwrap().status == status));
        }
    }

    async fn numbers_added_at_once_are_all_there(database: Database) {
        let store = database.store().await;
        let mut numbers = Vec::new();
        for turn in 0..MANY {
            numbers.push(new(&*store, ["yoigo", "masmovil"][turn % 2], turn).await);
        }
        let outcomes = add_all(&*store, numbers.clone()).await;
        assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == Insertion::Done));
        for new in &numbers {
            let entry = read(&*store, &Tenancy::Every, new.msisdn).await.unwrap().unwrap();
            assert_eq!((&entry.org.name, &entry.sims, entry.checked_at), (&new.org, &new.sims, new.checked_at));
        }
        let again = add_all(&*store, numbers.clone()).await;
        assert!(again.into_iter().all(|outcome| outcome.unwrap() == Insertion::NumberTaken));
        assert_eq!(audited(&*store).await, numbers.iter().map(|new| new.msisdn).collect::<Vec<_>>());
    }

    async fn of_those_who_want_the_same_one_gets_it(database: Database) {
        let store = database.store().await;
        let mut numbers = Vec::new();
        for turn in 0..MANY {
            // Each number twice, each SIM four times; the first number's SIM is another's already.
            let mut new = new(&*store, "yoigo", turn / 2).await;
            new.sims[0].imsi = Imsi::parse(&format!("21406{:010}", turn / 4)).unwrap();
            if turn < 2 {
                new.sims[0].imsi = Imsi::parse("2140420422222227").unwrap();
            }
            numbers.push(new);
        }
        let outcomes: Vec<_> = add_all(&*store, numbers.clone()).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes[..2], [Insertion::SimTaken, Insertion::SimTaken]);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Insertion::Done).count(), MANY / 4);
        for (new, outcome) in numbers.iter().zip(&outcomes) {
            let entry = read(&*store, &Tenancy::Every, new.msisdn).await.unwrap();
            match outcome {
                Insertion::Done => assert_eq!(entry.unwrap().sims, new.sims),
                Insertion::NumberTaken => assert!(entry.is_some()),
                Insertion::SimTaken => assert!(entry.is_none()),
            }
        }
        let done = numbers.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Insertion::Done);
        let mut done: Vec<_> = done.map(|(new, _)| new.msisdn).collect();
        done.sort_unstable();
        assert_eq!(audited(&*store).await, done);
    }

    async fn a_number_that_cannot_be_stored_fails_alone(database: Database) {
        let store = database.store().await;
        let mut numbers = Vec::new();
        for turn in 0..20 {
            numbers.push(new(&*store, "yoigo", turn).await);
        }
        numbers[7].org = name("nobody");
        let outcomes = add_all(&*store, numbers).await;
        for (turn, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(insertion) => assert_eq!((insertion, turn == 7), (Insertion::Done, false)),
                Err(error) => assert_eq!((error.kind(), turn), (Kind::Internal, 7)),
            }
        }
    }

    async fn a_number_of_another_org_is_not_added(database: Database) {
        let store = database.store().await;
        let new = new(&*store, "yoigo", 1).await;
        let refused = store.number_insert(&Tenancy::of(&name("simyo")), new.clone(), line(&new)).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Internal);
        assert!(read(&*store, &Tenancy::Every, new.msisdn).await.unwrap().is_none());
    }
}

/// A statement is for sixty-four at most, so two hundred need four; each may have to be prepared first.
#[tokio::test]
async fn many_readings_cost_few_round_trips() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let store = open(&proxy.url).await;
        read(&*store, &Tenancy::Every, number(0)).await.unwrap();
        let before = proxy.round_trips();
        let found =
            join_all((0..MANY).map(|turn| read(&*store, &Tenancy::Every, Msisdn::from_e164(34_666_777_000 + turn as u64).unwrap()))).await;
        assert!(found.iter().all(Result::is_ok));
        // Another connection may have been opened for it, which costs one more.
        let cost = proxy.round_trips() - before;
        assert!((4..=10).contains(&cost), "{cost}");
    })
    .await;
}

/// BEGIN, the numbers, the SIMs, what waits for them, the audit, COMMIT: six for up to sixty-four numbers.
#[tokio::test]
async fn many_additions_cost_few_round_trips() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let store = open(&proxy.url).await;
        let mut costs = Vec::new();
        for round in 0..3 {
            let mut numbers = Vec::new();
            for turn in 0..64 {
                numbers.push(new(&*store, "yoigo", round * 64 + turn).await);
            }
            let before = proxy.round_trips();
            assert!(add_all(&*store, numbers).await.into_iter().all(|outcome| outcome.is_ok()));
            costs.push(proxy.round_trips() - before);
        }
        assert_eq!(costs[2], 6, "{costs:?}");
    })
    .await;
}

/// A reading does not fail because the connection it would have used has died since.
#[tokio::test]
async fn connections_that_die_between_readings_are_replaced() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let store = open(&proxy.url).await;
        for _ in 0..3 {
            let found = join_all((0..MANY).map(|turn| read(&*store, &Tenancy::Every, number(turn)))).await;
            assert!(found.iter().all(Result::is_ok), "{found:?}");
            proxy.cut();
            proxy.mend();
        }
    })
    .await;
}
