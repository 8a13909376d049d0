//! `POST /v1/orgs/{orgs}/portabilities`: repeats, kinds of requests, windows.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::curls::published;
use crate::support::both_databases;
use crate::support::portings::{MONDAY, Node, TV, WINDOW, array, shown, state, text};

/// A body written with the members of every object in the opposite order.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<_> = members.iter().rev().map(|(name, member)| format!("{}: {}", json!(name), backwards(member))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(backwards).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// The published request with one member, found by a JSON pointer, changed. `None` removes it.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut body = published();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => drop(parent.insert(member.to_owned(), value)),
        None => drop(parent.remove(member).unwrap()),
    }
    body
}

fn with_window(mut body: Value, local: &str) -> Value {
    body["window_date"] = json!(shown(local));
    body
}

/// How many of the statuses are `status`.
fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|other| **other == status).count()
}

both_databases! {
    /// A repeat is one by what it means, not by how it is spelled.
    async fn the_same_request_in_other_words(node: Node) {
        node.request("masmovil", &published()).await.is(201);
        let base = "/v1/orgs/masmovil/portabilities";
        node.call(Method::POST, base).body("application/json; charset=utf-8", backwards(&published())).await.is(204);
        let range = "/msisdn_ranges/0";
        for body in [
            published(),
            changed("/recipient_operator", Some(json!("005"))),
            changed("/recipient_operator", None),
            changed("/window_date", None),
            changed("/unknown", Some(json!([1]))),
            changed("/subscriber/unknown", Some(json!("x"))),
            changed("/subscriber/id", None),
            changed("/subscriber_request_date", Some(json!("2022-02-24T14:45:10+01:00"))),
            changed("/subscriber_request_date", Some(json!("2022-02-24T13:45:10.000000Z"))),
            changed(&format!("{range}/initial_range/msisdn/country_code"), Some(json!("+34"))),
            changed(&format!("{range}/end_range/icc_id"), None),
            changed(&format!("{range}/initial_range/icc_id"), Some(json!("8934221507160508791F"))),
        ] {
            let repeat = node.request("masmovil", &body).await.is(204);
            assert_eq!(repeat.header("location"), "");
        }
        assert_eq!(node.list("masmovil", "").await.len(), 1);
    }

    async fn another_request_with_the_same_code(node: Node) {
        node.request("masmovil", &published()).await.is(201);
        let ranges = "/msisdn_ranges/0/initial_range";
        for body in [
            changed("/external_reference", None),
            changed("/external_reference", Some(json!("portin_902840_634443633"))),
            changed("/access_type", Some(json!("MULTIPLE"))),
            changed("/nrn_receptor", Some(json!("741112"))),
            changed("/subscriber", None),
            changed("/subscriber/name", Some(json!("martina"))),
            changed("/subscriber/addresses/0/city", Some(json!("Bilbao"))),
            changed("/subscriber_request_date", Some(json!("2022-02-24T13:45:11Z"))),
            changed("/window_date", Some(json!(shown("2025-11-20T02:00:00")))),
            // Not a window at all, but that is not what is wrong with it first.
            changed("/window_date", Some(json!("2025-11-20T02:00:00Z"))),
            changed(&format!("{ranges}/msisdn/number"), Some(json!("634443632"))),
        ] {
            let body = if body["msisdn_ranges"][0]["initial_range"]["msisdn"]["number"] == "634443632" {
                let mut body = body;
                body["msisdn_ranges"][0]["end_range"]["msisdn"]["number"] = json!("634443632");
                body
            } else {
                body
            };
            node.request("masmovil", &body).await.violates("ContractCode", "unique");
        }
        assert_eq!(node.list("masmovil", "").await.len(), 1);
        // The code is unique for its org; another one of the same operator may have it.
        node.request("yoigo", &published()).await.is(201);
        assert_eq!(node.state("yoigo", "634443633").await, state("AREC", "AREC EXIST"));
    }

    /// Whatever became of the first, and whatever the time.
    async fn a_repeat_after_the_end(node: Node) {
        let cancelled = with_window(node.body("euskaltel", "634443600"), "2025-11-20T02:00:00");
        let (denied, silent, ported, refused) = (
            node.body("euskaltel", "666777020"),
            node.body("euskaltel", "666777021"),
            with_window(node.body("euskaltel", "634443601"), WINDOW),
            node.body("euskaltel", "799999999"),
        );
        let bodies = [&cancelled, &denied, &silent, &ported, &refused];
        for body in bodies {
            node.request("euskaltel", body).await.is(201);
        }
        node.cancel("euskaltel", "634443600", "CANC_ABONA").await.is(201);
        node.at(TV);
        let process = text(&node.last("masmovil", "666777020").await, "process_id").to_owned();
        node.deny("masmovil", &process, "RECH_IDENT").await.is(201);
        for local in [TV, "2025-11-22T23:00:00", "2026-03-02T10:00:00"] {
            node.at(local);
            for body in bodies {
                node.request("euskaltel", body).await.is(204);
            }
        }
        let states: Vec<_> = node.list("euskaltel", "").await.iter().map(|one| text(one, "state").to_owned()).collect();
        assert_eq!(states, ["AREC", "APOR", "AREC", "AREC", "ACAN"]);
    }

    async fn the_same_request_twenty_times_at_once(node: Node) {
        let body = published();
        let calls = (0..20).map(|_| { let call = node.request("masmovil", &body); async move { call.await.status } });
        let statuses = join_all(calls).await;
        assert_eq!((count(&statuses, 201), count(&statuses, 204)), (1, 19), "{statuses:?}");
        assert_eq!(node.list("masmovil", "").await.len(), 1);
    }

    async fn one_code_for_twenty_requests_at_once(node: Node) {
        let bodies: Vec<_> = (0..20).map(|turn| changed("/external_reference", Some(json!(format!("turn {turn}"))))).collect();
        let calls = bodies.iter().map(|body| { let call = node.request("masmovil", body); async move { call.await.status } });
        let statuses = join_all(calls).await;
        assert_eq!((count(&statuses, 201), count(&statuses, 400)), (1, 19), "{statuses:?}");
    }

    /// One active process per number, whoever asks and however many at once.
    async fn one_number_wanted_by_twenty_at_once(node: Node) {
        let orgs = ["masmovil", "yoigo", "euskaltel", "simyo"];
        let bodies: Vec<_> = (0..20).map(|turn| { let org = orgs[turn % 4]; (org, node.body(org, "634443600")) }).collect();
        let calls = bodies.iter().map(|(org, body)| { let call = node.request(org, body); async move { call.await.is(201).json()[0].clone() } });
        let all = join_all(calls).await;
        let with = |wanted: &str| all.iter().filter(|one| text(one, "state") == wanted).count();
        assert_eq!((with("ASOL"), with("AREC")), (1, 19));
        for refused in all.iter().filter(|one| text(one, "state") == "AREC") {
            assert_eq!((text(refused, "cause_status"), refused.get("process_id")), ("AREC EXIST", None));
        }
    }

    /// References and notification codes under concurrency: none twice, and references without a gap.
    async fn fifty_requests_at_once(node: Node) {
        let bodies: Vec<_> = (0..50).map(|turn| node.body("masmovil", &format!("6344436{turn:02}"))).collect();
        let calls = bodies.iter().map(|body| { let call = node.request("masmovil", body); async move { call.await.is(201).json()[0].clone() } });
        let mut references: Vec<_> = join_all(calls).await.iter().map(|one| text(one, "process_id").to_owned()).collect();
        references.sort();
        let expected: Vec<_> = (1..=50).map(|sequence| format!("005075112511171000{sequence:05}")).collect();
        assert_eq!(references, expected);
        node.at(WINDOW);
        let mut codes = HashSet::new();
        for one in node.list("masmovil", "").await {
            let detail = node.get(&format!("/v1/orgs/masmovil/portabilities/id/{}", text(&one, "id"))).await.is(200).json();
            let history = detail["portability_events"]["history"].as_array().unwrap().clone();
            let own: Vec<_> = history.iter().map(|event| text(event, "notification_code").to_owned()).collect();
            assert!(own.len() == 3 && own.is_sorted(), "{own:?}");
            codes.extend(own);
        }
        assert_eq!(codes.len(), 150);
        assert!(codes.iter().all(|code| code.len() == 9 && code.bytes().all(|byte| byte.is_ascii_digit())));
    }

    async fn numbers_of_one_donor(node: Node) {
        let body = node.body_for("masmovil", "MULTIPLE", &[("634443600", "634443601"), ("600300000", "600300000")]);
        node.request("masmovil", &body).await.violates("MsisdnRanges", "onedonor");
        assert!(node.list("masmovil", "").await.is_empty());
        // Nothing was stored: neither the numbers nor the code.
        let mut good = body.clone();
        good["msisdn_ranges"].as_array_mut().unwrap().pop();
        let answer = node.request("masmovil", &good).await.is(201);
        let process = "00507512251117100000001";
        assert_eq!(answer.header("location"), format!("/v1/orgs/masmovil/portabilities/processId/{process}"));
        assert!(array(&answer).iter().all(|one| text(one, "process_id") == process));
        let one = node.port_in_ranges("masmovil", "MULTIPLE", &[("634443609", "634443609")]).await;
        assert_eq!(text(&one[0], "process_id"), "00507512251117100000002", "type 12 even with one number");
    }

    /// MIXED: a process for each donor, of the kind that its numbers make it.
    async fn numbers_of_several_donors(node: Node) {
        let ranges = [("634443600", "634443601"), ("600300000", "600300000"), ("666777888", "666777888"), ("666777001", "666777001")];
        let answer = node.request("euskaltel", &node.body_for("euskaltel", "MIXED", &ranges)).await.is(201);
        let mut all = array(&answer);
        all.sort_by_key(|one| text(one, "msisdn").to_owned());
        let references: Vec<_> = all.iter().map(|one| text(one, "process_id")).collect();
        let [digi, vodafone, yoigo] = ["00607512251117100000001", "00600311251117100000001", "00600512251117100000001"];
        assert_eq!(references, [vodafone, digi, digi, yoigo, yoigo]);
        let location = answer.header("location");
        assert!(location.starts_with("/v1/orgs/euskaltel/portabilities?filter="), "{location}");
        let mut listed = array(&node.get(location).await.is(200));
        listed.sort_by_key(|one| text(one, "msisdn").to_owned());
        assert_eq!(listed, all);
        // Each donor org of the one process sees and answers its own.
        assert_eq!((node.pending("masmovil").await, node.pending("yoigo").await), (vec!["666777888".to_owned()], vec!["666777001".to_owned()]));
        node.at(TV);
        assert_eq!(array(&node.donor("yoigo", yoigo, "accept").await.is(201)).len(), 1);
        assert_eq!(node.state("euskaltel", "666777888").await, state("ASOL", ""));
        assert_eq!(node.state("euskaltel", "666777001").await, state("ACON", ""));
    }

    /// At night the numbers of the same operator go their way at once, and the others wait.
    async fn numbers_inside_and_outside_at_night(node: Node) {
        node.at("2025-11-17T22:00:00");
        let all = node.port_in_ranges("yoigo", "MIXED", &[("666777888", "666777888"), ("634443600", "634443600")]).await;
        assert_eq!([text(&all[0], "state"), text(&all[1], "state")], ["AENV", "ASOL"]);
        assert_eq!(text(&all[1], "process_id"), "A0500511251117220000001");
        node.at("2025-11-18T08:00:00");
        assert_eq!(text(&node.last("yoigo", "634443600").await, "process_id"), "00507511251118080000001");
    }

    async fn a_thousand_numbers(node: Node) {
        let mut body = node.body_for("masmovil", "MULTIPLE", &[("634443000", "634443999")]);
        body["msisdn_ranges"][0]["initial_range"]["icc_id"] = json!("8934221507160508791");
        body["msisdn_ranges"][0]["end_range"]["icc_id"] = json!("8934077777777777775");
        let all = array(&node.request("masmovil", &body).await.is(201));
        let numbers: HashSet<_> = all.iter().map(|one| text(one, "msisdn")).collect();
        assert_eq!(numbers.len(), 1000);
        let sims: Vec<_> = all.iter().filter_map(|one| Some((text(one, "msisdn"), one.get("icc_id")?.as_str()?))).collect();
        assert_eq!(sims.len(), 2);
        assert!(sims.contains(&("634443000", "8934221507160508791")) && sims.contains(&("634443999", "8934077777777777775")));
        node.at(WINDOW);
        let ported = node.list("masmovil", "?filter=state+eq+%22APOR%22").await;
        assert_eq!(ported.len(), 1000);
        node.request("masmovil", &body).await.is(204);
        let too_many = node.body_for("masmovil", "MIXED", &[("634443000", "634443999"), ("600300000", "600300000")]);
        node.request("masmovil", &too_many).await.violates("MsisdnRanges", "max");
    }

    async fn windows(node: Node) {
        let number = "634443600";
        let window = |text: &str| { let mut body = node.body("masmovil", number); body["window_date"] = json!(text); body };
        for wrong in [
            "2025-11-18T01:00:00Z", // before the default one
            "2025-11-19T02:00:00Z", // three in the morning
            "2025-11-19T01:00:01Z",
            "2025-11-19T01:00:00.000001Z",
            "2025-11-22T01:00:00Z", // a Saturday
            "2025-12-08T01:00:00Z", // a holiday
            "2025-12-18T01:00:00Z", // 31 days ahead
            "2024-11-19T01:00:00Z",
        ] {
            node.request("masmovil", &window(wrong)).await.violates("WindowDate", "window");
        }
        let mut both = window("2025-11-18T01:00:00Z");
        both["subscriber_request_date"] = json!("2025-11-17T10:00:01+01:00");
        let answer = node.request("masmovil", &both).await.is(400).json();
        let field = |field: &str, tag: &str| format!("Error:Field validation for '{field}' failed on the '{tag}' tag");
        assert_eq!(text(&answer, "componentMsg"), [field("SubscriberRequestDate", "lte"), field("WindowDate", "window")].join("\n"));
        assert!(node.list("masmovil", "").await.is_empty());
        // The very present is not in the future.
        both["window_date"] = json!("2025-12-17T02:00:00+01:00");
        both["subscriber_request_date"] = json!(shown(MONDAY));
        let chosen = node.request("masmovil", &both).await.is(201).json()[0].clone();
        assert_eq!(text(&chosen, "window_date"), "2025-12-17T01:00:00Z");
        // The cancel limit goes with the window.
        node.at("2025-12-16T13:59:59");
        node.cancel("masmovil", number, "CANC_ABONA").await.is(201);
    }

    /// Judged, at night, from the opening to come; and shown while it waits.
    async fn a_window_asked_for_at_night(node: Node) {
        node.at("2025-11-21T21:00:00");
        let body = node.body("masmovil", "634443600");
        node.request("masmovil", &with_window(body.clone(), "2025-11-25T02:00:00")).await.violates("WindowDate", "window");
        node.request("masmovil", &with_window(body.clone(), "2025-12-26T02:00:00")).await.violates("WindowDate", "window");
        let waiting = node.request("masmovil", &with_window(body, "2025-12-24T02:00:00")).await.is(201).json()[0].clone();
        assert_eq!((text(&waiting, "state"), text(&waiting, "window_date")), ("AENV", "2025-12-24T01:00:00Z"));
        node.at("2025-11-24T08:00:00");
        let registered = node.last("masmovil", "634443600").await;
        assert_eq!((text(&registered, "state"), text(&registered, "window_date")), ("ASOL", "2025-12-24T01:00:00Z"));
    }

    /// Further holidays are data.
    async fn a_holiday_more(database: crate::support::Database) {
        let node = Node::loaded(&database, &json!({"holidays": ["2025-11-18"]})).await;
        node.at("2025-11-17T15:00:00");
        assert_eq!(text(&node.port_in("masmovil", "634443600").await, "window_date"), shown("2025-11-20T02:00:00"));
        let process = node.process("euskaltel", "666777888").await;
        node.at("2025-11-18T10:00:00");
        assert_eq!(text(&node.port_in("masmovil", "634443601").await, "state"), "AENV");
        node.donor("masmovil", &process, "accept").await.is(201);
        assert_eq!(node.state("euskaltel", "666777888").await, state("ASOL", ""), "Tv is on the 19th");
        node.at("2025-11-19T08:00:00");
        assert_eq!(node.state("euskaltel", "666777888").await, state("ACON", ""));
        node.at("2025-11-19T13:59:59");
        node.cancel("masmovil", "634443600", "CANC_ABONA").await.is(201);
    }
}
