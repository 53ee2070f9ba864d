//! Tools of the command line, which run beside a shop: the archive, the demo, the load generator, the checker.

pub mod archive;
pub mod demo;
pub mod load;
pub mod verify;
