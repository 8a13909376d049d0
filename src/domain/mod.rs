//! The rules of the field, pure: no async, no database, no HTTP, no clock.
//!
//! Every identifier is a newtype whose `parse` is the only way in, so that a value that exists is a valid one.

pub mod imsi;
pub mod inventory;
pub mod msisdn;
pub mod operator_token;
pub mod org;
pub(crate) mod vocabulary;
