//! The order, decided and folded, with a model of the stock in the loop.

mod acts;
mod cases;
mod check;
mod claims;
mod deep;
mod family;
mod gifts;
mod lanes;
mod random;
mod supply;
mod table;
mod world;
