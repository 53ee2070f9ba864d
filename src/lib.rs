//! jumun (주문, "order"): an actor-based concurrent order processor for flash sales.
//!
//! The rooms, in the order of the flow: [`log`] (commands come in) → `ingest` → `route` (actors) → [`domain`] (decides)
//! → `commit` → [`store`] → `publish` (acknowledged, answered).

pub mod clock;
pub mod commit;
pub mod domain;
pub mod ingest;
pub mod log;
pub mod payment;
pub mod protocol;
pub mod route;
pub mod store;
