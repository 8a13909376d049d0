//! Faults, injected for real while clients are at work: what was acknowledged is there afterwards, nothing by halves, and the server
//! recovers by itself.

mod backup;
mod clock;
mod corrupt;
mod disk;
mod failover;
mod kill;
mod network;
mod pgbouncer;
mod pool;
mod postgres;
mod power;
mod replica;
mod upgrade;

use std::time::Duration;

use crate::support::App;
use crate::support::load::Ledger;

/// How many clients are at work: so many requests are in flight when a fault comes.
const CLIENTS: usize = 32;

/// Waits until a server says that it is ready.
async fn is_ready(app: &App) {
    let asking = async { while app.get("/health/ready").await.status != 200 {} };
    tokio::time::timeout(Duration::from_mins(1), asking).await.expect("it is ready again");
}

/// Says what a fault came to: nothing was lost, for that has been checked.
fn report(fault: &str, ledger: &Ledger, recovery: &[Duration]) {
    let (clients, acknowledged, unknown) = (ledger.clients, ledger.acknowledged, ledger.unknown);
    println!("{fault}: {clients} in flight, {acknowledged} acknowledged, {unknown} without a good answer, 0 lost, recovery {recovery:.2?}");
}
