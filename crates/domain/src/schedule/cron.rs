//! Cron expressions over a wall clock, which knows neither zones nor changes of the clock.

use chrono::{Datelike, Days, NaiveDateTime, NaiveTime, Timelike};
use croner::parser::{CronParser, Seconds, Year};
use croner::{CronPattern, Weekday};

/// The longest expression, in characters.
pub(super) const LONGEST: usize = 100;
/// How far ahead a time is looked for: nine years hold a 29 February, also around 2100.
const HORIZON_DAYS: u64 = 9 * 366;
const WEEK: [Weekday; 7] = [
    Weekday::Sunday,
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
];

/// A cron expression of five fields: minute, hour, day of month, month, day of week.
///
/// A day fits when its day of month or its day of week does, if both are restricted; `L`, `W` and
/// `#` are known.
#[derive(Clone, Debug)]
pub struct Cron(CronPattern);

impl Cron {
    /// Reads an expression; nothing for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LONGEST || text.split_whitespace().count() != 5 || !text.is_ascii() {
            return None;
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        Some(Self(parser.parse(text).ok()?.pattern))
    }

    /// The first minute after this time that fits, if there is one within nine years.
    pub fn next(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let first = after.with_second(0)?.with_nanosecond(0)? + chrono::TimeDelta::minutes(1);
        let mut earliest = first.time();
        for day in 0..HORIZON_DAYS {
            let date = first.date().checked_add_days(Days::new(day))?;
            if self.fits_day(date)
                && let Some(time) = self.first_time(earliest)
            {
                return Some(date.and_time(time));
            }
            earliest = NaiveTime::MIN;
        }
        None
    }

    /// Whether this minute fits.
    pub fn fits(&self, time: NaiveDateTime) -> bool {
        self.fits_day(time.date()) && self.fits_hour(time.hour()) && self.fits_minute(time.minute())
    }

    fn fits_day(&self, date: chrono::NaiveDate) -> bool {
        let weekday = WEEK[date.weekday().num_days_from_sunday() as usize % 7];
        let (year, month, day) = (date.year(), date.month(), date.day());
        self.0.month_match(month).unwrap_or(false)
            && self.0.day_match(year, month, day, weekday).unwrap_or(false)
    }

    fn fits_hour(&self, hour: u32) -> bool {
        self.0.hour_match(hour).unwrap_or(false)
    }

    fn fits_minute(&self, minute: u32) -> bool {
        self.0.minute_match(minute).unwrap_or(false)
    }

    /// The first time of a day that fits, not before this one.
    fn first_time(&self, earliest: NaiveTime) -> Option<NaiveTime> {
        (earliest.hour()..24)
            .filter(|hour| self.fits_hour(*hour))
            .find_map(|hour| {
                let from = if hour == earliest.hour() {
                    earliest.minute()
                } else {
                    0
                };
                let minute = (from..60).find(|minute| self.fits_minute(*minute))?;
                NaiveTime::from_hms_opt(hour, minute, 0)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, after: &str) -> Option<String> {
        let after = NaiveDateTime::parse_from_str(after, "%Y-%m-%d %H:%M:%S").unwrap();
        let found = Cron::parse(expression).unwrap().next(after);
        found.map(|time| time.to_string())
    }

    #[test]
    fn expressions_have_five_fields() {
        for odd in [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "x * * * *",
            "*/0 * * * *",
            "é * * * *",
        ] {
            assert!(Cron::parse(odd).is_none(), "{odd}");
        }
        assert!(Cron::parse(&format!("{} * * * *", "1,".repeat(60))).is_none());
        assert!(Cron::parse(" 0 9 * * MON-FRI ").is_some());
    }

    #[test]
    fn the_next_time_is_the_first_that_fits_behind() {
        let at = "2026-03-01 12:00:00";
        assert_eq!(next("* * * * *", at).unwrap(), "2026-03-01 12:01:00");
        assert_eq!(
            next("*/15 * * * *", "2026-03-01 12:44:59").unwrap(),
            "2026-03-01 12:45:00"
        );
        assert_eq!(next("0 9 * * 1-5", at).unwrap(), "2026-03-02 09:00:00");
        assert_eq!(next("30 8 1 * *", at).unwrap(), "2026-04-01 08:30:00");
        assert_eq!(next("0 0 L * *", at).unwrap(), "2026-03-31 00:00:00");
        assert_eq!(next("0 0 * * 5#2", at).unwrap(), "2026-03-13 00:00:00");
        assert_eq!(next("0 0 13 * 5", at).unwrap(), "2026-03-06 00:00:00");
        assert_eq!(next("0 0 29 2 *", at).unwrap(), "2028-02-29 00:00:00");
        assert_eq!(
            next("0 0 29 2 *", "2096-03-01 00:00:00").unwrap(),
            "2104-02-29 00:00:00"
        );
        assert_eq!(next("0 0 30 2 *", at), None);
    }
}
