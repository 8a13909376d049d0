//! Pages of other origins: none may call this server, but those that it is told of.

use reqwest::Method;

use crate::support::{App, Database, both_databases};

const PAGE: &str = "https://portal.example";

both_databases! {
    async fn no_origin_by_default(app: App) {
        let answer = app.get("/v2/msisdns/666777888").header("origin", PAGE).await.is(200);
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let preflight = app.call(Method::OPTIONS, "/v2/msisdns/666777888").header("origin", PAGE).header("access-control-request-method", "GET");
        assert_eq!(preflight.await.is(405).header("access-control-allow-origin"), "");
    }

    async fn the_origins_it_is_told_of(database: Database) {
        let app = App::serve(&database, &["--cors-origin", "http://localhost:3000", "--cors-origin", PAGE]).await;
        let preflight = async |origin: &str| {
            let call = app.call(Method::OPTIONS, "/v2/orgs/masmovil/msisdns/666777888").without_token().header("origin", origin);
            let call = call.header("access-control-request-method", "PATCH").header("access-control-request-headers", "authorization,content-type");
            call.await.is(200)
        };
        let allowed = preflight(PAGE).await;
        assert_eq!(allowed.header("access-control-allow-origin"), PAGE);
        assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
        assert_eq!(allowed.header("access-control-allow-headers"), "authorization,content-type");
        assert_eq!(preflight("https://elsewhere.example").await.header("access-control-allow-origin"), "");
        // Answers and refusals can be read, with their headers.
        for (path, status) in [("/v2/msisdns/666777888", 200), ("/v2/msisdns/1", 400), ("/nowhere", 404)] {
            let answer = app.get(path).header("origin", "http://localhost:3000").await.is(status);
            assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
            assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
            assert_eq!(answer.header("access-control-allow-credentials"), "");
            assert_eq!(app.get(path).header("origin", "https://elsewhere.example").await.is(status).header("access-control-allow-origin"), "");
        }
    }
}

#[test]
fn what_is_no_origin() {
    use crate::support::process::{portero, run};
    for text in ["*", "portal.example", "https://portal.example/", "https://portal.example:443", "null"] {
        let output = run(&mut portero(&["serve", "--cors-origin", text]));
        assert!(output.code == 2 && output.stderr.contains("not an origin"), "{text}: {output:?}");
    }
}
