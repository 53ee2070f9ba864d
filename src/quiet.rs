//! A bound on the log: no line of the code writes more than so many lines a minute, whoever makes it; of the rest the number
//! is told. What is asked for by `JUMUN_LOG=debug` or `trace` has none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::{Layer, layer::Context};

/// Lines a minute that one place may write: twenty a second, in all a few megabytes an hour.
const LINES_MAX: u32 = 1_200;
/// How often what was left out is told, and places begin anew.
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Place {
    metadata: &'static Metadata<'static>,
    lines: u32,
    omitted_gifts: u64,
}

/// What each place has written in this minute.
#[derive(Debug, Clone, Default)]
pub struct Quiet(Arc<Mutex<HashMap<Identifier, Place>>>);

impl<S: Subscriber> Layer<S> for Quiet {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        *metadata.level() > Level::INFO || self.takes(metadata)
    }
}

impl Quiet {
    fn takes(&self, metadata: &'static Metadata<'static>) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(metadata.callsite()).or_insert(Place { metadata, lines: 0, omitted_gifts: 0 });
        if place.lines < LINES_MAX {
            place.lines += 1;
            return true;
        }
        place.omitted_gifts += 1;
        false
    }

    /// Begins a new minute: what was left out of the last one, by place.
    fn over(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.drain().filter(|(_, p)| p.omitted_gifts > 0).map(|(_, p)| (p.metadata, p.omitted_gifts)).collect()
    }

    /// Tells each minute what was left out. A thread of its own, since that is needed most when nothing else runs.
    pub fn tell(&self) {
        let quiet = self.clone();
        let told = move || {
            loop {
                std::thread::sleep(MINUTE);
                for (place, omitted_gifts) in quiet.over() {
                    let (file, line) = (place.file().unwrap_or_default(), place.line().unwrap_or_default());
                    tracing::warn!(file, line, omitted_gifts, "further lines of the last minute were left out");
                }
            }
        };
        if let Err(e) = std::thread::Builder::new().name("quiet".into()).spawn(told) {
            tracing::warn!(error = %e, "nobody will tell which lines were left out of the log");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_place_writes_so_much_a_minute_and_no_more() {
        let (kept, quiet) = (Kept::default(), Quiet::default());
        let writer = kept.clone();
        let log = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let lines = |what: &str| String::from_utf8_lossy(&kept.0.lock().unwrap()).matches(what).count();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(quiet.clone()).with(log), || {
            let flood = || (0..5_000).for_each(|n| tracing::warn!(n, "again"));
            flood();
            tracing::error!("something else");
            assert_eq!((lines("again"), lines("something else")), (1_200, 1));
            let omitted_gifts = quiet.over();
            assert_eq!(omitted_gifts.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [3_800]);
            flood();
            assert_eq!(lines("again"), 2_400);
            // what was asked for is told
            (0..5_000).for_each(|n| tracing::debug!(n, "finely"));
            assert_eq!(lines("finely"), 5_000);
        });
    }
}
