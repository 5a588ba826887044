//! Which instant a wall clock means.
//!
//! The rule: a time that the clock skips (it is put forward) means the first instant after the gap;
//! a time that it shows twice (it is put back) means the first of both.

use chrono::{NaiveDateTime, TimeDelta};

use super::Cron;
use crate::instant::Instant;

/// Farther from UTC than any zone.
const A_DAY: TimeDelta = TimeDelta::days(1);
/// More minutes than any clock was ever put back by.
const MOST_REPEATED: usize = 2000;

/// What a zone's wall clock shows, by how far ahead of UTC it is at an instant, in seconds.
#[derive(Clone, Copy)]
pub struct WallClock<F>(pub F);

impl<F: Fn(Instant) -> i32> WallClock<F> {
    /// What it shows.
    pub fn shows(&self, at: Instant) -> NaiveDateTime {
        at.as_datetime().naive_utc() + TimeDelta::seconds(i64::from(self.0(at)))
    }

    /// The instant that is meant by what it shows.
    pub fn means(&self, shown: NaiveDateTime) -> Instant {
        let early = instant(shown - A_DAY);
        let late = instant(shown + A_DAY);
        let mut offsets = [self.0(early), self.0(late)];
        // The farther ahead of UTC, the earlier.
        offsets.sort_by(|one, two| two.cmp(one));
        for offset in offsets {
            let candidate = instant(shown - TimeDelta::seconds(i64::from(offset)));
            if self.0(candidate) == offset {
                return candidate;
            }
        }
        self.after_gap(early, late, shown)
    }

    /// The first instant between two at which it shows more than this, to the second.
    fn after_gap(&self, mut early: Instant, mut late: Instant, shown: NaiveDateTime) -> Instant {
        while late.millis_since(early) > 1000 {
            let seconds = late.millis_since(early) / 2000;
            let middle = early.plus_millis(seconds.max(1) * 1000);
            if self.shows(middle) > shown {
                late = middle;
            } else {
                early = middle;
            }
        }
        late
    }

    /// The first instant after this one at which the expression's time has come.
    pub fn next(&self, cron: &Cron, after: Instant) -> Option<Instant> {
        let mut shown = self.shows(after);
        // What the clock shows for the second time was meant the first time.
        for _ in 0..MOST_REPEATED {
            shown = cron.next(shown)?;
            let meant = self.means(shown);
            if meant > after {
                return Some(meant);
            }
        }
        None
    }
}

fn instant(utc: NaiveDateTime) -> Instant {
    Instant::from_datetime(utc.and_utc())
}

#[cfg(test)]
mod tests {
    use chrono::{Offset, TimeZone};
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;

    const ZONES: [Tz; 8] = [
        Tz::UTC,
        Tz::Europe__Berlin,
        Tz::America__New_York,
        Tz::Australia__Lord_Howe,
        Tz::Asia__Kolkata,
        Tz::America__St_Johns,
        Tz::Pacific__Apia,
        Tz::Africa__Casablanca,
    ];
    const EXPRESSIONS: [&str; 6] = [
        "* * * * *",
        "*/15 * * * *",
        "30 2 * * *",
        "0 0 * * 0",
        "59 1,2,3 * * *",
        "0 3 L * *",
    ];

    fn clock(zone: Tz) -> WallClock<impl Fn(Instant) -> i32> {
        WallClock(move |at: Instant| {
            let utc = at.as_datetime().naive_utc();
            zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
        })
    }

    fn next(zone: Tz, expression: &str, after: &str) -> String {
        let after = Instant::parse(after).unwrap();
        let cron = Cron::parse(expression).unwrap();
        clock(zone).next(&cron, after).unwrap().to_string()
    }

    #[test]
    fn a_time_that_is_skipped_comes_when_the_gap_ends() {
        // In Berlin 02:00 to 03:00 does not exist on 29 March 2026.
        let before = "2026-03-28T12:00:00Z";
        let end = "2026-03-29T01:00:00.000Z";
        assert_eq!(next(Tz::Europe__Berlin, "30 2 * * *", before), end);
        let following = "2026-03-30T00:30:00.000Z";
        assert_eq!(next(Tz::Europe__Berlin, "30 2 * * *", end), following);
        // Several times in one gap are one.
        let quarter = next(Tz::Europe__Berlin, "*/15 2 * * *", end);
        assert_eq!(quarter, "2026-03-30T00:00:00.000Z");
    }

    #[test]
    fn a_time_that_is_shown_twice_comes_once_and_first() {
        // In Berlin 02:00 to 03:00 comes twice on 25 October 2026.
        let first = next(Tz::Europe__Berlin, "30 2 * * *", "2026-10-24T12:00:00Z");
        assert_eq!(first, "2026-10-25T00:30:00.000Z");
        let second = next(Tz::Europe__Berlin, "30 2 * * *", &first);
        assert_eq!(second, "2026-10-26T01:30:00.000Z");
        let minute = next(Tz::Europe__Berlin, "* * * * *", "2026-10-25T00:59:00Z");
        assert_eq!(minute, "2026-10-25T02:00:00.000Z");
    }

    proptest! {
        #[test]
        fn what_a_clock_shows_means_what_the_tz_database_says(
            zone in 0..ZONES.len(), minute in 10_000_000i64..35_500_000,
        ) {
            let zone = ZONES[zone];
            let shown = chrono::DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc();
            let meant = clock(zone).means(shown);
            match zone.from_local_datetime(&shown).earliest() {
                Some(first) => prop_assert_eq!(meant.as_millis(), first.timestamp_millis()),
                None => {
                    let shows = |at| clock(zone).shows(at);
                    prop_assert!(shows(meant) > shown);
                    prop_assert!(shows(meant.plus_millis(-1000)) < shown);
                }
            }
        }

        #[test]
        fn no_time_is_left_out_and_none_comes_twice(
            zone in 0..ZONES.len(), expression in 0..EXPRESSIONS.len(),
            change in 0..2000usize, minute in -2000i64..2000,
        ) {
            let zone = ZONES[zone];
            let clock = clock(zone);
            let cron = Cron::parse(EXPRESSIONS[expression]).unwrap();
            // Near a change of the clock, if one comes within 2,000 days.
            let start = Instant::parse("2021-01-01T00:00:00Z").unwrap();
            let day = |n: usize| start.plus_millis(n as i64 * 86_400_000);
            let changes = |n: &usize| (clock.0)(day(*n)) != (clock.0)(day(n + 1));
            let near = (change..change + 400).find(changes).unwrap_or(change);
            let after = day(near).plus_millis(minute * 60_000);
            let until = after.plus_millis(2 * 86_400_000);
            let mut fires = Vec::new();
            let mut last = after;
            while let Some(next) = clock.next(&cron, last).filter(|next| *next <= until) {
                prop_assert!(next > last);
                fires.push(next);
                last = next;
            }
            // Minute by minute: a time fits when it is shown for the first time, or is skipped here.
            let mut expected = Vec::new();
            let mut at = after.plus_millis(60_000);
            while at <= until {
                let (shown, before) = (clock.shows(at), clock.shows(at.plus_millis(-60_000)));
                let mut passed = before + TimeDelta::minutes(1);
                let mut fits = false;
                while passed <= shown {
                    fits |= cron.fits(passed) && clock.means(passed) == at;
                    passed += TimeDelta::minutes(1);
                }
                if fits {
                    expected.push(at);
                }
                at = at.plus_millis(60_000);
            }
            prop_assert_eq!(fires, expected);
        }
    }
}
