//! What the tests stand on.

pub mod guard;
pub mod servers;
pub mod world;
