//! Places for what one token does at a time, so that none takes everybody's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Semaphore;

/// So many for each name, of those that have or wait for one.
#[derive(Debug)]
pub struct OwnPlaces {
    each: usize,
    own: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl OwnPlaces {
    /// So many for each.
    pub fn new(each: usize) -> Self {
        Self { each, own: Mutex::default() }
    }

    /// The places of this name's; those of names that have none any more are forgotten.
    pub fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = own.get(name).and_then(Weak::upgrade) {
            return places;
        }
        own.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.each));
        own.insert(name.to_owned(), Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_and_is_forgotten_with_its_last() {
        let places = OwnPlaces::new(2);
        let (one, other) = (places.of("one"), places.of("other"));
        let taken = (places.of("one").try_acquire_owned(), places.of("one").try_acquire_owned());
        assert!(taken.0.is_ok() && taken.1.is_ok() && one.try_acquire().is_err() && other.try_acquire().is_ok());
        drop((one, taken));
        drop(places.of("third"));
        drop(places.of("fourth"));
        assert_eq!(places.own.lock().unwrap().len(), 2, "the other's, and the last that was asked for");
    }
}
