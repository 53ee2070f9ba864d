//! jumun (주문, "order"): an actor-based concurrent order processor for flash sales.
//!
//! The rooms stand in the order in which they may name one another, each after all that it names; a test holds it.

// what is true of orders, stock, money and fees: pure
pub mod domain;

// what time it is: a port
pub mod clock;

// a bound on the log's lines
pub mod quiet;

// files that hold secrets, read
pub mod secrets;

// calls that go out from here
pub mod http_client;

// commands, answers and events as they are on the wire
pub mod protocol;

// account numbers and payment tokens, sealed
pub mod vault;

// commands in, answers and events out: a port, and its adapters
pub mod log;

// where the truth is kept: ports, and their adapters
pub mod store;

// stored events become orders, and effects become rows
pub mod history;

// events read on from a cursor
pub mod event_reader;

// people's words, taken out of all that stays
pub mod erasure;

// the exchange of the vault's keys while the shop is open
pub mod seals;

// payment services and webhooks
pub mod integrations;

// what goes by age
pub mod retention;

// the engine: one partition's single writer
pub mod lane;

// all partitions of a process, each under its lease
pub mod server;

// the HTTP API and the console
pub mod http;

// archive, demo, load generator, checker
pub mod tools;

// whole sales from a seed
#[cfg(feature = "simulation")]
pub mod sim;

// the subcommands
pub mod cli;

// what strangers, other programs and damaged disks hand to readers
#[cfg(any(test, fuzzing))]
pub mod fuzz;
