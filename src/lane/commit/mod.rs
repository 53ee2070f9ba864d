//! Commit: many decisions in one transaction. A batch collects while the one before it commits.

pub mod batch;
pub mod committer;
mod encoder;

pub use batch::{EntrySource, OpenBatch, Outgoing, Sealed, SharedBatch};
