//! The order, decided and folded, with a model of the stock in the loop.

mod cases;
mod lanes;
mod random;
mod world;
