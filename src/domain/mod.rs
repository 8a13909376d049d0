//! The rules of the field, pure: no async, no database, no HTTP, no clock.
//!
//! Every identifier is a newtype whose `parse` is the only way in, so that a value that exists is a valid one.

pub mod archive;
pub mod audit;
pub mod calendar;
pub mod cause;
pub(crate) mod codes;
pub mod contract_code;
pub mod directory;
pub mod document;
pub mod filter;
pub mod iccid;
pub mod imsi;
pub mod instant;
pub mod inventory;
pub mod listing;
pub mod msisdn;
pub mod nrn;
pub mod operator;
pub mod operator_token;
pub mod order;
pub mod org;
pub mod portability;
pub mod process_id;
pub mod request;
