//! Days as Korea counts them (domain §3.4†): dates in Korean time, business days by a calendar of holidays.

use chrono::{Datelike as _, Days, FixedOffset, NaiveDate, Weekday};

use super::Time;

const KOREA_SECONDS_EAST: i32 = 9 * 60 * 60;

/// 휴일: days that are no business days, besides weekends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays(Vec<NaiveDate>);

impl Holidays {
    /// From dates in any order.
    pub fn new(mut days: Vec<NaiveDate>) -> Self {
        days.sort_unstable();
        days.dedup();
        Self(days)
    }

    /// Reads `2026-09-25,2026-10-05`.
    ///
    /// # Errors
    /// A sentence that names what is no date.
    pub fn parse(text: &str) -> Result<Self, String> {
        let days = text.split(',').map(str::trim).filter(|d| !d.is_empty());
        let day = |d: &str| d.parse().map_err(|_| format!("{d:?} is no date such as 2026-10-05"));
        Ok(Self::new(days.map(day).collect::<Result<_, String>>()?))
    }

    /// Whether business is done on that day.
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && self.0.binary_search(&day).is_err()
    }

    /// The same time on the next business day, or `at` itself when it is on one.
    pub fn business_time(&self, at: Time) -> Time {
        let Some(korea) = FixedOffset::east_opt(KOREA_SECONDS_EAST) else { return at };
        let mut shifted = at;
        while !self.is_business_day(shifted.with_timezone(&korea).date_naive()) {
            let Some(next) = shifted.checked_add_days(Days::new(1)) else { return at };
            shifted = next;
        }
        shifted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_and_holidays_are_passed_over_in_korean_time() {
        let holidays = Holidays::parse("2026-10-05, 2026-10-09").unwrap();
        for (at, expect) in [
            ("2026-10-02T05:00:00Z", "2026-10-02T05:00:00Z"), // Friday 14:00
            ("2026-10-02T15:30:00Z", "2026-10-05T15:30:00Z"), // Saturday 00:30 in Korea; Monday is a holiday
            ("2026-10-03T05:00:00Z", "2026-10-06T05:00:00Z"),
            ("2026-10-08T14:59:59Z", "2026-10-08T14:59:59Z"), // Thursday 23:59:59
            ("2026-10-08T15:00:00Z", "2026-10-11T15:00:00Z"), // Friday 00:00, a holiday
        ] {
            let (at, expect): (Time, Time) = (at.parse().unwrap(), expect.parse().unwrap());
            assert_eq!(holidays.business_time(at), expect, "{at}");
        }
        assert!(Holidays::parse("tomorrow").is_err());
    }
}
