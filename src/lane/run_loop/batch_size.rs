//! How much a batch takes. The longer it is under way, the likelier another lane commits one of its command ids meanwhile; then
//! it is rolled back and decided again. So a batch that conflicts comes back in halves, until what is left goes through.

/// A batch is never made smaller than this.
const LEAST: usize = 16;

/// How many commands the next batch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchSize {
    now: usize,
    full: usize,
}

impl BatchSize {
    /// All that waits; so much may wait.
    pub(super) const fn full(full: usize) -> Self {
        Self { now: full, full }
    }

    /// How many of those that wait are decided next, where so many are in the open batch already. As long as nothing
    /// conflicts, that is all of them: a chunk is not torn.
    pub(super) fn of(self, open: usize, waiting: usize) -> usize {
        if self.now >= self.full { waiting } else { waiting.min(self.now.saturating_sub(open)) }
    }

    /// A batch of so many commands was rolled back.
    pub(super) fn conflicted(&mut self, commands: usize) {
        self.now = (commands.min(self.now) / 2).max(LEAST).min(self.full);
    }

    /// A batch became durable.
    pub(super) fn went_well(&mut self) {
        self.now = self.now.saturating_mul(2).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_what_waits_as_long_as_nothing_conflicts() {
        let share = BatchSize::full(100);
        assert_eq!((share.of(0, 40), share.of(90, 40), share.of(0, 0)), (40, 40, 0));
    }

    #[test]
    fn it_halves_at_each_conflict_and_grows_again() {
        let mut share = BatchSize::full(1_000);
        share.conflicted(400);
        assert_eq!((share.of(0, 400), share.of(150, 400), share.of(200, 400)), (200, 50, 0));
        share.conflicted(200);
        share.conflicted(100);
        assert_eq!(share.of(0, 400), 50);
        for least in [25, LEAST, LEAST, LEAST] {
            share.conflicted(50);
            assert_eq!(share.of(0, 400), least);
        }
        for more in [2 * LEAST, 4 * LEAST, 8 * LEAST] {
            share.went_well();
            assert_eq!(share.of(0, 400), more);
        }
        (0..10).for_each(|_| share.went_well());
        assert_eq!(share, BatchSize::full(1_000));
    }

    #[test]
    fn something_is_always_decided() {
        for full in [1, 5, 16, 4_096] {
            let mut share = BatchSize::full(full);
            (0..20).for_each(|_| share.conflicted(1));
            assert!(share.of(0, 7) > 0, "{full}");
        }
    }
}
