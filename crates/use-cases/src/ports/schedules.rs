//! Schedules, and what their times lead to.

use domain::ids::{ExecutionId, ModelId, ScheduleId};
use domain::instant::Instant;
use domain::schedule::{FireOutcome, Schedule};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, NewExecution, Page, PageRequest, PortError, Written};
use crate::context::{Context, StoredAnswer};

/// A schedule whose time has come.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DueSchedule {
    /// The schedule.
    pub schedule: Schedule,
    /// The runs that it started and that have not ended.
    pub unfinished: Vec<ExecutionId>,
    /// The time of who keeps the schedules.
    pub now: Instant,
}

/// What a time of a schedule leads to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettledTime {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// Its revision; when it has changed meanwhile, nothing happens.
    pub revision: i64,
    /// The time.
    pub scheduled_for: Instant,
    /// What it leads to.
    pub outcome: FireOutcome,
    /// The time after it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_fire_at: Option<Instant>,
    /// The run to start, in the name of the schedule's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<NewExecution>,
    /// Whether earlier runs are cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel_other: bool,
    /// Why nothing is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The schedules of the models that the caller may see; and for the engine, those whose time has
/// come.
pub trait Schedules {
    /// One schedule.
    async fn find(
        &self,
        context: &Context,
        schedule_id: ScheduleId,
    ) -> Result<Option<Schedule>, PortError>;

    /// All of them, or those of a model, newest first.
    async fn list(
        &self,
        context: &Context,
        model_id: Option<ModelId>,
        page: &PageRequest,
    ) -> Result<Page<Schedule>, PortError>;

    /// Stores a schedule, which is the caller's then, with its events; answers its revision.
    /// `TooMany` beyond what a model may have.
    async fn save(
        &self,
        context: &Context,
        schedule: &Schedule,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes a schedule; what it started goes on.
    async fn remove(
        &self,
        context: &Context,
        schedule_id: ScheduleId,
        expected: Expected,
        events: &[Value],
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Schedules whose time has come, at most so many; for some seconds nobody else gets them.
    async fn claim(&self, want: u32) -> Result<Vec<DueSchedule>, PortError>;

    /// Does what a time leads to and moves the schedule on; `false` when somebody did before, or
    /// the schedule changed meanwhile. `Forbidden` when its owner may not start the run.
    async fn settle(&self, settled: &SettledTime) -> Result<bool, PortError>;
}

/// What the wall clocks of the world show.
pub trait TimeZones {
    /// How far ahead of UTC a zone is at an instant, in seconds; nothing for an unknown zone.
    fn offset(&self, zone: &str, at: Instant) -> Option<i32>;
}
