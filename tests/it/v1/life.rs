//! The life of a port-in at the Central Node's times.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::support::both_databases;
use crate::support::database::with_database;
use crate::support::portings::{
    CANCEL_LIMIT, DEADLINE, MONDAY, Node, TV, WINDOW, event, event_because, history, just_before, madrid, show, shown, state, text,
};

/// A row of the Node's own answers (`central-node.tsv`).
struct Row {
    reference: &'static str,
    created: Timestamp,
    tv_end: Option<Timestamp>,
    window: Timestamp,
    by_customer: &'static str,
    state: &'static str,
    state_at: Option<Timestamp>,
    cause: &'static str,
}

/// Every row but the number return, which is no port-in.
fn oracle() -> Vec<Row> {
    let lines = include_str!("../../../src/domain/calendar/central-node.tsv").lines().filter(|line| !line.starts_with('#'));
    let rows = lines.skip(1).filter_map(|line| {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let instant = |cell: usize| cells[cell].trim_start_matches("confirmed ").parse::<Timestamp>().ok();
        let row = |window| Row {
            reference: cells[0],
            created: instant(1).unwrap(),
            tv_end: instant(2),
            window,
            by_customer: cells[4],
            state: cells[5],
            state_at: instant(6),
            cause: cells[7],
        };
        instant(3).map(row)
    });
    rows.collect()
}

/// Its window is one day later than the default one, and nobody says who chose it: created on 2 May 2025, a holiday of the region of Madrid
/// alone. It can be asked for, so it is.
const UNEXPLAINED_WINDOW: &str = "79829911250502103200002";

both_databases! {
    /// Each process of the Node, requested when it was, answered or cancelled when it was, ends as it did.
    async fn the_real_node_s_answers(node: Node) {
        for (index, row) in oracle().iter().enumerate() {
            // A number of masmovil, so that the test can be its donor.
            let number = format!("6005{index:05}");
            node.clock.set(row.created);
            node.post(&format!("/v2/orgs/masmovil/msisdns/{number}"), &json!({"imsi": format!("2140490001{index:05}")})).await.is(201);
            let mut body = node.body("euskaltel", &number);
            if matches!(row.by_customer, "true" | "inferred") || row.reference == UNEXPLAINED_WINDOW {
                body["window_date"] = json!(show(row.window));
            }
            let created = node.request("euskaltel", &body).await.is(201).json()[0].clone();
            let what = row.reference;
            assert_eq!(text(&created, "create_date_nc"), show(row.created), "{what}");
            assert_eq!(text(&created, "window_date"), show(row.window), "{what}");
            let process = text(&created, "process_id");
            assert_eq!(process[6..18], what[6..18].replace("12251127", "11251127"), "type, day and minute: {what}");
            let at = row.state_at.unwrap_or(row.created);
            node.clock.set(at);
            match row.state {
                "APOR" => {
                    node.donor("masmovil", process, "accept").await.is(201);
                    assert_eq!(node.state("euskaltel", &number).await, state("ACON", ""), "{what}");
                    node.clock.set(row.window);
                }
                "AREC" if row.cause != "RECH_NORES" => drop(node.deny("masmovil", process, row.cause).await.is(201)),
                "ACAN" => drop(node.cancel("euskaltel", &number, row.cause).await.is(201)),
                _ => {}
            }
            assert_eq!(node.state("euskaltel", &number).await, state(row.state, row.cause), "{what}");
            let last = history(&node.detail("euskaltel", &number).await).pop().unwrap();
            assert_eq!(last.2, show(if row.state == "APOR" { row.window } else { at }), "{what}");
            // Silence ends it at the end of Tv, to the instant.
            if let (Some(end), "ASOL") = (row.tv_end, row.state) {
                node.clock.set(end);
                let history = history(&node.detail("euskaltel", &number).await);
                assert_eq!(history.last().unwrap(), &("RECHAZO_ALTA".to_owned(), Some("RECH_NORES".to_owned()), show(end)), "{what}");
            }
        }
    }

    async fn a_request_at_night_waits_for_the_opening(node: Node) {
        node.at("2025-11-21T20:00:00");
        let sent = node.port_in("masmovil", "634443633").await;
        assert_eq!((text(&sent, "state"), text(&sent, "message_type")), ("AENV", "ENVIO_ALTA"));
        for absent in ["process_id", "create_date_nc", "window_date", "cause_status"] {
            assert_eq!(sent.get(absent), None, "{absent}");
        }
        let owner = node.owner("masmovil", "634443633").await;
        assert_eq!((&owner["involucradaProcesoPortabilidad"], owner.get("codigoReferenciaSolicitudPortabilidadMovil")), (&json!(true), None));
        node.clock.set(just_before("2025-11-24T08:00:00"));
        assert_eq!(node.state("masmovil", "634443633").await, state("AENV", ""));
        node.at("2025-11-24T08:00:00");
        let registered = node.last("masmovil", "634443633").await;
        assert_eq!(text(&registered, "id"), text(&sent, "id"));
        assert_eq!(text(&registered, "state"), "ASOL");
        assert_eq!(text(&registered, "create_date_nc"), shown("2025-11-24T08:00:00"));
        assert_eq!(text(&registered, "window_date"), shown("2025-11-26T02:00:00"));
        assert_eq!(text(&registered, "process_id"), "00507511251124080000001");
        let expected = [event("ENVIO_ALTA", "2025-11-21T20:00:00"), event("SOLICITUD_ALTA", "2025-11-24T08:00:00")];
        assert_eq!(history(&node.detail("masmovil", "634443633").await), expected);
    }

    /// The last microsecond of the Node's day is of its day, and the halves part at 14:00.
    async fn the_hours_to_the_microsecond(node: Node) {
        let hour = 3_600;
        for (number, created, tv_end) in [
            ("666777888", "2025-11-17T13:59:59.999999", "2025-11-17T20:00:00"),
            ("666777020", "2025-11-17T14:00:00", "2025-11-18T14:00:00"),
            ("666777021", "2025-11-17T19:59:59.999999", "2025-11-18T14:00:00"),
        ] {
            node.at(created);
            assert_eq!(text(&node.port_in("euskaltel", number).await, "state"), "ASOL");
            node.clock.set(just_before(tv_end));
            assert!(node.pending("masmovil").await.contains(&number.to_owned()));
            node.at(tv_end);
            assert_eq!(node.state("euskaltel", number).await, state("AREC", "RECH_NORES"));
            node.clock.advance(hour);
            let history = history(&node.detail("euskaltel", number).await);
            assert_eq!(history, [event("SOLICITUD_ALTA", created), event_because("RECHAZO_ALTA", "RECH_NORES", tv_end)]);
        }
    }

    /// The donor's view: its own id, its own role, and only what it may know.
    async fn both_parties_see_it(node: Node) {
        let recipient = node.port_in("euskaltel", "666777888").await;
        let donor = node.last("masmovil", "666777888").await;
        assert_ne!(text(&recipient, "id"), text(&donor, "id"));
        assert_eq!((&recipient["recipient_rol"], &donor["recipient_rol"]), (&json!(true), &json!(false)));
        assert_eq!((text(&recipient, "tenant"), text(&donor, "tenant")), ("euskaltel", "masmovil"));
        for same in ["process_id", "contract_code", "window_date", "state", "donor_operator", "recipient_operator", "create_date_nc"] {
            assert_eq!(recipient[same], donor[same], "{same}");
        }
        let of = |detail: &serde_json::Value| text(&detail["portability_events"]["account"], "recipient_rol").to_owned();
        assert_eq!(of(&node.detail("euskaltel", "666777888").await), "true");
        assert_eq!(of(&node.detail("masmovil", "666777888").await), "false");
        assert!(node.list("yoigo", "/msisdn/666777888").await.is_empty());
        let seen_by = async |org: &str| {
            let owner = node.owner(org, "666777888").await;
            assert_eq!(owner["involucradaProcesoPortabilidad"], json!(true));
            owner.get("codigoReferenciaSolicitudPortabilidadMovil").is_some()
        };
        assert_eq!((seen_by("euskaltel").await, seen_by("masmovil").await, seen_by("yoigo").await), (true, true, false));
    }

    /// A donor learns of what waits for the Node when the Node has it.
    async fn a_donor_learns_at_the_registration(node: Node) {
        node.at("2025-11-14T21:00:00");
        assert_eq!(text(&node.port_in("euskaltel", "666777888").await, "state"), "AENV");
        assert!(node.list("masmovil", "").await.is_empty() && node.pending("masmovil").await.is_empty());
        node.at("2025-11-17T08:00:00");
        assert_eq!(node.pending("masmovil").await, ["666777888"]);
        let opening = event("SOLICITUD_ALTA", "2025-11-17T08:00:00");
        assert_eq!(history(&node.detail("masmovil", "666777888").await), std::slice::from_ref(&opening));
        assert_eq!(history(&node.detail("euskaltel", "666777888").await), [event("ENVIO_ALTA", "2025-11-14T21:00:00"), opening]);
    }

    async fn cancelling(node: Node) {
        // While it waits for the Node: always.
        node.at("2025-11-15T12:00:00");
        node.port_in("masmovil", "634443633").await;
        let cancelled = node.cancel("masmovil", "634443633", "CANC_ERROR").await.is(201);
        assert_eq!(cancelled.header("location"), format!("/v1/orgs/masmovil/portabilities/id/{}", text(&cancelled.json()[0], "id")));
        assert_eq!(node.state("masmovil", "634443633").await, state("ACAN", "CANC_ERROR"));
        node.cancel("masmovil", "634443633", "CANC_ERROR").await.is(204);
        node.cancel("masmovil", "634443633", "CANC_ABONA").await.is(409);
        node.at(MONDAY);
        assert_eq!(node.state("masmovil", "634443633").await, state("ACAN", "CANC_ERROR"));
        // Requested or confirmed: before 14:00 of the last working day before the window.
        for number in ["634443600", "634443601", "666777888"] {
            node.port_in("euskaltel", number).await;
        }
        node.at(TV);
        assert_eq!(node.state("euskaltel", "634443600").await, state("ACON", ""));
        node.clock.set(just_before(CANCEL_LIMIT));
        let cancelled = node.cancel("euskaltel", "634443600", "CANC_ABONA").await.is(201);
        assert!(cancelled.header("location").contains("/processId/006075112511171000"));
        node.at(CANCEL_LIMIT);
        node.cancel("euskaltel", "634443600", "CANC_ABONA").await.is(204);
        node.cancel("euskaltel", "634443601", "CANC_ABONA").await.is(409);
        // What the donor's silence refused, and what has moved.
        assert_eq!(node.state("euskaltel", "666777888").await, state("AREC", "RECH_NORES"));
        node.cancel("euskaltel", "666777888", "CANC_ABONA").await.is(409);
        node.at(WINDOW);
        node.cancel("euskaltel", "634443601", "CANC_ABONA").await.is(409);
        assert_eq!(node.state("euskaltel", "634443601").await, state("APOR", ""));
        assert_eq!(node.state("euskaltel", "634443600").await, state("ACAN", "CANC_ABONA"));
        // An attempt before is no obstacle: the active one is meant.
        node.port_in("masmovil", "634443633").await;
        node.cancel("masmovil", "634443633", "CANC_TECNI").await.is(201);
        node.cancel("masmovil", "634443633", "CANC_TECNI").await.is(204);
        // And the newest, where none is active.
        node.cancel("masmovil", "634443633", "CANC_ERROR").await.is(409);
    }

    async fn a_cancellation_discards_the_stored_answer(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.donor("masmovil", &process, "accept").await.is(201);
        node.cancel("euskaltel", "666777888", "CANC_ABONA").await.is(201);
        for local in [TV, DEADLINE, WINDOW] {
            node.at(local);
            assert_eq!(node.state("euskaltel", "666777888").await, state("ACAN", "CANC_ABONA"));
        }
        for command in ["accept", "restartReply"] {
            node.donor("masmovil", &process, command).await.is(409);
        }
        node.deny("masmovil", &process, "RECH_IDENT").await.is(409);
        assert_eq!(node.entry("666777888").await["org"], "masmovil");
        // A new attempt needs a new contract, and nothing else.
        node.at("2025-11-19T10:00:00");
        assert_eq!(text(&node.port_in("euskaltel", "666777888").await, "state"), "ASOL");
    }

    /// Who is not the other party has nothing to cancel and nothing to answer.
    async fn each_party_its_own_commands(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.cancel("masmovil", "666777888", "CANC_ABONA").await.is(404);
        node.cancel("yoigo", "666777888", "CANC_ABONA").await.is(404);
        for org in ["euskaltel", "yoigo"] {
            for command in ["accept", "restartReply"] {
                node.donor(org, &process, command).await.is(404);
            }
            node.deny(org, &process, "RECH_IDENT").await.is(404);
        }
        // The donor outside is nobody's to answer for.
        let outside = node.process("masmovil", "634443633").await;
        node.donor("masmovil", &outside, "accept").await.is(404);
    }
}

/// The dates of any day of a year: the Node's minute in the reference is Madrid's, in summer as in winter.
#[tokio::test]
async fn summer_and_winter() {
    with_database(crate::support::Engine::Sqlite, async |node: Node| {
        let madrid_zone = TimeZone::get("Europe/Madrid").unwrap();
        let mut seen = HashSet::new();
        for (number, created, window) in [
            ("634443600", "2026-03-26T12:30:00", "2026-03-30T02:00:00"),
            ("634443601", "2026-03-27T12:30:00", "2026-03-31T02:00:00"),
            ("634443602", "2026-07-03T19:30:00", "2026-07-07T02:00:00"),
            ("634443603", "2026-10-22T09:00:00", "2026-10-26T02:00:00"),
            ("634443604", "2026-10-23T09:00:00", "2026-10-27T02:00:00"),
            ("634443605", "2027-01-04T10:00:00", "2027-01-07T02:00:00"),
        ] {
            node.at(created);
            let portability = node.port_in("masmovil", number).await;
            assert_eq!(text(&portability, "window_date"), shown(window), "{created}");
            let minute = madrid(created).to_zoned(madrid_zone.clone()).strftime("%y%m%d%H%M").to_string();
            assert_eq!(text(&portability, "process_id")[8..18], minute);
            node.at(window);
            assert_eq!(node.state("masmovil", number).await, state("APOR", ""));
            assert!(seen.insert(text(&portability, "process_id").to_owned()));
        }
    })
    .await;
}
