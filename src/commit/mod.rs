//! Commit: many decisions in one transaction. A batch collects while the one before it commits.

pub mod batch;
pub mod committer;
pub mod project;
pub mod replay;

pub use batch::{EntrySource, OpenBatch, Outgoing, Sealed, SharedBatch};
