//! A moment in time, as the domain and its JSON know it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A UTC instant with the precision of a millisecond, `2025-09-01T12:00:00.000Z` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = crate::schema::instant, with = "String"))]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// Takes a time and drops what is finer than a millisecond.
    pub fn from_datetime(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(3))
    }

    /// Milliseconds since 1970; values beyond what the calendar holds become its start.
    pub fn from_millis(millis: i64) -> Self {
        Self(DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MIN_UTC))
    }

    /// Reads RFC 3339 text of any offset.
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text.trim()).ok()?;
        Some(Self::from_datetime(time.with_timezone(&Utc)))
    }

    /// The time inside.
    pub fn as_datetime(&self) -> DateTime<Utc> {
        self.0
    }

    /// Milliseconds since 1970.
    pub fn as_millis(&self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Milliseconds from `earlier` to this instant, negative when it lies before.
    pub fn millis_since(&self, earlier: Self) -> i64 {
        self.as_millis().saturating_sub(earlier.as_millis())
    }

    /// This instant moved by some milliseconds.
    #[must_use]
    pub fn plus_millis(&self, millis: i64) -> Self {
        Self::from_millis(self.as_millis().saturating_add(millis))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("an RFC 3339 instant is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_with_milliseconds() {
        let instant = Instant::parse("2025-09-01T14:00:00.1239+02:00").unwrap();
        assert_eq!(instant.to_string(), "2025-09-01T12:00:00.123Z");
        let json = serde_json::to_string(&instant).unwrap();
        assert_eq!(serde_json::from_str::<Instant>(&json).unwrap(), instant);
        assert!(serde_json::from_str::<Instant>("\"yesterday\"").is_err());
        assert_eq!(Instant::from_datetime(instant.as_datetime()), instant);
    }

    #[test]
    fn differences_are_in_milliseconds_and_saturate() {
        let start = Instant::from_millis(1000);
        assert_eq!(start.plus_millis(500).millis_since(start), 500);
        assert!(start.plus_millis(i64::MAX) < start);
    }
}
