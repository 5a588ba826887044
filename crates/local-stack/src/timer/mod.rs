//! The timer that stands for pg_cron and pg_net.
//!
//! - [`schedule`]: when a job is due.
//! - [`cron`]: runs the jobs of `cron.job`.
//! - [`net`]: sends the requests of `net.http_request_queue`.

pub(crate) mod cron;
pub(crate) mod net;
mod schedule;
