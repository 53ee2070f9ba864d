//! What the tests stand on.

pub mod authority;
pub mod client;
pub mod clock;
pub mod collector;
pub mod disk;
pub mod everything;
pub mod guard;
pub mod http;
pub mod payments;
pub mod process;
pub mod proxy;
pub mod receiver;
pub mod servers;
pub mod shop;
mod verified;
pub mod world;
