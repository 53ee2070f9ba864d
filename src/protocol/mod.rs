//! What producers and consumers see: commands, answers and events as JSON, versioned apart from the domain.

pub mod answer;
pub mod cards;
pub mod command;
pub mod decode;
pub mod event;
pub mod internal;
pub mod schema;
pub mod strict;

pub use answer::{Answer, OutcomeKind};
pub use decode::{Command, Kind, Unreadable, decode};
