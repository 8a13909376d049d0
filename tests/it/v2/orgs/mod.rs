//! `/v2/orgs/{org}/msisdns/{msisdn}`

mod add;
mod change;
mod races;
mod refusals;
mod remove;
mod swap_sim;
