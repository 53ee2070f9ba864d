//! The domain: what is true of orders, stock, money and fees. It knows no clock, socket, actor or row; time and chance
//! are arguments. `decide` turns a state and a command into events or a refusal, `apply` folds events into state.

#![deny(clippy::float_arithmetic)]

#[macro_use]
mod codes;

pub mod calendar;
pub mod carriers;
pub mod catalog;
#[cfg(test)]
mod drawn;
pub mod fee;
pub mod gift;
pub mod ids;
pub mod money;
pub mod order;
pub mod reason;
pub mod renames;
pub mod status;
pub mod stock;

/// A moment, UTC, to the millisecond (truncated where it is made).
pub type Time = chrono::DateTime<chrono::Utc>;
