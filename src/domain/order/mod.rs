//! The order: aggregate root. `decide` (what a command does), `event` (what happened), `state` (the fold of it).

pub mod apply;
pub mod command;
pub mod decide;
pub mod event;
pub mod state;
pub mod step;
#[cfg(test)]
mod tests;

pub use command::OrderCommand;
pub use decide::{Context, Decision, Quote, decide};
pub use event::Event;
pub use state::Order;
