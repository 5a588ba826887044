//! When a job is due: pg_cron's two notations.
//!
//! `'10 seconds'` (1 to 59) means ten seconds after the last start. Five fields
//! (minute, hour, day of month, month, day of week) mean the minutes, in UTC, in
//! which all of them hold; as in every cron, when both day fields are restricted
//! one of them is enough. `$` is the last day of the month.

use chrono::{DateTime, Datelike as _, Days, TimeDelta, Timelike as _, Utc};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Ticks come a little early or late; a job must not wait a whole one more for that.
const TICK_TOLERANCE: TimeDelta = TimeDelta::milliseconds(200);

/// A parsed schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// This many seconds after the last start.
    Every(u32),
    Fields(Fields),
}

/// Each set is a bit mask of the allowed values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    last_day: bool,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

impl Schedule {
    /// Understands a schedule; `None` when it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if let Some(count) = text
            .strip_suffix("seconds")
            .or_else(|| text.strip_suffix("second"))
        {
            let seconds = count.trim().parse().ok()?;
            return (1..=59).contains(&seconds).then_some(Self::Every(seconds));
        }
        let text = match text.as_str() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return None;
        };
        let last_day = days.split(',').any(|part| part == "$");
        let plain: Vec<&str> = days.split(',').filter(|part| *part != "$").collect();
        let days_mask = if plain.is_empty() {
            0
        } else {
            set(&plain.join(","), 1, 31, &[])?
        };
        let weekdays_mask = set(weekdays, 0, 7, &WEEKDAYS)?;
        Some(Self::Fields(Fields {
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days: days_mask,
            last_day,
            months: set(months, 1, 12, &MONTHS)?,
            // Both 0 and 7 are Sunday.
            weekdays: weekdays_mask | (weekdays_mask >> 7 & 1),
            any_day: days.starts_with('*'),
            any_weekday: weekdays.starts_with('*'),
        }))
    }

    /// Whether a job that last started at `last` is to start at `now`.
    ///
    /// A job that has never run starts at once when it runs every few seconds, and
    /// else in the next minute that fits.
    pub(super) fn is_due(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        match self {
            Self::Every(seconds) => {
                let pause = TimeDelta::seconds(i64::from(*seconds)) - TICK_TOLERANCE;
                last.is_none_or(|last| now - last >= pause)
            }
            Self::Fields(fields) => {
                let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
                last.is_none_or(|last| minute(last) < minute(now)) && fields.hold(now)
            }
        }
    }
}

impl Fields {
    fn hold(&self, now: DateTime<Utc>) -> bool {
        let is_last = now
            .checked_add_days(Days::new(1))
            .is_some_and(|next| next.month() != now.month());
        let day = has(self.days, now.day()) || (self.last_day && is_last);
        let weekday = has(self.weekdays, now.weekday().num_days_from_sunday());
        let fits = if self.any_day || self.any_weekday {
            day && weekday
        } else {
            day || weekday
        };
        has(self.minutes, now.minute())
            && has(self.hours, now.hour())
            && has(self.months, now.month())
            && fits
    }
}

fn has(mask: u64, value: u32) -> bool {
    mask >> value & 1 == 1
}

/// The values that a list of `*`, `a`, `a-b`, each with an optional `/step`, names.
fn set(text: &str, least: u32, most: u32, names: &[&str]) -> Option<u64> {
    let mut mask = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from, least, names)?, value(to, least, names)?),
            None => {
                let from = value(range, least, names)?;
                (from, if part.contains('/') { most } else { from })
            }
        };
        if from < least || to > most || from > to {
            return None;
        }
        for value in (from..=to).step_by(usize::try_from(step).ok()?) {
            mask |= 1 << value;
        }
    }
    Some(mask)
}

fn value(text: &str, least: u32, names: &[&str]) -> Option<u32> {
    match names.iter().position(|name| *name == text) {
        Some(position) => Some(u32::try_from(position).ok()? + least),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, now: &str, due: bool) {
        let parsed = Schedule::parse(schedule).unwrap();
        assert_eq!(
            parsed.is_due(None, now.parse().unwrap()),
            due,
            "{schedule} at {now}"
        );
    }

    #[test]
    fn every_few_seconds_counts_from_the_last_start() {
        let two = Schedule::parse("2 seconds").unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(two.is_due(None, at("2025-09-01T12:00:00Z")));
        assert!(!two.is_due(Some(at("2025-09-01T12:00:00Z")), at("2025-09-01T12:00:01Z")));
        assert!(two.is_due(
            Some(at("2025-09-01T12:00:00.003Z")),
            at("2025-09-01T12:00:02.001Z")
        ));
    }

    #[test]
    fn a_minute_starts_a_job_once() {
        let minutely = Schedule::parse("* * * * *").unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(!minutely.is_due(Some(at("2025-09-01T12:00:01Z")), at("2025-09-01T12:00:59Z")));
        assert!(minutely.is_due(Some(at("2025-09-01T12:00:59Z")), at("2025-09-01T12:01:00Z")));
    }

    #[test]
    fn fields_take_lists_ranges_steps_and_names() {
        check("*/15 9-17 * * mon-fri", "2025-09-01T09:45:00Z", true);
        check("*/15 9-17 * * mon-fri", "2025-09-01T09:50:00Z", false);
        check("*/15 9-17 * * mon-fri", "2025-08-31T09:45:00Z", false);
        check("0 0 1,15 jan *", "2025-01-15T00:00:00Z", true);
        check("0 0 * * 7", "2025-08-31T00:00:00Z", true);
        check("0 0 $ * *", "2024-02-29T00:00:00Z", true);
        check("0 0 $ * *", "2024-02-28T00:00:00Z", false);
        check("5/20 * * * *", "2025-09-01T00:45:00Z", true);
    }

    #[test]
    fn two_restricted_day_fields_hold_when_one_does() {
        check("0 0 13 * fri", "2025-09-13T00:00:00Z", true);
        check("0 0 13 * fri", "2025-09-12T00:00:00Z", true);
        check("0 0 13 * fri", "2025-09-11T00:00:00Z", false);
    }

    #[test]
    fn nonsense_is_no_schedule() {
        for text in [
            "",
            "0 seconds",
            "60 seconds",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "*/0 * * * *",
            "5-1 * * * *",
        ] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
