//! The order: aggregate root. `decide` (what a command does), `event` (what happened), `state` (the fold of it).

pub mod apply;
pub mod command;
pub mod decide;
pub mod event;
pub mod state;
pub mod step;
#[cfg(test)]
mod tests;

pub use self::command::OrderCommand;
pub use self::decide::{Context, Decision, Quote, decide};
pub use self::event::Event;
pub use self::state::Order;
