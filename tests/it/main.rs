//! The integration tests, in one binary: real servers, real files.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acceptance;
mod demo;
mod docs;
mod domain_pages;
mod door;
mod events;
mod faults;
mod gifts;
mod letters;
mod load;
mod load_compare;
mod log_contract;
mod logs;
mod payment_contract;
mod payments;
mod refunds;
mod refusals;
mod scenarios;
mod schema;
mod scope;
mod store_contract;
mod store_pace;
mod support;
mod tidy;
mod tls;
mod traces;
mod verify;
