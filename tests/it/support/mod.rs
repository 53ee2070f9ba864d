//! What the tests stand on.

pub mod client;
pub mod collector;
pub mod guard;
pub mod http;
pub mod process;
pub mod proxy;
pub mod servers;
pub mod world;
