//! The order: aggregate root. `decide` (what a command does), `event` (what happened), `state` (the fold of it).

pub mod apply;
pub mod asked;
pub mod change;
pub mod claim;
pub mod command;
pub mod decide;
pub mod delivery;
pub mod ending;
pub mod event;
pub mod lean;
pub mod part;
pub mod refunded;
pub mod register;
pub mod repeats;
pub mod state;
pub mod step;
pub mod supply;
#[cfg(test)]
pub(crate) mod tests;

pub use self::command::OrderCommand;
pub use self::decide::{Context, Decision, Quote, decide};
pub use self::event::Event;
pub use self::state::Order;
