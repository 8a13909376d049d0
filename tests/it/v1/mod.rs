//! Portability API v1.

mod curls;
mod donor;
mod full_minute;
mod inventory;
mod life;
mod lists;
mod paging;
mod privacy;
mod refusals;
mod request;
mod settled;
mod together;

pub use curls::published;
pub use lists::filter;
