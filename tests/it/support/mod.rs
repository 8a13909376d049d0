//! What the tests are made with: databases, servers, clocks, tokens, a client that checks every answer against the documents.

pub mod app;
pub mod browser;
pub mod clock;
pub mod cluster;
pub mod conn;
pub mod contract;
pub mod database;
pub mod load;
// The same as the parsers' own tests have.
#[path = "../../../src/mangled.rs"]
pub mod mangled;
pub mod portings;
pub mod process;
pub mod proxy;
pub mod stub;
pub mod tokens;

pub use app::{Answer, App};
pub use database::{Database, Engine};

/// Declares tests that run on both databases: `name::sqlite` and `name::postgres`.
///
/// The parameter's type says what the test gets: an [`App`] that serves the demo data, or a [`Database`] to serve in its own way.
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($param:ident: $fixture:ty) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                $(#[$meta])*
                async fn test($param: $fixture) $body

                #[tokio::test]
                async fn sqlite() {
                    $crate::support::database::with_database($crate::support::Engine::Sqlite, test).await;
                }

                #[tokio::test]
                async fn postgres() {
                    $crate::support::database::with_database($crate::support::Engine::Postgres, test).await;
                }
            }
        )+
    };
}
pub(crate) use both_databases;
