//! Every transition of the isolation, as tables.

use super::{AfterConflict::DecideAgain, Culprit::Command, Culprit::Lane, *};
use crate::log::{EntryId, Inbound};

/// What happens. Commands are numbers.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// it is to be decided, delivered for the n-th time
    Waits(u64, u32),
    Decides(usize),
    Handled(u64),
    ReusedId,
    Broke(u64, bool),
    /// of which command, tried how often, why, in which batch
    Dead(u64, u32, DeadLetterCause, u64),
    /// which batch, with how many commands
    Commits(u64, usize),
    Conflicts,
    Deadlocks,
    Reset(Culprit),
}
use Event::*;

/// What the machine says to it.
#[derive(Debug, Clone, PartialEq)]
enum Says {
    Nothing,
    All,
    One,
    DeadLetter(u32),
    Again(u32),
    LooksUp(bool),
    Conflict(AfterConflict),
    Retried(u32, Repair),
    Dies(u32, Repair),
}
use Says::*;

fn entry(n: u64) -> Origin {
    Origin { stream: Inbound::Commands, id: EntryId { ms: n, seq: 0 } }
}

fn tell(isolation: &mut Isolation, event: Event) -> Says {
    match event {
        Waits(n, attempts) => {
            let candidate = Candidate { entry: entry(n), attempts, command: None, order: None };
            let watchful = isolation.is_watchful();
            match isolation.disposition(candidate) {
                Disposition::DecideAll => All,
                other if !watchful => panic!("{other:?} of {n}, and nobody would have asked"),
                Disposition::DecideOne => One,
                Disposition::DeadLetter { tries } => DeadLetter(tries),
                Disposition::DeadLetterAgain { tries } => Again(tries),
            }
        }
        Decides(commands) => LooksUp(isolation.on_decide(commands)),
        Handled(n) => {
            assert!(isolation.has_broken());
            isolation.on_handled([entry(n)].into_iter());
            Nothing
        }
        ReusedId => {
            isolation.on_reused_id();
            Nothing
        }
        Broke(n, touched) => match isolation.on_broken(entry(n), touched) {
            AfterBreak { times, repair, dead: false } => Retried(times, repair),
            AfterBreak { times, repair, dead: true } => Dies(times, repair),
        },
        Dead(n, tries, cause, batch) => {
            isolation.on_dead_letter(entry(n), tries, cause, batch);
            Nothing
        }
        Commits(batch, commands) => {
            isolation.on_commit(batch, commands);
            Nothing
        }
        Conflicts => Conflict(isolation.on_conflict(ConflictCause::Taken)),
        Deadlocks => Conflict(isolation.on_conflict(ConflictCause::Deadlock)),
        Reset(culprit) => {
            isolation.on_reset(culprit);
            Nothing
        }
    }
}

/// Events in their order, each with what is said to it, and whether commands are decided alone from then on.
fn check(what: &str, steps: &[(Event, Says, bool)]) {
    let mut isolation = Isolation::new(3);
    for (n, (event, says, alone)) in steps.iter().enumerate() {
        let step = format!("{what}: step {n}, {event:?}");
        assert_eq!(tell(&mut isolation, *event), *says, "{step}");
        assert_eq!(isolation.alone(), *alone, "{step}");
    }
}

const MANY: bool = false;
const ALONE: bool = true;

#[test]
fn a_command_that_fails_alone_three_times_goes_to_the_dead_letters() {
    use DeadLetterCause::FailedAlone;
    check(
        "the second of two commands is refused, whatever comes with it",
        &[
            (Waits(1, 1), All, MANY),
            (Waits(2, 1), All, MANY),
            (Reset(Command), Nothing, MANY),
            (Waits(1, 2), All, MANY),
            (Waits(2, 2), All, MANY),
            (Reset(Command), Nothing, ALONE),
            // the first one is well
            (Waits(1, 3), One, ALONE),
            (Commits(0, 1), Nothing, ALONE),
            (Waits(2, 3), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(2, 4), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(2, 5), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(2, 6), DeadLetter(3), ALONE),
            (Dead(2, 3, FailedAlone, 1), Nothing, MANY),
            (Commits(1, 1), Nothing, MANY),
            (Waits(3, 1), All, MANY),
        ],
    );
    check(
        "its failures are forgotten once it commits",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 4), One, ALONE),
            (Commits(0, 1), Nothing, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 5), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 6), One, ALONE),
        ],
    );
    check(
        "its dead letter is lost with its batch: it is tried again",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 4), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 5), DeadLetter(3), ALONE),
            (Dead(1, 3, FailedAlone, 0), Nothing, MANY),
            (Reset(Lane), Nothing, MANY),
            (Waits(1, 6), All, MANY),
        ],
    );
}

#[test]
fn a_store_that_is_away_is_nobodys_fault() {
    check(
        "of many",
        &[
            (Waits(1, 1), All, MANY),
            (Reset(Lane), Nothing, MANY),
            (Waits(1, 2), All, MANY),
            (Reset(Lane), Nothing, MANY),
            (Waits(1, 3), All, MANY),
            // it is a fault within a short while all the same
            (Reset(Command), Nothing, ALONE),
        ],
    );
    check(
        "of one alone",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
            (Reset(Lane), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Reset(Lane), Nothing, ALONE),
            (Waits(1, 4), One, ALONE),
            (Reset(Lane), Nothing, ALONE),
            (Waits(1, 5), One, ALONE),
            (Commits(0, 1), Nothing, ALONE),
            (Waits(2, 1), All, MANY),
        ],
    );
    check(
        "a reset that nobody waits in",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
        ],
    );
}

#[test]
fn what_conflicts_is_decided_again_and_looked_up_first() {
    let again = || Conflict(DecideAgain);
    let reset = |culprit| Conflict(AfterConflict::Reset(culprit));
    check(
        "looked up, they go through",
        &[
            (Decides(7), LooksUp(false), MANY),
            (Conflicts, again(), MANY),
            (Decides(7), LooksUp(true), MANY),
            (Commits(0, 7), Nothing, MANY),
            (Decides(VERIFY_IDS_COMMANDS), LooksUp(true), MANY),
            (Decides(1), LooksUp(false), MANY),
        ],
    );
    check(
        "again and again",
        &[
            (Conflicts, again(), MANY),
            (Conflicts, again(), MANY),
            (Conflicts, again(), MANY),
            (Conflicts, again(), MANY),
            (Conflicts, again(), MANY),
            (Conflicts, reset(Command), MANY),
            (Reset(Command), Nothing, MANY),
            (Conflicts, reset(Command), MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Commits(0, 1), Nothing, ALONE),
            (Waits(2, 1), All, MANY),
            (Conflicts, again(), MANY),
        ],
    );
    check(
        "what was not looked up is not to blame",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
            (Conflicts, reset(Lane), ALONE),
            (Reset(Lane), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Decides(1), LooksUp(true), ALONE),
            (Conflicts, reset(Command), ALONE),
        ],
    );
    check("an id that is used twice", &[(ReusedId, Nothing, MANY), (Decides(1), LooksUp(true), MANY)]);
}

#[test]
fn a_command_that_breaks_its_handler_three_times_goes_to_the_dead_letters() {
    use DeadLetterCause::HandlerBroke;
    use Repair::{OpenBatch, Rest};
    check(
        "in the place of another try",
        &[
            (Broke(1, false), Retried(1, Rest), MANY),
            (Broke(1, true), Retried(2, OpenBatch), MANY),
            (Waits(1, 1), All, MANY),
            (Broke(1, false), Dies(3, Rest), MANY),
            (Dead(1, 3, HandlerBroke, 4), Nothing, MANY),
            (Waits(2, 1), All, MANY),
            (Commits(4, 2), Nothing, MANY),
            // its id may come again, and is a new try
            (Waits(1, 1), All, MANY),
            (Broke(1, true), Retried(1, OpenBatch), MANY),
        ],
    );
    check(
        "the batch with its dead letter is taken back: again, untried",
        &[
            (Broke(1, true), Retried(1, OpenBatch), MANY),
            (Broke(1, true), Retried(2, OpenBatch), MANY),
            (Broke(1, true), Dies(3, OpenBatch), MANY),
            (Dead(1, 3, HandlerBroke, 4), Nothing, MANY),
            (Conflicts, Conflict(DecideAgain), MANY),
            (Waits(1, 1), Again(3), MANY),
            (Dead(1, 3, HandlerBroke, 6), Nothing, MANY),
            // another batch
            (Commits(5, 1), Nothing, MANY),
            (Waits(1, 1), Again(3), MANY),
            (Dead(1, 3, HandlerBroke, 6), Nothing, MANY),
            (Reset(Lane), Nothing, MANY),
            (Waits(1, 2), Again(3), MANY),
            (Dead(1, 3, HandlerBroke, 6), Nothing, MANY),
            (Commits(6, 1), Nothing, MANY),
            (Waits(1, 1), All, MANY),
        ],
    );
    check(
        "once it goes well nothing is left of it",
        &[
            (Broke(1, true), Retried(1, OpenBatch), MANY),
            (Broke(2, true), Retried(1, OpenBatch), MANY),
            (Broke(1, true), Retried(2, OpenBatch), MANY),
            (Handled(1), Nothing, MANY),
            (Broke(1, true), Retried(1, OpenBatch), MANY),
            (Broke(2, true), Retried(2, OpenBatch), MANY),
        ],
    );
    check(
        "a reset forgets none of it, and needs no second fault",
        &[
            (Broke(1, true), Retried(1, OpenBatch), MANY),
            (Reset(Lane), Nothing, MANY),
            (Broke(1, true), Retried(2, OpenBatch), MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Broke(1, true), Dies(3, OpenBatch), ALONE),
            (Dead(1, 3, HandlerBroke, 0), Nothing, MANY),
        ],
    );
    check(
        "another one still fails alone",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(2, 2), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 1), One, ALONE),
            (Dead(1, 3, HandlerBroke, 0), Nothing, ALONE),
        ],
    );
}

#[test]
fn what_goes_well_for_long_ends_it() {
    check(
        "a fault long ago",
        &[
            (Reset(Command), Nothing, MANY),
            (Commits(0, CLEAN_STREAK_COMMANDS - 1), Nothing, MANY),
            (Commits(1, 1), Nothing, MANY),
            (Reset(Command), Nothing, MANY),
            (Commits(2, CLEAN_STREAK_COMMANDS - 1), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
        ],
    );
    check(
        "what was pending is through when a fresh one comes, unless one has failed",
        &[
            (Reset(Command), Nothing, MANY),
            (Reset(Command), Nothing, ALONE),
            (Waits(1, 2), One, ALONE),
            (Reset(Command), Nothing, ALONE),
            (Waits(3, 1), One, ALONE),
            (Commits(0, 1), Nothing, ALONE),
            (Waits(1, 3), One, ALONE),
            (Commits(1, 1), Nothing, ALONE),
            (Waits(4, 1), All, MANY),
            // it is not decided alone any more
            (Reset(Command), Nothing, ALONE),
            (Waits(4, 2), One, ALONE),
        ],
    );
}

#[test]
fn who_is_decided_alone_is_the_suspect_until_it_commits() {
    let mut isolation = Isolation::new(3);
    let suspect = |isolation: &Isolation| isolation.suspect().map(|s| s.entry);
    tell(&mut isolation, Waits(1, 1));
    assert_eq!(suspect(&isolation), None, "many are decided");
    tell(&mut isolation, Reset(Command));
    tell(&mut isolation, Reset(Command));
    tell(&mut isolation, Waits(1, 2));
    assert_eq!(suspect(&isolation), Some(entry(1)));
    tell(&mut isolation, Reset(Lane));
    assert_eq!(suspect(&isolation), None, "all is read again");
    tell(&mut isolation, Waits(1, 3));
    tell(&mut isolation, Commits(0, 1));
    assert_eq!(suspect(&isolation), None);
    tell(&mut isolation, Waits(2, 1));
    assert_eq!(suspect(&isolation), None, "many are decided again");
}

#[test]
fn no_command_is_blamed_for_a_deadlock() {
    let again = |n: usize| std::iter::repeat_n((Deadlocks, Conflict(DecideAgain), MANY), n);
    let mut steps: Vec<(Event, Says, bool)> = again(CONFLICTS_MAX as usize).collect();
    for _ in 0..4 {
        steps.push((Deadlocks, Conflict(AfterConflict::Reset(Lane)), MANY));
        steps.push((Reset(Lane), Nothing, MANY));
    }
    check("among many", &steps);
    let mut steps = vec![(Reset(Command), Nothing, MANY), (Reset(Command), Nothing, ALONE)];
    for _ in 0..4 {
        steps.push((Waits(1, 2), One, ALONE));
        steps.push((Deadlocks, Conflict(AfterConflict::Reset(Lane)), ALONE));
        steps.push((Reset(Lane), Nothing, ALONE));
    }
    check("of one alone", &steps);
}
