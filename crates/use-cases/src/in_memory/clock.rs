//! A clock that moves only when it is told to, or when everybody is waiting for it.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use chrono::{DateTime, TimeDelta, Utc};

use crate::ports;

/// Simulated time, from 2025-09-01T12:00:00Z on.
#[derive(Debug)]
pub struct Clock {
    now: Cell<DateTime<Utc>>,
    sleepers: RefCell<Vec<(DateTime<Utc>, Waker)>>,
}

impl Default for Clock {
    fn default() -> Self {
        let start = DateTime::from_timestamp(1_756_728_000, 0).unwrap_or_default();
        Self {
            now: Cell::new(start),
            sleepers: RefCell::default(),
        }
    }
}

impl Clock {
    /// Lets time pass and wakes those who waited for it.
    pub fn advance(&self, milliseconds: u64) {
        let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
        let passed = TimeDelta::try_milliseconds(milliseconds).unwrap_or(TimeDelta::MAX);
        self.set(
            self.now
                .get()
                .checked_add_signed(passed)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        );
    }

    /// Moves to an instant and wakes those who waited for it.
    pub fn set(&self, now: DateTime<Utc>) {
        self.now.set(now);
        let mut due = Vec::new();
        self.sleepers.borrow_mut().retain(|(until, waker)| {
            let waits = *until > now;
            if !waits {
                due.push(waker.clone());
            }
            waits
        });
        due.into_iter().for_each(Waker::wake);
    }

    /// The next instant somebody waits for.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.sleepers.borrow().iter().map(|(until, _)| *until).min()
    }

    /// Runs a future to its end; whenever all in it wait for the clock, jumps to the next instant
    /// somebody waits for. `None` when it waits for something that can never come.
    pub fn drive<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut future = pin!(future);
        loop {
            while flag.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(value);
                }
            }
            self.set(self.next()?);
        }
    }
}

impl ports::Clock for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.now.get()
    }

    async fn sleep(&self, milliseconds: u64) {
        let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
        let wait = TimeDelta::try_milliseconds(milliseconds).unwrap_or(TimeDelta::MAX);
        let until = self
            .now
            .get()
            .checked_add_signed(wait)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        std::future::poll_fn(|context| {
            if self.now.get() >= until {
                return Poll::Ready(());
            }
            let sleeper = (until, context.waker().clone());
            self.sleepers.borrow_mut().push(sleeper);
            Poll::Pending
        })
        .await;
    }
}

/// Remembers that somebody has news.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Clock as _;

    #[test]
    fn waiting_takes_no_time_but_moves_the_clock() {
        let clock = Clock::default();
        let before = clock.now();
        let order = RefCell::new(Vec::new());
        let nap = async |ms| {
            clock.sleep(ms).await;
            order.borrow_mut().push(ms);
        };
        let done = clock.drive(async { futures_util::join!(nap(3000), nap(1000), nap(0)) });
        assert!(done.is_some());
        assert_eq!(*order.borrow(), [0, 1000, 3000]);
        assert_eq!((clock.now() - before).num_milliseconds(), 3000);
    }

    #[test]
    fn waiting_for_nothing_is_noticed() {
        let clock = Clock::default();
        assert!(clock.drive(std::future::pending::<()>()).is_none());
    }

    #[test]
    fn instants_have_whole_milliseconds() {
        let clock = Clock::default();
        clock.advance(1);
        assert_eq!(clock.instant().to_string(), "2025-09-01T12:00:00.001Z");
    }
}
