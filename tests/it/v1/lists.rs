//! What lists have, in which order, and how a filter chooses.

use portero::error::Kind;

use crate::support::both_databases;
use crate::support::portings::{MONDAY, Node, text};

/// A query with a filter.
pub fn filter(filter: &str) -> String {
    format!("?filter={}", form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>())
}

/// The numbers of a list, in its order.
fn numbers(list: &[serde_json::Value]) -> Vec<&str> {
    list.iter().map(|one| text(one, "msisdn")).collect()
}

both_databases! {
    /// The last to arrive is the first, whenever the Node has it; the donor's arrives with the Node's registration.
    async fn newest_first(node: Node) {
        node.at("2025-11-16T10:00:00");
        node.port_in("euskaltel", "666777020").await;
        node.port_in("euskaltel", "634443600").await;
        node.at("2025-11-16T23:00:00");
        node.port_in("yoigo", "666777021").await;
        node.port_in("masmovil", "634443601").await;
        assert_eq!(numbers(&node.list("masmovil", "").await), ["634443601", "666777021"]);
        node.at(MONDAY);
        node.port_in("euskaltel", "634443602").await;
        assert_eq!(numbers(&node.list("euskaltel", "").await), ["634443602", "634443600", "666777020"]);
        assert_eq!(numbers(&node.list("masmovil", "").await), ["666777020", "634443601", "666777021"]);
    }

    async fn the_last_of_a_number(node: Node) {
        assert!(node.list("masmovil", "/msisdn/634443600/last").await.is_empty());
        let first = node.port_in("masmovil", "634443600").await;
        let refused = node.port_in("masmovil", "634443600").await;
        assert_eq!(node.last("masmovil", "634443600").await, refused);
        assert_eq!(node.list("masmovil", "/msisdn/634443600").await, vec![refused, first.clone()]);
        let asol = filter("state eq \"ASOL\"");
        assert_eq!(node.list("masmovil", &format!("/msisdn/634443600/last{asol}")).await, std::slice::from_ref(&first));
        assert_eq!(node.list("masmovil", &format!("/msisdn/634443600{asol}")).await, std::slice::from_ref(&first));
        assert!(node.list("masmovil", &format!("/msisdn/634443600/last{}", filter("state eq \"APOR\""))).await.is_empty());
        let process = text(&first, "process_id");
        assert_eq!(node.list("masmovil", &format!("/processId/{process}")).await, std::slice::from_ref(&first));
        assert!(node.list("masmovil", &format!("/processId/{process}{}", filter("not (state pr)"))).await.is_empty());
    }

    /// Between an operator's own orgs one number is seen twice: by the recipient and by the donor.
    async fn an_org_may_see_a_number_in_both_roles(node: Node) {
        let process = node.process("yoigo", "666777888").await;
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at("2025-11-19T02:00:00");
        node.port_in("masmovil", "666777888").await;
        let roles: Vec<_> = node.list("masmovil", "/msisdn/666777888").await.iter().map(|one| one["recipient_rol"].clone()).collect();
        assert_eq!(roles, [true, false]);
        assert_eq!(node.list("masmovil", &filter("recipient_rol eq false")).await.len(), 1);
    }

    async fn filters(node: Node) {
        let mut body = node.body("masmovil", "634443600");
        body["external_reference"] = serde_json::json!("50%_of \"Ñu\\x\" 😀");
        body["msisdn_ranges"][0]["initial_range"]["icc_id"] = serde_json::json!("8934221507160508791");
        node.request("masmovil", &body).await.is(201);
        node.port_in("masmovil", "799999999").await;
        node.at("2025-11-18T10:00:00");
        node.port_in("euskaltel", "666777888").await;
        let (digi, refused, out) = ("634443600", "799999999", "666777888");
        for (text, expected) in [
            ("state eq \"ACON\"", vec![digi]),
            ("STATE EQ \"ACON\"", vec![digi]),
            ("state eq \"acon\"", vec![]),
            ("state ne \"ACON\"", vec![out, refused]),
            ("state in (\"ACON\", \"AREC\")", vec![refused, digi]),
            ("not (state in (\"ACON\", \"AREC\"))", vec![out]),
            ("recipient_rol eq true", vec![refused, digi]),
            ("Recipient_Rol ne true", vec![out]),
            ("external_reference co \"%_\"", vec![digi]),
            ("external_reference co \"50_\"", vec![]),
            ("external_reference sw \"5_\"", vec![]),
            ("external_reference sw \"50%\"", vec![digi]),
            ("external_reference ew \"\\\"Ñu\\\\x\\\" 😀\"", vec![digi]),
            ("external_reference co \"ñ\"", vec![]),
            ("external_reference co \"'\"", vec![]),
            ("external_reference pr", vec![digi]),
            ("not (external_reference pr)", vec![out, refused]),
            ("external_reference ne \"x\"", vec![out, refused, digi]),
            ("external_reference co \"\"", vec![digi]),
            ("icc_id eq \"8934221507160508791\"", vec![digi]),
            ("donor_operator eq \"075\" or donor_operator eq \"005\"", vec![out, digi]),
            ("donor_operator pr", vec![out, digi]),
            ("cause_status sw \"AREC \"", vec![refused]),
            ("cause_status gt \"AREC\"", vec![refused]),
            ("msisdn sw \"6\" and msisdn lt \"65\"", vec![digi]),
            ("create_date_nc eq \"2025-11-17T09:00:00Z\"", vec![digi]),
            ("create_date_nc eq \"2025-11-17T10:00:00+01:00\"", vec![digi]),
            ("create_date_nc ge \"2025-11-17T14:00:00+01:00\"", vec![out]),
            ("window_date lt \"2025-11-19T01:00:01Z\"", vec![digi]),
            ("not (window_date lt \"2025-11-19T01:00:01Z\")", vec![out, refused]),
            ("tenant eq \"masmovil\" and (state eq \"ASOL\" or (recipient_rol eq true and not (state eq \"AREC\")))", vec![out, digi]),
            ("", vec![out, refused, digi]),
        ] {
            assert_eq!(numbers(&node.list("masmovil", &filter(text)).await), expected, "{text}");
        }
    }

    /// A mistake is shown where it is.
    async fn filters_with_mistakes(node: Node) {
        for (text, at) in [
            ("state", "column 6"),
            ("state eq", "column 9"),
            ("state eq ASOL", "column 10"),
            ("state eq \"ASOL", "column 10"),
            ("estado eq \"ASOL\"", "column 1"),
            ("recipient_rol eq \"true\"", "column 18"),
            ("recipient_rol gt true", "column 15"),
            ("window_date eq \"yesterday\"", "column 16"),
            ("window_date co \"2025\"", "column 13"),
            ("state eq \"Ñ\" extra", "column 14"),
            ("(state pr", "column 10"),
            (" ", "column"),
        ] {
            let answer = node.get(&format!("/v1/orgs/masmovil/portabilities{}", filter(text))).await.is(400);
            let message = answer.json()["componentMsg"].as_str().unwrap().to_owned();
            assert!(message.starts_with("Error:Field validation for 'Filter' failed on the 'filter' tag: ") && message.contains(at), "{text}: {message}");
        }
        let terms = vec!["state pr"; 51].join(" or ");
        let long = format!("external_reference eq \"{}\"", "x".repeat(2_000));
        let deep = format!("{}state pr{}", "(".repeat(100), ")".repeat(100));
        for text in [terms, long, deep, "external_reference eq \"\\u0000\"".to_owned()] {
            node.get(&format!("/v1/orgs/masmovil/portabilities{}", filter(&text))).await.is(400);
        }
        node.get("/v1/orgs/masmovil/portabilities?filter=%FF").await.is(400);
        node.get("/v1/orgs/masmovil/portabilities?filter=state+pr&filter=state+pr").await.fails(
            Kind::BadRequest,
            "the query is unreadable, or names a parameter twice",
        );
    }

    async fn operators(node: Node) {
        let all = node.get("/v1/orgs/masmovil/operator").await.is(200).json();
        let codes: Vec<_> = all.as_array().unwrap().iter().map(|one| text(one, "operator_code")).collect();
        assert!(codes.len() > 30 && codes.is_sorted(), "{codes:?}");
        let members: Vec<_> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
        let published = "backup change_quota id individual_quota msisdn_range multiple_quota network_operator nrn_range operator operator_code status status_date";
        assert_eq!(members.join(" "), published);
        let of = async |query: &str| {
            let found = node.get(&format!("/v1/orgs/masmovil/operator?{query}")).await.is(200).json();
            found.as_array().unwrap().iter().map(|one| text(one, "operator_code").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("operator=m%C3%A1sm%C3%B3vil+mvno").await, ["044"]);
        assert_eq!(of("operator_code=075&operator=DIGI").await, ["075"]);
        assert_eq!(of("status=ALTA_EXTRAORDINARIA").await, ["116"]);
        node.get("/v1/orgs/masmovil/operator?operator=").await.is(404);
    }
}
