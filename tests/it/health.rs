//! `/health/live` and `/health/ready`

use portero::error::Kind;
use serde_json::json;

use crate::support::{App, Database, both_databases};

both_databases! {
    async fn probes_need_no_token(app: App) {
        assert_eq!(app.get("/health/live").without_token().await.is(200).json(), json!({"status": "live"}));
        assert_eq!(app.get("/health/ready").without_token().await.is(200).json(), json!({"status": "ready"}));
    }

    async fn not_ready_with_an_older_schema(database: Database) {
        let app = App::serve(&database, &[]).await;
        database.execute("DELETE FROM _sqlx_migrations").await;
        let answer = app.get("/health/ready").without_token().await;
        answer.fails(Kind::NotReady, "the database has not the schema that this server needs");
        app.get("/health/live").without_token().await.is(200);
    }

    async fn not_ready_when_the_worker_stands_still(database: Database) {
        // It is expected to work, and has died.
        let app = App::changed(&database, &[], |server| server.worker = None).await;
        app.get("/health/ready").await.is(200);
        app.real_time.advance(61);
        app.get("/health/ready").await.fails(Kind::NotReady, "the background worker stands still");
        app.get("/health/live").await.is(200);
    }

    async fn no_worker_is_missed_where_none_is_wanted(database: Database) {
        let app = App::serve(&database, &["--worker", "false"]).await;
        app.real_time.advance(61);
        app.get("/health/ready").await.is(200);
    }
}
