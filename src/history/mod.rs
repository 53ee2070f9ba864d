//! History: stored events become an order, and what was decided becomes rows; for the engine, the API and the tools.

pub mod catalog;
pub mod effects;
pub mod project;
pub mod register;
pub mod replay;
pub mod reservation;
pub mod timeline;
