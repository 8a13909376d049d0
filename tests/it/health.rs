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
        answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
        app.get("/health/live").without_token().await.is(200);
    }
}
