//! Faults, injected for real while clients are at work: what was acknowledged is there afterwards, nothing by halves, and the server
//! recovers by itself.

mod network;
mod postgres;

use std::time::Duration;

use crate::support::load::Ledger;

/// How many clients are at work: so many requests are in flight when a fault comes.
const CLIENTS: usize = 32;

/// Says what a fault came to: nothing was lost, for that has been checked.
fn report(fault: &str, ledger: &Ledger, recovery: &[Duration]) {
    let (clients, acknowledged, checked) = (ledger.clients, ledger.acknowledged, ledger.checked());
    println!(
        "{fault}: {clients} requests in flight, {acknowledged} acknowledged writes of {checked} objects checked, 0 lost, recovery {recovery:.2?}"
    );
}
