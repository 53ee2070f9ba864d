//! jumun (주문, "order"): an actor-based concurrent order processor for flash sales.
//!
//! The rooms, in the order of the flow: [`log`] (commands come in) → [`ingest`] (read, decoded) → [`actors`] (hold orders and stock) →
//! [`domain`] (decides) → [`commit`] → [`store`] → [`publish`] (acknowledged, answered). A [`lane`] wires them; a
//! [`server`] runs the lanes.

pub mod actors;
pub mod archive;
pub mod cli;
pub mod clock;
pub mod commit;
pub mod demo;
pub mod domain;
pub mod erasure;
pub mod event_reader;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod http;
pub mod http_client;
pub mod ingest;
pub mod lane;
pub mod load;
pub mod log;
pub mod payment;
pub mod protocol;
pub mod publish;
pub mod quiet;
pub mod retention;
pub mod seals;
pub mod secrets;
pub mod server;
pub mod signature;
#[cfg(feature = "simulation")]
pub mod sim;
pub mod store;
pub mod timeline;
pub mod traces;
pub mod vault;
pub mod verify;
pub mod webhook;
