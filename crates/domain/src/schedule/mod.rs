//! Schedules: runs that start by a cron expression on the wall clock of a time zone.
//!
//! `cron` knows which times of a wall clock fit, `wall_clock` which instants they mean; here is what
//! may be asked for, and what a time that has come leads to.

mod cron;
mod wall_clock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::cron::Cron;
pub use self::wall_clock::WallClock;
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::execution::{self, ExecuteFunctionModel, Start};
use crate::function_model::Version;
use crate::ids::{ExecutionId, ModelId, OrganizationId, ScheduleId, UserId, VersionId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::patch::Patch;
use crate::vocabulary::{Environment, JobPriority, words};

/// What stands for the version that is published when a time has come.
const PUBLISHED: &str = "published";
/// Most schedules of a model.
pub const MOST: usize = 100;
/// How many of the next times are told.
pub const PREVIEW: usize = 5;
/// Seconds that a missed time may be caught up in, unless said otherwise.
const USUAL_CATCHUP_SECONDS: i64 = 60;
/// Fewest and most of them: ten seconds, a year.
const CATCHUP_SECONDS: (i64, i64) = (10, 31_536_000);
/// The longest name of a zone.
const LONGEST_ZONE: usize = 64;

words!(
    /// What happens when a time comes while runs of the schedule have not ended.
    OverlapPolicy {
        /// No run starts.
        Skip => "skip",
        /// A run starts beside them.
        AllowAll => "allowAll",
        /// They are cancelled, and a run starts.
        CancelOther => "cancelOther",
    }
);

words!(
    /// Whether a schedule starts runs.
    ScheduleStatus {
        /// It does.
        Active => "active",
        /// It does not.
        Paused => "paused",
    }
);

words!(
    /// What a time that came led to.
    FireOutcome {
        /// A run was started.
        Fired => "fired",
        /// Earlier runs had not ended.
        Skipped => "skipped",
        /// It was found too late.
        Missed => "missed",
        /// Its owner may no longer run the model, or the model cannot run.
        Refused => "refused",
    }
);

/// Make a schedule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSchedule {
    /// The model that is run.
    pub model_id: ModelId,
    /// A version's number, or `published` for the one that is published when a time has come;
    /// `published` when absent.
    #[serde(default)]
    pub version: Option<String>,
    /// What runs start with.
    #[serde(default)]
    pub parameters: Option<JsonObject>,
    /// Where; production when absent.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// How urgent; `normal` when absent.
    #[serde(default)]
    pub priority: Option<JobPriority>,
    /// Seconds from its start until a run fails, 1–2 592 000.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2592000)))]
    pub timeout_seconds: Option<i64>,
    /// Minute, hour, day of month, month, day of week.
    #[cfg_attr(feature = "schema", schemars(length(max = cron::LONGEST), example = "0 9 * * 1-5"))]
    pub cron_expression: String,
    /// The IANA name of the zone whose wall clock counts; `UTC` when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = LONGEST_ZONE), example = "Europe/Berlin"))]
    pub time_zone: Option<String>,
    /// No run starts before.
    #[serde(default)]
    pub starts_at: Option<Instant>,
    /// No run starts after.
    #[serde(default)]
    pub ends_at: Option<Instant>,
    /// What happens when earlier runs have not ended; `skip` when absent.
    #[serde(default)]
    pub overlap_policy: Option<OverlapPolicy>,
    /// How late a run may start, 10–31 536 000 seconds; 60 when absent.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 31536000)))]
    pub catchup_window_seconds: Option<i64>,
}

/// Change a schedule; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateSchedule {
    /// A version's number, or `published`.
    pub version: Option<String>,
    /// What runs start with.
    pub parameters: Option<JsonObject>,
    /// Where.
    pub environment: Option<Environment>,
    /// How urgent.
    pub priority: Option<JobPriority>,
    /// Seconds from its start until a run fails, 1–2 592 000; `null` for no limit.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<u32>", range(min = 1, max = 2592000))
    )]
    pub timeout_seconds: Patch<i64>,
    /// Minute, hour, day of month, month, day of week.
    #[cfg_attr(feature = "schema", schemars(length(max = cron::LONGEST), example = "0 9 * * 1-5"))]
    pub cron_expression: Option<String>,
    /// The IANA name of the zone whose wall clock counts.
    #[cfg_attr(feature = "schema", schemars(length(max = LONGEST_ZONE), example = "Europe/Berlin"))]
    pub time_zone: Option<String>,
    /// No run starts before; `null` for no bound.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Instant>"))]
    pub starts_at: Patch<Instant>,
    /// No run starts after; `null` for no bound.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Instant>"))]
    pub ends_at: Patch<Instant>,
    /// What happens when earlier runs have not ended.
    pub overlap_policy: Option<OverlapPolicy>,
    /// How late a run may start, 10–31 536 000 seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 31536000)))]
    pub catchup_window_seconds: Option<i64>,
}

/// A schedule as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Its id.
    pub schedule_id: ScheduleId,
    /// The model that is run.
    pub model_id: ModelId,
    /// Whose the model is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Its owner: who made or last changed it. Runs start in this person's name and with their rights.
    pub user_id: UserId,
    /// A version's number, or `published`.
    pub version: String,
    /// The snapshot under that number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<VersionId>,
    /// What runs start with.
    #[serde(default)]
    pub parameters: JsonObject,
    /// Where.
    pub environment: Environment,
    /// How urgent.
    pub priority: JobPriority,
    /// Seconds from its start until a run fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Minute, hour, day of month, month, day of week.
    pub cron_expression: String,
    /// The zone whose wall clock counts.
    pub time_zone: String,
    /// No run starts before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Instant>,
    /// No run starts after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// What happens when earlier runs have not ended.
    pub overlap_policy: OverlapPolicy,
    /// How many seconds late a run may start.
    pub catchup_window_seconds: i64,
    /// Whether it starts runs.
    pub status: ScheduleStatus,
    /// When the next run starts; absent when paused, and when no time is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fire_at: Option<Instant>,
    /// What the last time that came led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fire: Option<LastFire>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

/// What the last time that came led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LastFire {
    /// The time.
    pub scheduled_for: Instant,
    /// What it led to.
    pub outcome: FireOutcome,
    /// When.
    pub at: Instant,
    /// The run that was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// Why nothing was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What is to be done about a time that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It has not come.
    NotYet,
    /// Start a run, if nothing stands against it.
    Fire,
    /// It is too late for it.
    Missed,
}

/// What earlier runs mean for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It starts.
    Start,
    /// It does not.
    Skip,
    /// They are cancelled, and it starts.
    Cancel,
}

impl OverlapPolicy {
    /// What so many earlier runs that have not ended mean.
    pub fn judge(self, unfinished: usize) -> Overlap {
        match self {
            _ if unfinished == 0 => Overlap::Start,
            Self::Skip => Overlap::Skip,
            Self::AllowAll => Overlap::Start,
            Self::CancelOther => Overlap::Cancel,
        }
    }
}

impl Schedule {
    /// A schedule as it is asked for; its version is still to be looked up.
    pub fn new(
        (schedule_id, user_id): (ScheduleId, UserId),
        organization_id: Option<OrganizationId>,
        command: CreateSchedule,
        now: Instant,
    ) -> Result<Self, DomainError> {
        let schedule = Self {
            schedule_id,
            model_id: command.model_id,
            organization_id,
            user_id,
            version: version(command.version),
            version_id: None,
            parameters: command.parameters.unwrap_or_default(),
            environment: command.environment.unwrap_or(Environment::Production),
            priority: command.priority.unwrap_or(JobPriority::Normal),
            timeout_seconds: None,
            cron_expression: command.cron_expression.trim().to_owned(),
            time_zone: zone(command.time_zone),
            starts_at: command.starts_at,
            ends_at: command.ends_at,
            overlap_policy: command.overlap_policy.unwrap_or(OverlapPolicy::Skip),
            catchup_window_seconds: command
                .catchup_window_seconds
                .unwrap_or(USUAL_CATCHUP_SECONDS),
            status: ScheduleStatus::Active,
            next_fire_at: None,
            last_fire: None,
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        schedule.checked(command.timeout_seconds, now)
    }

    /// The schedule after a change by this person, whose it is from then on.
    ///
    /// # Errors
    /// As a new one; `NOTHING_TO_CHANGE`.
    pub fn changed(
        &self,
        by: UserId,
        changes: UpdateSchedule,
        now: Instant,
    ) -> Result<Self, DomainError> {
        if changes == UpdateSchedule::default() {
            let message = "The update changes nothing.";
            return Err(DomainError::new(Code::NothingToChange, message));
        }
        let kept = self.clone();
        let timeout = kept.timeout_seconds.map(i64::from);
        let timeout = changes.timeout_seconds.apply(timeout);
        let version_stays = changes.version.is_none();
        let schedule = Self {
            user_id: by,
            version: changes
                .version
                .map_or(kept.version, |given| version(Some(given))),
            version_id: kept.version_id.filter(|_| version_stays),
            parameters: changes.parameters.unwrap_or(kept.parameters),
            environment: changes.environment.unwrap_or(kept.environment),
            priority: changes.priority.unwrap_or(kept.priority),
            cron_expression: changes
                .cron_expression
                .map_or(kept.cron_expression, |given| given.trim().to_owned()),
            time_zone: changes
                .time_zone
                .map_or(kept.time_zone, |given| zone(Some(given))),
            starts_at: changes.starts_at.apply(kept.starts_at),
            ends_at: changes.ends_at.apply(kept.ends_at),
            overlap_policy: changes.overlap_policy.unwrap_or(kept.overlap_policy),
            catchup_window_seconds: changes
                .catchup_window_seconds
                .unwrap_or(kept.catchup_window_seconds),
            updated_at: now,
            revision: self.revision + 1,
            ..kept
        };
        schedule.checked(timeout, now)
    }

    /// The schedule paused or active, by this person, whose it is from then on.
    ///
    /// # Errors
    /// `STATUS_TRANSITION_INVALID` when it is so already.
    pub fn turned(
        &self,
        by: UserId,
        status: ScheduleStatus,
        now: Instant,
    ) -> Result<Self, DomainError> {
        if self.status == status {
            let message = format!("The schedule is {status} already.");
            return Err(DomainError::new(Code::StatusTransitionInvalid, message)
                .with("from", self.status.as_str())
                .with("to", status.as_str()));
        }
        Ok(Self {
            user_id: by,
            status,
            next_fire_at: None,
            updated_at: now,
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// Checks every value, those that a start has too.
    fn checked(mut self, timeout: Option<i64>, now: Instant) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let mut wrong = |field: &str, rule: &str, limit: Value| {
            let error = FieldError::new(field, rule).limit(limit);
            violations.add(Code::ScheduleInvalid, error);
        };
        if self.version != PUBLISHED && Version::parse(&self.version).is_err() {
            wrong("version", "version", json!([PUBLISHED, "x.y.z"]));
        }
        if self.cron().is_none() {
            wrong(
                "cronExpression",
                "cron",
                json!({"fields": 5, "maxLength": cron::LONGEST}),
            );
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
        let length = self.time_zone.len();
        if !(1..=LONGEST_ZONE).contains(&length) || !self.time_zone.bytes().all(fits) {
            wrong("timeZone", "timeZone", json!("an IANA name"));
        }
        if self
            .starts_at
            .zip(self.ends_at)
            .is_some_and(|(start, end)| start >= end)
        {
            wrong("endsAt", "range", json!({"after": self.starts_at}));
        }
        let (least, most) = CATCHUP_SECONDS;
        if !(least..=most).contains(&self.catchup_window_seconds) {
            wrong(
                "catchupWindowSeconds",
                "range",
                json!({"min": least, "max": most}),
            );
        }
        if let Err(refusal) = self.start(timeout, now).map(|start| {
            self.parameters = start.parameters;
            self.timeout_seconds = start.timeout_seconds;
        }) {
            violations.absorb("", refusal);
        }
        violations.finish()?;
        Ok(self)
    }

    fn start(&self, timeout: Option<i64>, now: Instant) -> Result<Start, DomainError> {
        let command = ExecuteFunctionModel {
            environment: Some(self.environment),
            parameters: Some(self.parameters.clone()),
            timeout_seconds: timeout,
            priority: Some(self.priority),
            ..ExecuteFunctionModel::default()
        };
        execution::check_values(&command, now)
    }

    /// What a run starts with.
    ///
    /// # Errors
    /// As any start.
    pub fn start_now(&self, now: Instant) -> Result<Start, DomainError> {
        self.start(self.timeout_seconds.map(i64::from), now)
    }

    /// The number of the version that it runs, unless it is the published one.
    pub fn fixed_version(&self) -> Option<&str> {
        Some(self.version.as_str()).filter(|version| *version != PUBLISHED)
    }

    fn cron(&self) -> Option<Cron> {
        Cron::parse(&self.cron_expression)
    }

    /// The times at which it starts runs, at most so many, all after an instant and within its bounds.
    pub fn times(
        &self,
        clock: WallClock<impl Fn(Instant) -> i32>,
        after: Instant,
        most: usize,
    ) -> Vec<Instant> {
        let Some(cron) = self.cron() else {
            return Vec::new();
        };
        let bound = self.starts_at.map(|start| start.plus_millis(-1));
        let mut last = bound.map_or(after, |bound| bound.max(after));
        let mut times = Vec::new();
        while times.len() < most {
            let next = clock.next(&cron, last);
            let within = |next: &Instant| self.ends_at.is_none_or(|end| *next <= end);
            let Some(next) = next.filter(within) else {
                break;
            };
            times.push(next);
            last = next;
        }
        times
    }

    /// What is to be done about its next time.
    pub fn due(&self, now: Instant) -> Due {
        match self.next_fire_at {
            Some(at) if at <= now && at >= self.caught_up_from(now) => Due::Fire,
            Some(at) if at <= now => Due::Missed,
            _ => Due::NotYet,
        }
    }

    /// The earliest time that a run may still start for.
    pub fn caught_up_from(&self, now: Instant) -> Instant {
        now.plus_millis(-self.catchup_window_seconds.saturating_mul(1000))
    }

    /// The event of a change by its owner.
    pub fn event(&self, event_type: &str) -> Value {
        let definition = json!({
            "scheduleId": self.schedule_id, "modelId": self.model_id, "version": self.version,
            "parameters": self.parameters, "environment": self.environment, "priority": self.priority,
            "timeoutSeconds": self.timeout_seconds, "cronExpression": self.cron_expression,
            "timeZone": self.time_zone, "startsAt": self.starts_at, "endsAt": self.ends_at,
            "overlapPolicy": self.overlap_policy, "catchupWindowSeconds": self.catchup_window_seconds,
            "status": self.status, "by": self.user_id, "at": self.updated_at,
        });
        json!({"eventType": event_type, "eventVersion": 1, "data": definition})
    }

    /// The event of its removal.
    pub fn removal(&self, by: UserId, at: Instant) -> Value {
        let data = json!({
            "scheduleId": self.schedule_id, "modelId": self.model_id, "by": by, "at": at,
        });
        json!({"eventType": "ScheduleDeleted", "eventVersion": 1, "data": data})
    }
}

/// The refusal of a schedule with a zone that is not known.
pub fn unknown_zone(name: &str) -> DomainError {
    let error = FieldError::new("timeZone", "timeZone").value(name);
    DomainError::field(Code::ScheduleInvalid, "The time zone is not known.", error)
}

/// The refusal of one more schedule.
pub fn too_many() -> DomainError {
    let message = format!("The model has {MOST} schedules already.");
    DomainError::new(Code::ScheduleInvalid, message)
}

fn version(given: Option<String>) -> String {
    given.map_or_else(|| PUBLISHED.to_owned(), |given| given.trim().to_owned())
}

fn zone(given: Option<String>) -> String {
    given.map_or_else(|| "UTC".to_owned(), |given| given.trim().to_owned())
}

#[cfg(test)]
mod tests;
