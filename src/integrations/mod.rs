//! Integrations: payment services and webhooks.

pub mod payment;
pub mod signature;
pub mod webhook;
