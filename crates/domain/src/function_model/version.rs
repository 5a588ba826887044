//! Version numbers, and which number may follow which.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError};
use crate::vocabulary::VersionBump;

/// A semantic version, `major.minor.patch` with an optional prerelease; each number below 2^31.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
    prerelease: Option<String>,
}

impl Version {
    /// The version a new model starts with.
    pub const INITIAL: Self = Self::plain(1, 0, 0);

    /// A version without prerelease.
    pub const fn plain(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
            prerelease: None,
        }
    }

    /// Reads a version.
    ///
    /// # Errors
    /// `VERSION_INVALID` for anything but three numbers without leading zeros and, after a
    /// hyphen, identifiers of letters, digits and hyphens joined by dots.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        read(text.trim()).ok_or_else(|| invalid(text, "format", "x.y.z or x.y.z-prerelease"))
    }

    /// Reads a number that a snapshot may carry.
    ///
    /// # Errors
    /// `VERSION_INVALID`, also for a prerelease.
    pub fn parse_plain(text: &str) -> Result<Self, DomainError> {
        let version = Self::parse(text)?;
        if version.prerelease.is_some() {
            return Err(invalid(text, "plain", "x.y.z"));
        }
        Ok(version)
    }

    /// The version after this one; numbers that can rise no further stay.
    #[must_use]
    pub fn bumped(&self, bump: VersionBump) -> Self {
        let next = |number: u32| number.saturating_add(1).min(MAX);
        match bump {
            VersionBump::Major => Self::plain(next(self.major), 0, 0),
            VersionBump::Minor => Self::plain(self.major, next(self.minor), 0),
            VersionBump::Patch => Self::plain(self.major, self.minor, next(self.patch)),
        }
    }

    /// Which step leads from this version to `target`.
    ///
    /// # Errors
    /// `VERSION_NOT_GREATER`, or `VERSION_INCREMENT_INVALID` when it is not exactly one step.
    pub fn step_to(&self, target: &Self) -> Result<VersionBump, DomainError> {
        if target <= self {
            let message = format!("{target} is not greater than {self}.");
            return Err(DomainError::new(Code::VersionNotGreater, message));
        }
        VersionBump::ALL
            .iter()
            .copied()
            .find(|bump| self.bumped(*bump) == *target)
            .ok_or_else(|| {
                let allowed: Vec<String> = VersionBump::ALL
                    .iter()
                    .map(|bump| self.bumped(*bump).to_string())
                    .collect();
                let message = format!("After {self} comes one of {}.", allowed.join(", "));
                DomainError::new(Code::VersionIncrementInvalid, message).with("allowed", allowed)
            })
    }

    /// The first number.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The second number.
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// The third number.
    pub fn patch(&self) -> u32 {
        self.patch
    }

    /// What stands after the hyphen.
    pub fn prerelease(&self) -> Option<&str> {
        self.prerelease.as_deref()
    }
}

const MAX: u32 = i32::MAX as u32;

fn invalid(text: &str, rule: &str, limit: &str) -> DomainError {
    DomainError::field(
        Code::VersionInvalid,
        "This is not a version number.",
        FieldError::new("", rule).limit(limit).value(text),
    )
}

fn read(text: &str) -> Option<Version> {
    let (numbers, prerelease) = match text.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (text, None),
    };
    let mut parts = numbers.split('.').map(number);
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !prerelease.is_none_or(|p| p.split('.').all(is_identifier)) {
        return None;
    }
    Some(Version {
        major,
        minor,
        patch,
        prerelease: prerelease.map(str::to_owned),
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= MAX)
}

fn is_identifier(text: &str) -> bool {
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let numeric = text.bytes().all(|b| b.is_ascii_digit());
    !text.is_empty()
        && text.bytes().all(alphabet)
        && !(numeric && text.len() > 1 && text.starts_with('0'))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        match &self.prerelease {
            Some(prerelease) => write!(f, "-{prerelease}"),
            None => Ok(()),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |v: &Self| (v.major, v.minor, v.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (&self.prerelease, &other.prerelease) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => compare_prereleases(a, b),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match compare_identifiers(x, y) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

/// Numbers compare as numbers, however long, and stand below other identifiers.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (numeric(a), numeric(b)) {
        (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

impl TryFrom<String> for Version {
    type Error = DomainError;

    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::parse(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn malformed_numbers_are_refused() {
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "1.0.-1",
            "1.0.0-",
            "1.0.0+build",
            "01.0.0",
            "1.00.0",
            "1.0.0-a..b",
            "1.0.0-01",
            "2147483648.0.0",
            "1.0.x",
            "1. 0.0",
            "1.0.0-ä",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
        assert!(Version::parse_plain("1.0.0-rc.1").is_err());
        assert_eq!(
            Version::parse_plain(" 1.2.3 ").unwrap(),
            Version::plain(1, 2, 3)
        );
    }

    #[test]
    fn order_is_that_of_semantic_versioning() {
        let sorted = [
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.1.0",
            "2.0.0",
            "2147483647.0.0",
        ];
        for pair in sorted.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("1.0.0-a").cmp(&version("1.0.0-a")), Ordering::Equal);
    }

    #[test]
    fn steps_drop_the_prerelease() {
        let check = |from: &str, bump, to: &str| {
            assert_eq!(version(from).bumped(bump).to_string(), to);
        };
        check("1.2.3", VersionBump::Major, "2.0.0");
        check("1.2.3", VersionBump::Minor, "1.3.0");
        check("1.0.0-alpha.1", VersionBump::Patch, "1.0.1");
    }

    #[test]
    fn exactly_one_step_is_allowed() {
        let check = |to: &str| Version::INITIAL.step_to(&version(to)).map_err(|e| e.code);
        assert_eq!(check("2.0.0"), Ok(VersionBump::Major));
        assert_eq!(check("1.1.0"), Ok(VersionBump::Minor));
        assert_eq!(check("1.0.1"), Ok(VersionBump::Patch));
        assert_eq!(check("1.0.0"), Err(Code::VersionNotGreater));
        assert_eq!(check("0.9.0"), Err(Code::VersionNotGreater));
        for far in ["1.0.2", "1.1.1", "2.1.0", "3.0.0"] {
            assert_eq!(check(far), Err(Code::VersionIncrementInvalid), "{far}");
        }
    }

    #[test]
    fn json_is_text() {
        let parsed: Version = serde_json::from_str("\"1.2.3-rc.1\"").unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), "\"1.2.3-rc.1\"");
        assert_eq!((parsed.major(), parsed.minor(), parsed.patch()), (1, 2, 3));
        assert_eq!(parsed.prerelease(), Some("rc.1"));
    }
}
