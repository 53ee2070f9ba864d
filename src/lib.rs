//! jumun (주문, "order"): an actor-based concurrent order processor for flash sales.
//!
//! The rooms, in the order in which they may name one another (a test holds it): [`domain`] is pure and decides; [`protocol`] is what
//! is said over the wire; [`log`] and [`store`] are ports with their adapters; [`history`] makes orders of stored events and rows
//! of orders; [`lane`] is the engine, which reads, decides, commits and publishes; [`server`] runs the lanes; [`http`], [`tools`]
//! and [`cli`] are what people and programs meet.

pub mod cli;
pub mod clock;
pub mod domain;
pub mod erasure;
pub mod event_reader;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod history;
pub mod http;
pub mod http_client;
pub mod integrations;
pub mod lane;
pub mod log;
pub mod protocol;
pub mod quiet;
pub mod retention;
pub mod seals;
pub mod secrets;
pub mod server;
#[cfg(feature = "simulation")]
pub mod sim;
pub mod store;
pub mod tools;
pub mod vault;
