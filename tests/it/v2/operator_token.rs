//! `GET /v2/operatorToken/{operatorToken}`

use jiff::SignedDuration;
use portero::clock::Clock;
use portero::domain::msisdn::Msisdn;
use portero::domain::operator_token::OperatorToken;
use portero::domain::org::Tenancy;
use portero::error::Kind;

use super::published_number;
use crate::support::stub::Stub;
use crate::support::{App, Database, both_databases};

/// Stores a token of the built-in Entitlement Server that expires after so many seconds.
async fn issue(app: &App, token: &str, msisdn: &str, seconds: i64) {
    let expires_at = app.clock.now() + SignedDuration::from_secs(seconds);
    let mut unit = app.store.begin(Tenancy::Every).await.unwrap();
    unit.operator_token_put(&OperatorToken::parse(token).unwrap(), Msisdn::parse(msisdn).unwrap(), Some(expires_at)).await.unwrap();
    unit.commit().await.unwrap();
}

const SUCCESS: &str = r#"{"ap2015": {"OperationResult": 1, "MSISDN": "+34666777888"}}"#;

both_databases! {
    async fn the_published_token_never_expires(app: App) {
        assert_eq!(app.get("/v2/operatorToken/abc123xyz456").await.is(200).json(), published_number());
        app.clock.advance(100 * 365 * 86_400);
        app.get("/v2/operatorToken/abc123xyz456").await.is(200);
    }

    async fn a_token_expires_by_the_clock_of_the_data(app: App) {
        issue(&app, "short-lived", "666777888", 60).await;
        app.real_time.advance(3600);
        app.clock.advance(59);
        app.get("/v2/operatorToken/short-lived").await.is(200);
        app.clock.advance(1);
        app.get("/v2/operatorToken/short-lived").await.fails(Kind::NotFound, "Operator token not found");
    }

    async fn forms(app: App) {
        app.get("/v2/operatorToken/unknown-token").await.fails(Kind::NotFound, "Operator token not found");
        issue(&app, "a/b+c=d~e.f_g", "666777888", 60).await;
        app.get("/v2/operatorToken/a%2Fb+c=d~e.f_g").await.is(200);
        app.get("/v2/operatorToken/a/b+c=d~e.f_g").await.fails(Kind::UnknownRoute, "there is nothing at this path");
        let long = "x".repeat(513);
        for token in ["short77", "abc%20123xyz", "abc@123xyz", &long] {
            app.get(&format!("/v2/operatorToken/{token}")).await.violates("OperatorToken", "operator_token");
        }
        app.get(&format!("/v2/operatorToken/{}", &long[..512])).await.is(404);
    }

    async fn a_number_outside_the_inventory(app: App) {
        issue(&app, "not-in-inventory", "666777999", 60).await;
        app.get("/v2/operatorToken/not-in-inventory").await.fails(Kind::NotFound, "Operator token not found");
    }

    async fn an_entitlement_server_over_http(database: Database) {
        let broken = "Bad gateway, please try again later";
        let server = Stub::start(SUCCESS).await;
        let app = App::serve(&database, &["--entitlement-url", &server.url, "--entitlement-requestor-id", "it"]).await;
        assert_eq!(app.get("/v2/operatorToken/abc123xyz456").await.is(200).json(), published_number());
        let asked = server.queries().remove(0);
        for parameter in ["app=ap2015", "operation=GetSubscriberDeviceInfo", "operator_token=abc123xyz456", "requestor_id=it", "entitlement_version=12.0"] {
            assert!(asked.split('&').any(|pair| pair == parameter), "{parameter}: {asked}");
        }
        app.get("/v2/operatorToken/abc123xyz456").token(&app.token(&["yoigo"], "msisdns:read")).await.fails(Kind::NotFound, "Operator token not found");
        for (status, body, expected, message) in [
            (200, r#"{"ap2015": {"OperationResult": 1, "MSISDN": "+33612345678"}}"#, Kind::NotFound, "Operator token not found"),
            (200, r#"{"ap2015": {"OperationResult": 1, "MSISDN": "666777999"}}"#, Kind::NotFound, "Operator token not found"),
            (200, r#"{"ap2015": {"OperationResult": 2}}"#, Kind::BadGateway, broken),
            (200, r#"{"ap2015": {"OperationResult": 1, "MSISDN": "none"}}"#, Kind::BadGateway, broken),
            (200, "nonsense", Kind::BadGateway, broken),
            (204, "", Kind::BadGateway, broken),
            (302, "", Kind::BadGateway, broken),
            (400, "", Kind::RefusedUpstream, "the Entitlement Server refused the operator token"),
            (401, "", Kind::NotFound, "Operator token not found"),
            (403, "", Kind::Forbidden, "the Entitlement Server does not allow this for the operator token"),
            (404, "", Kind::NotFound, "Operator token not found"),
            (418, "", Kind::BadGateway, broken),
            (500, "", Kind::BadGateway, broken),
            (511, "", Kind::NotFound, "Operator token not found"),
        ] {
            server.answers(status, body);
            app.get("/v2/operatorToken/abc123xyz456").await.fails(expected, message);
        }
    }

    async fn nobody_answers_as_entitlement_server(database: Database) {
        let app = App::serve(&database, &["--entitlement-url", "http://127.0.0.1:1/"]).await;
        app.get("/v2/operatorToken/abc123xyz456").await.fails(Kind::BadGateway, "Bad gateway, please try again later");
    }
}
