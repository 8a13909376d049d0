//! `/_mock/donors` and the magic numbers

use portero::error::Kind;
use portero::mock::magic::{MAGIC_NUMBERS, Outcome};
use serde_json::{Value, json};

use super::{events, outside};
use crate::support::database::root;
use crate::support::{App, both_databases};

both_databases! {
    async fn a_donor_does_as_it_was_told(app: App) {
        let inside = outside(&app);
        let stories = [
            (json!({"answer": "accept"}), ("ACON", None), "CONFIRMACION_ALTA", "2026-11-18T13:00:00Z"),
            (json!({"answer": "accept", "after": "PT30M"}), ("ACON", None), "CONFIRMACION_ALTA", "2026-11-18T13:30:00Z"),
            (json!({"answer": "deny", "cause": "RECH_PERDI", "after": "PT5H"}), ("AREC", Some("RECH_PERDI")), "RECHAZO_ALTA", "2026-11-18T18:00:00Z"),
            (json!({"answer": "silent"}), ("AREC", Some("RECH_NORES")), "RECHAZO_ALTA", "2026-11-18T19:00:00Z"),
            // At the end of Tv it is too late.
            (json!({"answer": "accept", "after": "PT6H"}), ("AREC", Some("RECH_NORES")), "RECHAZO_ALTA", "2026-11-18T19:00:00Z"),
        ];
        for (index, (body, _, _, _)) in stories.iter().enumerate() {
            app.put("/_mock/donors/075", body).await.is(200);
            inside.request(&format!("63444360{index}"), &index.to_string()).await;
        }
        inside.clock(json!({"now": "2026-11-18T19:00:00Z"})).await;
        for (index, (body, (state, cause), kind, at)) in stories.iter().enumerate() {
            let number = format!("63444360{index}");
            assert_eq!(inside.state(&number).await, ((*state).to_owned(), cause.map(str::to_owned)), "{body}");
            assert_eq!(inside.history(&number).await[1..], events(&[(kind, at)]), "{body}");
        }
    }

    async fn what_was_told_is_shown(app: App) {
        let inside = outside(&app);
        let accepts = |code: &str| json!({"operator_code": code, "answer": "accept", "after": "PT0S"});
        assert_eq!(inside.get("/_mock/donors").await, json!([accepts("*")]));
        assert_eq!(inside.get("/_mock/donors/075").await, accepts("075"));
        let denies = json!({"operator_code": "075", "answer": "deny", "cause": "RECH_IDENT", "after": "PT30M"});
        let body = json!({"answer": "deny", "cause": "RECH_IDENT", "after": "PT30M"});
        assert_eq!(app.put("/_mock/donors/075", &body).await.is(200).json(), denies);
        app.put("/_mock/donors/*", &json!({"answer": "silent"})).await.is(200);
        assert_eq!(inside.get("/_mock/donors").await, json!([{"operator_code": "*", "answer": "silent"}, denies]));
        assert_eq!(inside.get("/_mock/donors/075").await, denies);
        assert_eq!(inside.get("/_mock/donors/003").await, json!({"operator_code": "003", "answer": "silent"}));
        app.call(reqwest::Method::POST, "/_mock/reset").await.is(204);
        assert_eq!(inside.get("/_mock/donors").await, json!([accepts("*")]));
    }

    /// The number comes before the operator, the operator before all.
    async fn who_decides(app: App) {
        let inside = outside(&app);
        app.put("/_mock/donors/*", &json!({"answer": "deny", "cause": "RECH_FMAYO"})).await.is(200);
        app.put("/_mock/donors/075", &json!({"answer": "deny", "cause": "RECH_BNUME"})).await.is(200);
        for (number, contract) in [("607500101", "1"), ("634443001", "2"), ("600300001", "3")] {
            inside.request(number, contract).await;
        }
        inside.clock(json!({"now": "2026-11-18T13:00:00Z"})).await;
        let mut causes = Vec::new();
        for number in ["607500101", "634443001", "600300001"] {
            causes.push(inside.state(number).await.1.unwrap());
        }
        assert_eq!(causes, ["RECH_IDENT", "RECH_BNUME", "RECH_FMAYO"]);
    }

    async fn what_is_refused(app: App) {
        for (body, field, tag) in [
            (json!({}), "Answer", "required"),
            (json!({"answer": "maybe"}), "Answer", "oneof"),
            (json!({"answer": "deny"}), "Cause", "required"),
            (json!({"answer": "deny", "cause": "RECH_NORES"}), "Cause", "oneof"),
            (json!({"answer": "accept", "cause": "RECH_IDENT"}), "Cause", "excluded"),
            (json!({"answer": "silent", "after": "PT1M"}), "After", "excluded"),
            (json!({"answer": "accept", "after": "soon"}), "After", "duration"),
            (json!({"answer": "accept", "after": "P1M"}), "After", "duration"),
            (json!({"answer": "accept", "after": "-PT1M"}), "After", "min"),
        ] {
            app.put("/_mock/donors/075", &body).await.violates(field, tag);
        }
        app.put("/_mock/donors/75", &json!({"answer": "accept"})).await.violates("OperatorCode", "operator_code");
        app.put("/_mock/donors/999", &json!({"answer": "accept"})).await.fails(Kind::NotFound, "Operator not found");
        app.get("/_mock/donors/999").await.fails(Kind::NotFound, "Operator not found");
    }

    async fn magic_numbers_decide(app: App) {
        let inside = outside(&app);
        for (number, outcome) in MAGIC_NUMBERS {
            let portability = inside.request(&number.to_string(), &number.to_string()[1..]).await;
            match outcome {
                Outcome::Refused(refusal) => {
                    assert_eq!((&portability["state"], &portability["cause_status"]), (&json!("AREC"), &json!(refusal.as_str())));
                    assert_eq!((&portability["process_id"], &portability["create_date_nc"]), (&Value::Null, &Value::Null));
                }
                Outcome::Donor(_) => assert_eq!(portability["state"], "ASOL", "{number}"),
            }
        }
        inside.post("/_mock/drain").await;
        for (number, outcome) in MAGIC_NUMBERS {
            let (state, cause) = inside.state(&number.to_string()).await;
            let promised = outcome.describe();
            assert!(promised.contains(&format!("`{state}`")), "{number}: {state}, but {promised}");
            assert!(cause.is_none_or(|cause| promised.contains(&format!("`{cause}`"))), "{number}: {promised}");
        }
    }

    /// A refused number leaves the rest of its request alone, a refused request does not.
    async fn magic_refusals_in_a_request_of_several_numbers(app: App) {
        let bound = |number: &str| json!({"msisdn": {"country_code": "34", "number": number}});
        let request = async |contract: &str, first: &str, last: &str| {
            let body = json!({
                "access_type": "MULTIPLE", "contract_code": contract, "nrn_receptor": "741111",
                "msisdn_ranges": [{"initial_range": bound(first), "end_range": bound(first)}, {"initial_range": bound(last), "end_range": bound(last)}]
            });
            let created = app.post("/v1/orgs/masmovil/portabilities", &body).await.is(201).json();
            let mut outcomes: Vec<_> = created.as_array().unwrap().iter().map(|one| format!("{} {}", one["msisdn"], one["cause_status"])).collect();
            outcomes.sort();
            outcomes
        };
        assert_eq!(request("00500000001", "607500201", "607500301").await, [r#""607500201" "AREC ENUME""#, r#""607500301" null"#]);
        assert_eq!(
            request("00500000002", "607500204", "607500302").await,
            [r#""607500204" "AREC HORFV""#, r#""607500302" "AREC HORFV""#]
        );
    }
}

/// The table in the README is the code's.
#[test]
fn the_published_table() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with("Magic numbers\n")).unwrap();
    let table: Vec<_> = section.lines().filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect();
    let expected: Vec<_> = MAGIC_NUMBERS.iter().map(|(number, outcome)| format!("| `{number}` | {} |", outcome.describe())).collect();
    assert!(table == expected, "the table of 'Magic numbers' in README.md should be\n\n{}\n", expected.join("\n"));
}
