//! A part that most orders don't have: nothing in memory until it is written to.

use std::ops::{Deref, DerefMut};

/// What an empty part looks like.
pub trait HasEmpty: Default + 'static {
    /// One for all.
    fn blank() -> &'static Self;
}

/// A part that costs a pointer while it is empty.
#[derive(Debug, Clone)]
pub struct LazyBox<T>(Option<Box<T>>);

impl<T> Default for LazyBox<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: HasEmpty> Deref for LazyBox<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: HasEmpty> DerefMut for LazyBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: HasEmpty + PartialEq> PartialEq for LazyBox<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
