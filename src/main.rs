//! The command `portero`.

use std::process::ExitCode;

/// Made for many small, short-lived allocations on several threads, which is what answering requests is.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    portero::cli::run().await
}
