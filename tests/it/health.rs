//! `/health/live` and `/health/ready`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use portero::clock::Clock;
use portero::error::Kind;
use serde_json::json;

use crate::metrics::value;
use crate::support::{App, Database, both_databases};

/// A clock that whoever reads it first does not survive.
struct BreaksDown(AtomicBool, Arc<dyn Clock>);

impl Clock for BreaksDown {
    fn now(&self) -> Timestamp {
        assert!(self.0.swap(true, Ordering::SeqCst), "as asked for");
        self.1.now()
    }
}

/// A clock that nobody survives who reads it.
struct Broken;

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        panic!("as asked for")
    }
}

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

    async fn a_worker_that_breaks_down_is_started_again(database: Database) {
        let app = App::changed(&database, &["--mode", "reference"], |server| {
            server.world.clock = Arc::new(BreaksDown(AtomicBool::new(false), server.world.clock.clone()));
        })
        .await;
        let series = r#"portero_task_restarts_total{task="worker"}"#;
        let again = async { while value(&app, series).await.is_none() || value(&app, "portero_worker_rounds_total").await < Some(3.0) {} };
        tokio::time::timeout(Duration::from_mins(1), again).await.expect("it works again");
        assert_eq!(value(&app, series).await, Some(1.0));
        assert_eq!(value(&app, "portero_worker_failures_total").await, Some(0.0));
    }

    async fn a_worker_that_breaks_down_each_time_is_no_worker(database: Database) {
        let app = App::changed(&database, &["--mode", "reference"], |server| server.world.clock = Arc::new(Broken)).await;
        app.get("/health/ready").await.is(200);
        app.real_time.advance(61);
        app.get("/health/ready").await.fails(Kind::NotReady, "the background worker stands still");
    }

    async fn no_worker_is_missed_where_none_is_wanted(database: Database) {
        let app = App::serve(&database, &["--worker", "false"]).await;
        app.real_time.advance(61);
        app.get("/health/ready").await.is(200);
    }
}
