//! What the HTTP API shows of orders and shelves: money in won, statuses with their Korean names. No personal data.

mod gifts;
mod order;
mod shelf;
mod shown;

pub use self::{gifts::*, order::*, shelf::*};

use schemars::JsonSchema;
use serde::Serialize;

/// A page of a list; `next` asks for the one after.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// send it as `cursor`; absent on the last page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
