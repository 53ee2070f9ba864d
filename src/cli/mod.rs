//! The subcommands.

pub mod load;
