//! History: stored events become an order, and an order's events become rows; for the engine, the API and the tools.

pub mod project;
pub mod replay;
pub mod timeline;
