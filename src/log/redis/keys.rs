//! The names of a namespace's keys. The partition stands in braces, so that all of a partition's keys share one hash
//! slot of a Redis Cluster.

use std::sync::Arc;

use crate::log::{Inbound, Outbound};

/// The consumer group of the inbound streams.
pub(super) const GROUP: &str = "jumun";

/// A namespace's keys.
#[derive(Debug, Clone)]
pub struct Keys {
    namespace: Arc<str>,
}

impl Keys {
    /// The keys of `namespace`.
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.into() }
    }

    /// Hash: `partitions`, `protocol`.
    pub fn meta(&self) -> String {
        format!("{}:meta", self.namespace)
    }

    fn of(&self, partition: u32, what: &str) -> String {
        format!("{}:{{{partition}}}:{what}", self.namespace)
    }

    /// Stream of what is to be decided.
    pub fn inbound(&self, partition: u32, stream: Inbound) -> String {
        self.of(partition, stream.name())
    }

    /// All of them, in the order of [`Inbound::ALL`].
    pub fn inbounds(&self, partition: u32) -> [String; 3] {
        Inbound::ALL.map(|stream| self.inbound(partition, stream))
    }

    /// Stream of answers, events or dead letters.
    pub fn outbound(&self, partition: u32, stream: &Outbound) -> String {
        match stream {
            Outbound::Answers => self.of(partition, "answers"),
            Outbound::AnswersTo(name) => self.reply_prefix(partition) + name,
            Outbound::Events => self.of(partition, "events"),
            Outbound::Dead => self.of(partition, "dead"),
        }
    }

    /// What a reply stream's key has before its name.
    pub fn reply_prefix(&self, partition: u32) -> String {
        self.of(partition, "answers:")
    }

    /// String: the epoch of the partition's owner.
    pub fn epoch(&self, partition: u32) -> String {
        self.of(partition, "epoch")
    }

    /// Set: the names that have a reply stream.
    pub fn reply_names(&self, partition: u32) -> String {
        self.of(partition, "reply_to")
    }
}
