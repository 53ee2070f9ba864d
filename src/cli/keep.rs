//! How long the database keeps what goes by age (docs/operate/retention.md).

use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;

use crate::retention::{ACCESS_LOG, CLAIM_WINDOW, RetentionTerms, days, tables};

/// How long the database keeps what goes by age. Without a setting: for ever, the access log excepted.
#[derive(Debug, Clone, Args)]
pub struct KeepArgs {
    /// 접속기록: who saw whose personal data, in days: 365 at least, 730 from 50,000 people on
    #[arg(long, env = "JUMUN_KEEP_ACCESS_LOG", default_value_t = in_days(ACCESS_LOG), value_name = "DAYS")]
    keep_access_log: u64,
    /// What was done at the HTTP API, in days: 365 at least [default: for ever]
    #[arg(long, env = "JUMUN_KEEP_AUDIT", value_name = "DAYS")]
    keep_audit: Option<u64>,
    /// Events that a webhook's receiver would not take, in days: 7 at least [default: for ever]
    #[arg(long, env = "JUMUN_KEEP_FAILED_DELIVERIES", value_name = "DAYS")]
    keep_failed_deliveries: Option<u64>,
    /// Outcomes of commands that belong to no order, in days: 30 at least; a command that comes again later is decided again
    /// [default: for ever]
    #[arg(long, env = "JUMUN_KEEP_OUTCOMES", value_name = "DAYS")]
    keep_outcomes: Option<u64>,
    /// 파기: destroy the personal data of orders that ended, or were delivered and never confirmed, so many days after their
    /// last change; --claim-window at least [default: never]
    #[arg(long, env = "JUMUN_DESTROY_PERSONS_AFTER", value_name = "DAYS")]
    destroy_persons_after: Option<u64>,
    /// How long after their delivery goods may be claimed, in days: until then an order that nobody confirmed needs its person;
    /// 7 at least
    #[arg(long, env = "JUMUN_CLAIM_WINDOW", default_value_t = in_days(CLAIM_WINDOW), value_name = "DAYS")]
    claim_window: u64,
}

const DAYS_MAX: u64 = 36_500;
/// 청약철회: no shop may make it less (전자상거래법 §17 ①).
const CLAIM_WINDOW_MIN: Duration = days(7);

const fn in_days(time: Duration) -> u64 {
    time.as_secs() / 86_400
}

fn at_least(name: &str, given: u64, least: Duration) -> anyhow::Result<Duration> {
    let least = in_days(least);
    if !(least..=DAYS_MAX).contains(&given) {
        bail!("{name} is {least} to {DAYS_MAX} days, not {given}");
    }
    Ok(days(given))
}

impl KeepArgs {
    /// The terms.
    ///
    /// # Errors
    /// A sentence, for nonsense and for less than must be kept.
    pub fn terms(&self) -> anyhow::Result<RetentionTerms> {
        let some = |name, given: Option<u64>, least| given.map(|n| at_least(name, n, least)).transpose();
        let persons = some("--destroy-persons-after", self.destroy_persons_after, days(1))?;
        ensure!(
            persons.is_none_or(|term| term >= days(self.claim_window)),
            "--destroy-persons-after is no less than --claim-window ({} days): who claims must be known",
            self.claim_window
        );
        Ok(RetentionTerms {
            access_log: Some(at_least("--keep-access-log", self.keep_access_log, tables::ACCESS_LOG_MIN)?),
            audit: some("--keep-audit", self.keep_audit, tables::AUDIT_MIN)?,
            letters: some("--keep-failed-deliveries", self.keep_failed_deliveries, tables::LETTERS_MIN)?,
            outcomes: some("--keep-outcomes", self.keep_outcomes, tables::OUTCOMES_MIN)?,
            persons,
            ..RetentionTerms::default()
        })
    }

    /// How long goods may be claimed.
    ///
    /// # Errors
    /// A sentence, for less than the law gives.
    pub fn claim_window(&self) -> anyhow::Result<Duration> {
        at_least("--claim-window", self.claim_window, CLAIM_WINDOW_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: KeepArgs = KeepArgs {
        keep_access_log: 730,
        keep_audit: None,
        keep_failed_deliveries: None,
        keep_outcomes: None,
        destroy_persons_after: None,
        claim_window: 92,
    };

    #[test]
    fn nothing_goes_without_a_setting_but_the_access_log_after_two_years() {
        assert_eq!(USUAL.terms().unwrap(), RetentionTerms::default());
        assert_eq!(USUAL.claim_window().unwrap(), CLAIM_WINDOW);
    }

    #[test]
    fn less_than_must_be_kept_is_refused() {
        for (args, word) in [
            (KeepArgs { keep_access_log: 364, ..USUAL }, "--keep-access-log is 365"),
            (KeepArgs { keep_audit: Some(364), ..USUAL }, "--keep-audit is 365"),
            (KeepArgs { keep_failed_deliveries: Some(6), ..USUAL }, "--keep-failed-deliveries is 7"),
            (KeepArgs { keep_outcomes: Some(29), ..USUAL }, "--keep-outcomes is 30"),
            (KeepArgs { keep_outcomes: Some(u64::MAX), ..USUAL }, "--keep-outcomes is 30"),
            (KeepArgs { destroy_persons_after: Some(91), ..USUAL }, "no less than --claim-window"),
            (KeepArgs { destroy_persons_after: Some(0), claim_window: 0, ..USUAL }, "--destroy-persons-after is 1"),
        ] {
            let told = args.terms().unwrap_err().to_string();
            assert!(told.contains(word), "{args:?}: {told}");
        }
        assert!(KeepArgs { claim_window: 6, ..USUAL }.claim_window().is_err());
        let least = KeepArgs { keep_access_log: 365, keep_audit: Some(365), destroy_persons_after: Some(92), ..USUAL };
        assert_eq!(least.terms().unwrap().persons, Some(days(92)));
    }
}
