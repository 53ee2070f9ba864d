//! Histories as the HTTP API reads them. A short one is folded where it was asked for; a long one piece by piece beside the
//! door's threads, a few at a time, so that who looks at it again and again keeps nobody else waiting.

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use actix_web::HttpResponse;
use serde::Serialize;
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    task::{JoinError, spawn_blocking},
    time::timeout,
};

use super::{
    own_places::OwnPlaces,
    problem::{ApiError, ProblemKind},
};
use crate::{
    domain::ids::OrderId,
    store::{QueryStore, StoreError, rows::HistRow},
};

/// A history of fewer events is folded at once.
pub const AT_ONCE: usize = 64;
/// Events of a longer one that are read and folded at a time.
const PIECE: u32 = 250;
/// Whoever asks where there are no tokens.
const ANYONE: &str = "anyone";
/// How long a place is waited for.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// Places for those who look at long histories.
#[derive(Debug)]
pub struct Folds {
    places: Arc<Semaphore>,
    /// one that no reader gets
    kept: Arc<Semaphore>,
    /// one look at a time by each token, of those that look now
    own: OwnPlaces,
    /// and one command's
    acting: OwnPlaces,
    wait: Duration,
}

/// For whom a history is folded.
#[derive(Debug, Clone, Copy)]
pub enum FoldFor<'a> {
    /// who only looks, by name: one at a time, so that none takes every place
    Reader(&'a str),
    /// who acts, by name: a command has a place that readers don't get
    Actor(&'a str),
    /// money that came in, or a person who is erased
    CallBack,
}

/// Goes with the work, so that it is free when that is done, whether or not somebody still waits for it.
struct Place {
    _of_all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

/// Why nothing came of a history.
#[derive(Debug)]
pub enum Unfolded {
    Busy,
    Store(StoreError),
    /// it can't be read, or does not follow from itself
    History(String),
}

impl Default for Folds {
    /// The lanes have the other half of the machine.
    fn default() -> Self {
        let places = available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        Self::with(places, WAIT_MAX)
    }
}

impl Folds {
    fn with(places: usize, wait: Duration) -> Self {
        let [places, kept] = [places, 1].map(|n| Arc::new(Semaphore::new(n)));
        Self { places, kept, own: OwnPlaces::new(1), acting: OwnPlaces::new(1), wait }
    }

    /// What `add` makes of an order's history; `None`: there is none.
    ///
    /// # Errors
    /// [`Unfolded`].
    pub async fn through<T: Send + 'static>(
        &self,
        whom: FoldFor<'_>,
        store: &dyn QueryStore,
        id: &OrderId,
        mut made: T,
        add: fn(&mut T, Vec<HistRow>) -> Result<(), String>,
    ) -> Result<Option<T>, Unfolded> {
        let at_once = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
        let mut rows = store.history(id, 0, at_once).await.map_err(Unfolded::Store)?;
        if rows.is_empty() {
            return Ok(None);
        }
        if rows.len() < AT_ONCE {
            add(&mut made, rows).map_err(Unfolded::History)?;
            return Ok(Some(made));
        }
        let mut place = self.place(whom).await?;
        while let Some(last) = rows.last().map(|row| row.hist_no) {
            let piece = move || {
                fail::fail_point!("slow_fold");
                let added = add(&mut made, rows);
                (made, added, place)
            };
            let added;
            (made, added, place) = spawn_blocking(piece).await.map_err(broke)?;
            added.map_err(Unfolded::History)?;
            rows = store.history(id, last, PIECE).await.map_err(Unfolded::Store)?;
        }
        Ok(Some(made))
    }

    /// What is made of so many events that were read; beside the HTTP API's threads if they are many.
    ///
    /// # Errors
    /// [`Unfolded::Busy`], and what comes of a panic.
    pub async fn of<T: Send + 'static>(
        &self,
        whom: FoldFor<'_>,
        events: usize,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unfolded> {
        if events < AT_ONCE {
            return Ok(make());
        }
        let place = self.place(whom).await?;
        let made = spawn_blocking(move || (make(), place)).await.map_err(broke)?;
        Ok(made.0)
    }

    /// A response of what was made of so many events.
    ///
    /// # Errors
    /// As [`Folds::of`], and when it can't be written.
    pub async fn json(
        &self,
        whom: FoldFor<'_>,
        events: usize,
        told: impl Serialize + Send + 'static,
    ) -> Result<HttpResponse, ApiError> {
        let made = self.of(whom, events, move || serde_json::to_vec(&told)).await;
        let body = made.and_then(|body| body.map_err(|e| Unfolded::History(e.to_string())));
        let body = body.map_err(|e| e.error(""))?;
        Ok(HttpResponse::Ok().content_type("application/json").body(body))
    }

    async fn place(&self, whom: FoldFor<'_>) -> Result<Place, Unfolded> {
        let of_all = || Arc::clone(&self.places).acquire_owned();
        let found = async {
            let own = match whom {
                // at an open API nobody is told apart
                FoldFor::Reader(ANYONE) | FoldFor::Actor(ANYONE) | FoldFor::CallBack => None,
                FoldFor::Reader(name) => Some(self.own.of(name).acquire_owned().await?),
                FoldFor::Actor(name) => Some(self.acting.of(name).acquire_owned().await?),
            };
            let place = match whom {
                FoldFor::Reader(_) => of_all().await?,
                FoldFor::Actor(_) | FoldFor::CallBack => tokio::select! {
                    // the kept one only where there is no other
                    biased;
                    place = of_all() => place?,
                    place = Arc::clone(&self.kept).acquire_owned() => place?,
                },
            };
            Ok::<_, AcquireError>(Place { _of_all: place, _own: own })
        };
        match timeout(self.wait, found).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Unfolded::Busy),
        }
    }
}

fn broke(e: JoinError) -> Unfolded {
    Unfolded::History(format!("folding it broke: {e}"))
}

impl Unfolded {
    /// What the client hears of it.
    pub fn error(self, order_id: &str) -> ApiError {
        match self {
            Unfolded::Busy => ProblemKind::Busy.error("too many look at long orders; try again"),
            Unfolded::Store(e) => e.into(),
            Unfolded::History(error) => {
                tracing::error!(order_id, error, "a history can't be read");
                ProblemKind::Fault.error("this order's history can't be read")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_are_so_many_places_and_the_wait_for_one_has_an_end() {
        let folds = Folds::with(1, Duration::from_millis(20));
        let (one, other) = (FoldFor::Reader("one"), FoldFor::Reader("other"));
        let place = folds.place(one).await.unwrap();
        assert!(matches!(folds.of(other, AT_ONCE, || 1).await, Err(Unfolded::Busy)));
        assert!(matches!(folds.of(other, AT_ONCE - 1, || 1).await, Ok(1)), "a short one needs none");
        assert!(matches!(folds.of(FoldFor::CallBack, AT_ONCE, || 1).await, Ok(1)), "money has a place kept");
        let acts = FoldFor::Actor("one");
        assert!(matches!(folds.of(acts, AT_ONCE, || 1).await, Ok(1)), "who acts has it, too");
        let acting = folds.place(acts).await.unwrap();
        assert!(matches!(folds.of(acts, AT_ONCE, || 1).await, Err(Unfolded::Busy)), "one at a time");
        drop(acting);
        drop(place);
        assert!(matches!(folds.of(other, AT_ONCE, || 1).await, Ok(1)));
        assert_eq!((folds.places.available_permits(), folds.kept.available_permits()), (1, 1));
    }

    #[tokio::test]
    async fn no_name_takes_every_place() {
        let folds = Folds::with(2, Duration::from_millis(20));
        let (one, other) = (FoldFor::Reader("one"), FoldFor::Reader("other"));
        let place = folds.place(one).await.unwrap();
        assert!(matches!(folds.of(one, AT_ONCE, || 1).await, Err(Unfolded::Busy)));
        assert!(matches!(folds.of(other, AT_ONCE, || 1).await, Ok(1)));
        drop(place);
        assert!(matches!(folds.of(one, AT_ONCE, || 1).await, Ok(1)));
    }
}
