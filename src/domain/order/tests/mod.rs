//! The order, decided and folded, with a model of the stock in the loop.

pub(crate) mod acts;
mod cases;
mod check;
pub(crate) mod claims;
pub(crate) mod constructed;
pub(crate) mod deep;
pub(crate) mod family;
mod follow;
mod gifts;
pub(crate) mod inspected;
mod installers;
mod lanes;
mod market;
mod owed;
mod part;
mod payments;
pub(crate) mod random;
mod refunded;
mod repeats;
mod settle;
mod sources;
pub(crate) mod stays;
mod supply;
mod swap;
mod table;
mod units;
pub(crate) mod world;
