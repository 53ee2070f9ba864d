//! The integration tests, in one binary: real servers, real files.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acceptance;
mod callbacks;
mod clients;
mod closed;
mod demo;
mod docs;
mod domain_pages;
mod door;
mod events;
mod faults;
mod gifts;
mod ids;
mod letters;
mod load;
mod load_compare;
mod log_contract;
mod logs;
mod openapi;
mod payment_contract;
mod payments;
mod pays;
mod people;
mod refunds;
mod refusals;
mod scenarios;
mod schema;
mod scope;
mod store_contract;
mod store_pace;
mod supply;
mod support;
mod tidy;
mod tls;
mod traces;
mod verify;
