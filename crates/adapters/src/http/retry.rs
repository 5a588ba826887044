//! Whether a call is made once more, and after which pause. Pure: the caller waits.

use std::cell::Cell;

use chrono::DateTime;

use super::HttpResponse;

/// How often and how patiently a call is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries in total, the first one included.
    pub tries: u32,
    /// The longest pause before the second try, in milliseconds; it doubles with every further one.
    pub first_pause_ms: u64,
    /// No pause is longer than this, in milliseconds.
    pub longest_pause_ms: u64,
}

impl Retry {
    /// For reads of the database: short, since a person waits.
    pub const READS: Retry = Retry {
        tries: 3,
        first_pause_ms: 100,
        longest_pause_ms: 400,
    };

    /// The pause in milliseconds before the next try, or `None` when `tried` tries are enough.
    /// `fraction` (0 up to 1) spreads the callers over the whole pause, so that they do not come
    /// back together.
    pub fn pause_after(self, tried: u32, fraction: f64) -> Option<u64> {
        if tried >= self.tries {
            return None;
        }
        let doubled = self
            .first_pause_ms
            .saturating_mul(1 << tried.saturating_sub(1).min(20));
        let longest = doubled.min(self.longest_pause_ms);
        Some((longest as f64 * fraction.clamp(0.0, 1.0)) as u64)
    }
}

/// Numbers that spread callers; not for secrets.
#[derive(Debug)]
pub struct Spread {
    state: Cell<u64>,
}

impl Spread {
    /// Starts from any number, such as the time.
    pub fn new(seed: u64) -> Spread {
        Spread {
            state: Cell::new(seed),
        }
    }

    /// The next number, from 0 up to 1 (splitmix64).
    pub fn fraction(&self) -> f64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Reads `Retry-After`, whole seconds or a date, and answers milliseconds, at most one hour. A date
/// counts from the answer's own `Date`, so that clocks may differ. A hint that cannot be read is none.
pub fn retry_after_ms(response: &HttpResponse) -> Option<u64> {
    let hint = response.header("retry-after")?.trim();
    let seconds = match hint.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = |text: &str| DateTime::parse_from_rfc2822(text.trim()).ok();
            let sent = date(response.header("date")?)?;
            u64::try_from((date(hint)? - sent).num_seconds()).unwrap_or_default()
        }
    };
    Some(seconds.min(3600) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let pause = |tried| {
            Retry {
                tries: 5,
                ..Retry::READS
            }
            .pause_after(tried, 1.0)
        };
        assert_eq!(pause(1), Some(100));
        assert_eq!(pause(2), Some(200));
        assert_eq!(pause(3), Some(400));
        assert_eq!(pause(4), Some(400));
        assert_eq!(pause(5), None);
        assert_eq!(Retry::READS.pause_after(1, 0.0), Some(0));
        assert_eq!(Retry::READS.pause_after(3, 0.5), None);
    }

    #[test]
    fn fractions_spread_over_the_whole_range() {
        let spread = Spread::new(7);
        let drawn: Vec<f64> = (0..1000).map(|_| spread.fraction()).collect();
        assert!(drawn.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }

    #[test]
    fn a_hint_counts_in_seconds_and_is_bounded() {
        assert_eq!(hint(&[("retry-after", " 3 ")]), Some(3000));
        assert_eq!(hint(&[("retry-after", "86400")]), Some(3_600_000));
        assert_eq!(hint(&[("retry-after", "-1")]), None);
        assert_eq!(hint(&[("retry-after", "soon"), ("date", SENT)]), None);
        assert_eq!(hint(&[]), None);
    }

    #[test]
    fn a_date_counts_from_when_the_answer_was_sent() {
        let until = |date| hint(&[("retry-after", date), ("date", SENT)]);
        assert_eq!(until("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30_000));
        assert_eq!(until("Thu, 22 Oct 2015 07:28:00 GMT"), Some(3_600_000));
        assert_eq!(until("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(hint(&[("retry-after", SENT)]), None);
    }

    const SENT: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    fn hint(headers: &[(&str, &str)]) -> Option<u64> {
        let text = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        retry_after_ms(&HttpResponse {
            status: 503,
            headers: headers.iter().map(text).collect(),
            body: String::new(),
        })
    }
}
