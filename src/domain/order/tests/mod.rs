//! The order, decided and folded, with a model of the stock in the loop.

mod acts;
mod cases;
mod check;
mod claims;
mod constructed;
mod deep;
mod family;
mod follow;
mod gifts;
mod inspected;
mod installers;
mod lanes;
mod owed;
mod part;
mod payments;
mod random;
mod refunded;
mod settle;
mod sources;
mod supply;
mod swap;
mod table;
mod world;
