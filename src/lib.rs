//! jumun (주문, "order"): an actor-based concurrent order processor for flash sales.
//!
//! The rooms, in the order of the flow: [`log`] (commands come in) → `ingest` → `route` (actors) → [`domain`] (decides)
//! → `commit` → [`store`] → `publish` (acknowledged, answered).

pub mod cli;
pub mod domain;
pub mod load;
pub mod log;
pub mod protocol;
pub mod store;
