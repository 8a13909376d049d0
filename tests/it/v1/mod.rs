//! Portability API v1.

mod curls;
mod donor;
mod inventory;
mod life;
