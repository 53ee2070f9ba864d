//! What the tests stand on.

pub mod authority;
pub mod client;
pub mod guard;
pub mod http;
pub mod process;
pub mod proxy;
pub mod servers;
pub mod world;
