//! `PATCH /v2/orgs/{org}/msisdns/{msisdn}`

use portero::domain::inventory::{BelongsTo, Status};
use portero::error::Kind;
use serde_json::json;

use crate::support::{App, both_databases};

/// A demo number of masmovil for every status.
fn number_in(status: Status) -> &'static str {
    match status {
        Status::Ok => "666777888",
        Status::Migrating => "666777009",
        Status::Migrated => "666777010",
        Status::Deleted => "666777011",
    }
}

both_databases! {
    async fn either_or_both(app: App) {
        for (seconds, body, system, status) in [
            (1, json!({"belongs_to": "heos"}), "heos", "OK"),
            (1, json!({"status": "Migrating"}), "heos", "Migrating"),
            (1, json!({"belongs_to": "xena", "status": "Migrated", "note": 5}), "xena", "Migrated"),
            (1, json!({"belongs_to": null, "status": "OK"}), "xena", "OK"),
            (0, json!({"belongs_to": "xena", "status": "OK"}), "xena", "OK"),
        ] {
            app.clock.advance(seconds);
            let before = app.get("/v2/msisdns/666777888").await.json();
            app.patch("/v2/orgs/masmovil/msisdns/666777888", &body).await.is(204);
            let number = app.get("/v2/msisdns/666777888").await.json();
            assert_eq!((&number["belongs_to"], &number["status"]), (&json!(system), &json!(status)), "{body}");
            // Confirmed now by a change, and only by a change.
            assert_eq!(number["checked_at"] != before["checked_at"], seconds == 1, "{body}");
        }
    }

    async fn every_pair_of_statuses(app: App) {
        for &from in Status::ALL {
            for &to in Status::ALL {
                let path = format!("/v2/orgs/masmovil/msisdns/{}", number_in(from));
                let answer = app.patch(&path, &json!({"status": to.as_str()})).await;
                let refused = matches!(
                    (from, to),
                    (Status::Migrated, Status::Migrating) | (Status::Deleted, Status::Migrating | Status::Migrated)
                );
                if refused {
                    answer.fails(Kind::Conflict, &format!("Status: the status cannot go from {from} to {to}"));
                } else {
                    answer.is(204);
                    // Back again, through the status from which every other can be had.
                    for status in [Status::Ok, from] {
                        app.patch(&path, &json!({"status": status.as_str()})).await.is(204);
                    }
                }
            }
        }
    }

    async fn the_system_is_never_restricted(app: App) {
        for &status in Status::ALL {
            for &system in BelongsTo::ALL {
                let number = number_in(status);
                app.patch(&format!("/v2/orgs/masmovil/msisdns/{number}"), &json!({"belongs_to": system.as_str()})).await.is(204);
                let answer = app.get(&format!("/v2/msisdns/{number}")).await.json();
                assert_eq!((&answer["belongs_to"], &answer["status"]), (&json!(system.as_str()), &json!(status.as_str())));
            }
        }
    }

    async fn a_refused_status_changes_nothing_else(app: App) {
        let body = json!({"belongs_to": "heos", "status": "Migrating"});
        app.patch("/v2/orgs/masmovil/msisdns/666777010", &body).await.is(409);
        assert_eq!(app.get("/v2/msisdns/666777010").await.json()["belongs_to"], "osp-stack");
    }

    async fn deleted_stays_readable(app: App) {
        app.patch("/v2/orgs/masmovil/msisdns/666777888", &json!({"status": "Deleted"})).await.is(204);
        for path in ["/v2/msisdns/666777888", "/v2/imsis/2140420422222227", "/v2/operatorToken/abc123xyz456"] {
            assert_eq!(app.get(path).await.is(200).json()["status"], "Deleted", "{path}");
        }
    }

    async fn a_number_that_is_not_the_orgs(app: App) {
        for msisdn in ["666777999", "666777001"] {
            let answer = app.patch(&format!("/v2/orgs/masmovil/msisdns/{msisdn}"), &json!({"status": "OK"})).await;
            answer.fails(Kind::NotFound, "Msisdn not found");
        }
    }

    async fn bodies(app: App) {
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        for (body, field, tag) in [
            (json!({}), "BelongsTo", "required_without_all"),
            (json!({"belongs_to": null, "status": null}), "BelongsTo", "required_without_all"),
            (json!({"Status": "OK"}), "BelongsTo", "required_without_all"),
            (json!({"belongs_to": "Heos"}), "BelongsTo", "oneof"),
            (json!({"belongs_to": ""}), "BelongsTo", "oneof"),
            (json!({"belongs_to": ["heos"]}), "BelongsTo", "string"),
            (json!({"status": "ok"}), "Status", "oneof"),
            (json!({"status": 1, "belongs_to": "heos"}), "Status", "string"),
        ] {
            app.patch(path, &body).await.violates(field, tag);
        }
        let lines = "Error:Field validation for 'BelongsTo' failed on the 'oneof' tag\n\
                     Error:Field validation for 'Status' failed on the 'string' tag";
        app.patch(path, &json!({"status": {}, "belongs_to": "x"})).await.fails(Kind::Invalid, lines);
    }
}
