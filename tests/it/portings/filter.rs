//! A filter chooses in the database what it chooses in memory, whatever it is.

use jiff::{SignedDuration, Timestamp};
use portero::domain::filter::{Field, Kind, Op, Predicate, Value};
use portero::domain::listing::Portability;
use portero::domain::org::OrgName;
use portero::store::{ListScope, Listing};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::support::both_databases;
use crate::support::portings::{Node, TV, madrid, text};
use crate::v1::filter;

/// How many filters are tried.
const FILTERS: usize = 500;
/// Of how many one is also sent by HTTP, as text.
const BY_HTTP: usize = 12;

/// References that other databases, encodings and patterns trip over. The fourth and the fifth look alike, and so do the blanks.
const REFERENCES: [&str; 14] = [
    "",
    " ",
    "%",
    "_",
    "é",
    "e\u{301}",
    "Ñ ñ",
    "O'Hara \"x\"",
    "a\\b",
    "😀 z",
    "\u{ff21}\u{fffd}",
    "50%_of",
    "\u{a0}",
    "--; DROP TABLE portings",
];

/// A member of a listed portability, as a filter sees it.
fn member(portability: &Portability, field: Field) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let date = |at: Option<Timestamp>| at.map(|at| Value::Date(Timestamp::from_second(at.as_second()).unwrap()));
    match field {
        Field::AccessType => text(portability.access_type.as_str()),
        Field::CauseStatus => portability.cause_status.and_then(|cause| text(cause.as_str())),
        Field::ContractCode => text(portability.contract_code.as_str()),
        Field::CreateDateNc => date(portability.create_date_nc),
        Field::DonorOperator => portability.donor_operator.and_then(|code| text(&code.to_string())),
        Field::ExternalReference => portability.external_reference.as_deref().and_then(text),
        Field::IccId => portability.icc_id.and_then(|icc_id| text(&icc_id.to_string())),
        Field::Id => text(&portability.id),
        Field::MessageType => text(portability.message_type.as_str()),
        Field::Msisdn => text(&portability.msisdn.to_string()),
        Field::NrnReceptor => text(&portability.nrn_receptor.to_string()),
        Field::ProcessId => portability.process_id.as_ref().and_then(|id| text(id.as_str())),
        Field::RecipientOperator => text(&portability.recipient_operator.to_string()),
        Field::RecipientRol => Some(Value::Boolean(portability.recipient_rol)),
        Field::State => text(portability.state.as_str()),
        Field::Tenant => text(portability.tenant.as_str()),
        Field::WindowDate => date(portability.window_date),
    }
}

/// Portabilities of every kind: waiting, requested, confirmed, refused, cancelled, given; with every reference.
async fn fill(node: &Node) {
    for (turn, reference) in REFERENCES.into_iter().enumerate() {
        // Fractions of a second that lists do not show.
        node.clock.set(madrid("2025-11-17T10:00:00") + SignedDuration::from_micros(500_001 * i64::try_from(turn).unwrap()));
        let mut body = node.body("masmovil", &format!("6344436{turn:02}"));
        body["external_reference"] = json!(reference);
        if turn % 3 == 0 {
            body["msisdn_ranges"][0]["end_range"]["icc_id"] = json!("8934221507160508791");
        }
        if turn % 4 == 0 {
            body["window_date"] = json!("2025-12-02T02:00:00+01:00");
        }
        node.request("masmovil", &body).await.is(201);
    }
    node.cancel("masmovil", "634443600", "CANC_ABONA").await.is(201);
    node.port_in("masmovil", "799999999").await;
    node.port_in_ranges("euskaltel", "MULTIPLE", &[("666777020", "666777022")]).await;
    node.at(TV);
    node.port_in("yoigo", "666777888").await;
    node.at("2025-11-17T22:00:00");
    node.port_in("masmovil", "634443699").await;
}

/// Values to compare a field with: what is there, parts of it, and what is near it.
fn pool(field: Field, all: &[Portability]) -> Vec<Value> {
    let there: Vec<_> = all.iter().filter_map(|one| member(one, field)).collect();
    let mut pool = there.clone();
    for value in there {
        match value {
            Value::Text(text) => {
                let chars: Vec<char> = text.chars().collect();
                let part = |from: usize, to: usize| Value::Text(chars[from.min(to)..to].iter().collect());
                let length = chars.len();
                pool.extend([part(0, length / 2), part(length / 2, length), part(1, length.saturating_sub(1).max(1).min(length))]);
                pool.push(Value::Text(format!("{text}a")));
                pool.push(Value::Text(text.to_lowercase()));
            }
            Value::Date(at) => {
                let near = [-1_000_000, -1, 1, 500_000, 1_000_000].map(|micros| Value::Date(at + SignedDuration::from_micros(micros)));
                pool.extend(near);
            }
            Value::Boolean(_) => {}
        }
    }
    match field.kind() {
        Kind::Text => pool.extend(REFERENCES.map(|text| Value::Text(text.to_owned()))),
        Kind::Boolean => pool.extend([Value::Boolean(true), Value::Boolean(false)]),
        Kind::Date => pool.push(Value::Date(Timestamp::UNIX_EPOCH)),
    }
    pool
}

/// Any filter over these portabilities.
fn predicates(all: &[Portability]) -> impl Strategy<Value = Predicate> + use<> {
    let pools: Vec<_> = Field::ALL.iter().map(|field| (*field, pool(*field, all))).collect();
    let leaf = select(pools).prop_flat_map(|(field, pool)| {
        let ops: Vec<_> = Op::ALL.iter().copied().filter(|op| op.takes(field.kind())).collect();
        let compare = (select(ops), select(pool.clone())).prop_map(move |(op, value)| Predicate::Compare { field, op, value });
        let values = proptest::collection::vec(select(pool), 1..4).prop_map(move |values| Predicate::In { field, values });
        if field.kind() == Kind::Boolean {
            prop_oneof![6 => compare, 1 => Just(Predicate::Present(field))].boxed()
        } else {
            prop_oneof![6 => compare, 2 => values, 1 => Just(Predicate::Present(field))].boxed()
        }
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several().prop_map(Predicate::And),
            several().prop_map(Predicate::Or),
            inner.clone().prop_map(|inner| Predicate::Not(Box::new(inner))),
        ]
    })
}

both_databases! {
    async fn a_filter_means_the_same_in_the_database(node: Node) {
        fill(&node).await;
        let org = OrgName::parse("masmovil").unwrap();
        let now = node.world.clock.now();
        let listed = async |filter: Option<Predicate>| {
            let listing = Listing { scope: ListScope::All, filter, before: None, limit: 1_000 };
            node.store.portabilities(&org, &listing, now).await.unwrap().found
        };
        assert_eq!(node.list("masmovil", "").await.len(), 20);
        let all = listed(None).await;
        let predicates = predicates(&all);
        let mut runner = TestRunner::default();
        let mut chosen = 0;
        for turn in 0..FILTERS {
            let predicate = predicates.new_tree(&mut runner).unwrap().current();
            let fits = |one: &&Portability| predicate.matches(&|field| member(one, field));
            let expected: Vec<_> = all.iter().filter(fits).map(|one| one.id.clone()).collect();
            let found: Vec<_> = listed(Some(predicate.clone())).await.into_iter().map(|one| one.id).collect();
            assert_eq!(found, expected, "{predicate}");
            chosen += usize::from(!expected.is_empty() && expected.len() < all.len());
            let written = predicate.to_string();
            if turn % BY_HTTP == 0 && written.chars().count() <= 2_000 {
                let by_http = node.list("masmovil", &filter(&written)).await;
                assert_eq!(by_http.iter().map(|one| text(one, "id")).collect::<Vec<_>>(), expected, "{predicate}");
            }
        }
        assert!(chosen > FILTERS / 4, "most filters choose all or none: {chosen}");
    }
}
