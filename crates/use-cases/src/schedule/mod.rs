//! Schedules: what starts runs at times. What their times lead to is in `background::schedules`.

mod access;
mod create;
mod list;
mod read;
mod remove;
mod turn;
mod update;

pub use create::create;
pub use list::list;
pub use read::{ScheduleDetails, read};
pub use remove::remove;
pub use turn::turn;
pub use update::update;

pub(crate) use access::wall_clock;
