//! What the four operations refuse alike.

use portero::error::Kind;
use reqwest::Method;
use serde_json::json;

use crate::support::{App, both_databases};

both_databases! {
    async fn bodies_of_post_and_put(app: App) {
        for path in ["/v2/orgs/masmovil/msisdns/644555666", "/v2/orgs/masmovil/msisdns/666777888"] {
            let method = if path.ends_with("888") { Method::PUT } else { Method::POST };
            for (body, tag) in [
                (json!({}), "required"),
                (json!({"imsi": null}), "required"),
                (json!({"Imsi": "214049000001111"}), "required"),
                (json!({"imsi": 214_049_000_001_111_u64}), "string"),
                (json!({"imsi": ""}), "len"),
                (json!({"imsi": "2140490000011"}), "len"),
                (json!({"imsi": "21404900000111100"}), "len"),
                (json!({"imsi": "21404900000111x"}), "numeric"),
                (json!({"imsi": " 214049000001111"}), "numeric"),
            ] {
                app.call(method.clone(), path).json(&body).await.violates("Imsi", tag);
            }
        }
    }

    async fn what_is_no_json_object(app: App) {
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            for (body, message) in [
                ("", "the body is not JSON (line 1, column 0)"),
                ("{", "the body is not JSON (line 1, column 1)"),
                ("{\n\"imsi\": 'x'}", "the body is not JSON (line 2, column 9)"),
                ("[]", "the body is not a JSON object"),
                ("null", "the body is not a JSON object"),
                ("\"imsi\"", "the body is not a JSON object"),
            ] {
                app.call(method.clone(), path).body("application/json", body).await.fails(Kind::Unreadable, message);
            }
            let deep = "[".repeat(200_000);
            app.call(method.clone(), path).body("application/json", deep).await.is(400);
            let not_utf8 = b"{\"imsi\": \"\xff\"}".to_vec();
            app.call(method.clone(), path).body("application/json", not_utf8).await.is(400);
            let message = "the body must be sent as Content-Type: application/json";
            for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
                app.call(method.clone(), path).body(kind, "{}").await.fails(Kind::UnsupportedMediaType, message);
            }
            app.call(method.clone(), path).await.fails(Kind::UnsupportedMediaType, message);
        }
    }

    async fn media_types_of_json(app: App) {
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
            app.call(Method::PATCH, path).body(kind, r#"{"status": "OK"}"#).await.is(204);
        }
    }

    async fn numbers(app: App) {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let body = json!({"imsi": "214049000001111", "status": "OK"});
            for msisdn in ["66677788", "966777888", "+33666777888", "666%20777888"] {
                let path = format!("/v2/orgs/masmovil/msisdns/{msisdn}");
                app.call(method.clone(), &path).json(&body).await.violates("Msisdn", "msisdn");
            }
        }
        let body = json!({"status": "Migrating"});
        for form in ["666777888", "34666777888", "+34666777888", "0034666777888"] {
            app.patch(&format!("/v2/orgs/masmovil/msisdns/{form}"), &body).await.is(204);
        }
    }
}
