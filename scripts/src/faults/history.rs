//! What was recorded of the runs, and whether it can be true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tokio_postgres::Client;
use uuid::Uuid;

use super::far_side::FarSide;
use crate::test::connect;

/// Attempts that a worker holds at a time, and two workers may be alive while one replaces the other.
const HELD: usize = 2 * 16;

/// A run as the database has it.
struct Run {
    id: Uuid,
    order: String,
    status: String,
    events: Vec<Event>,
}

/// An event of a run.
struct Event {
    version: i32,
    event_type: String,
    action: Option<String>,
    at: SystemTime,
}

/// A step of a run, with what the service counted for it.
struct Step {
    run: Uuid,
    step: i32,
    attempts: i32,
    failures: i32,
    status: String,
    calls: u32,
}

/// All that was recorded.
pub(super) struct Recorded {
    runs: Vec<Run>,
    steps: Vec<Step>,
    /// Things that the service was asked for with more than one key.
    twice: Vec<(String, String)>,
}

impl Recorded {
    /// Reads it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn read(url: &str, far_side: &FarSide) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        Ok(Self {
            runs: runs(&client).await?,
            steps: steps(&client, far_side).await?,
            twice: far_side.with(|ledger| {
                let effects = ledger.effects.iter();
                let twice = effects.filter(|(_, times)| **times > 1);
                twice.map(|(what, _)| what.clone()).collect()
            }),
        })
    }

    /// How many runs there were.
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// How many actions they had.
    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// From each kill to the next thing that happened to an action, shortest first.
    pub(super) fn times_to_resume(&self, kills: &[SystemTime]) -> Vec<Duration> {
        let events = self.runs.iter().flat_map(|run| &run.events);
        let events = events.filter(|event| event.action.is_some());
        let mut moments: Vec<SystemTime> = events.map(|event| event.at).collect();
        moments.sort_unstable();
        let next = |kill: &SystemTime| {
            let place = moments.partition_point(|moment| moment <= kill);
            moments.get(place)?.duration_since(*kill).ok()
        };
        let mut times: Vec<Duration> = kills.iter().filter_map(next).collect();
        times.sort_unstable();
        times
    }

    /// Everything that cannot be true, in words.
    pub(super) fn judge(
        &self,
        acknowledged: &BTreeSet<Uuid>,
        kills: usize,
        faults: usize,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let known: BTreeSet<Uuid> = self.runs.iter().map(|run| run.id).collect();
        for lost in acknowledged.difference(&known) {
            wrong.push(format!("run {lost} was acknowledged and is not there"));
        }
        let mut orders = BTreeMap::new();
        for run in &self.runs {
            *orders.entry(&run.order).or_insert(0) += 1;
            wrong.extend(run.judge().map(|why| format!("run {}: {why}", run.id)));
        }
        for (order, times) in orders.iter().filter(|(_, times)| **times > 1) {
            wrong.push(format!("{order} was started {times} times"));
        }
        for (order, step) in &self.twice {
            wrong.push(format!("{step} of {order} was done twice"));
        }
        wrong.extend(self.steps.iter().filter_map(Step::judge));
        let again = self.steps.iter();
        let again: i32 = again.map(|step| step.attempts - 1 - step.failures).sum();
        let explained = (kills + faults) * HELD;
        if usize::try_from(again).unwrap_or(0) > explained {
            wrong.push(format!(
                "{again} attempts without a failure before them, of which kills and lost requests explain {explained}"
            ));
        }
        wrong
    }
}

impl Run {
    /// The first thing about it that cannot be true.
    fn judge(&self) -> Option<String> {
        if !matches!(self.status.as_str(), "completed" | "failed") {
            return Some(format!("it is {}", self.status));
        }
        let expected: i32 = 1;
        for (event, version) in self.events.iter().zip(expected..) {
            if event.version != version {
                return Some(format!("event {version} is missing"));
            }
        }
        let types: Vec<&str> = self
            .events
            .iter()
            .map(|event| event.event_type.as_str())
            .collect();
        if types.first() != Some(&"WorkflowExecutionStarted") {
            return Some("it did not begin with its start".to_owned());
        }
        let end = match self.status.as_str() {
            "completed" => "WorkflowExecutionCompleted",
            _ => "WorkflowExecutionFailed",
        };
        if types.last() != Some(&end) || types.iter().filter(|name| **name == end).count() != 1 {
            return Some(format!("it is {} and ends with {types:?}", self.status));
        }
        self.actions_judged()
    }

    /// Each action begins before it ends, and ends once.
    fn actions_judged(&self) -> Option<String> {
        let mut states: BTreeMap<&str, &str> = BTreeMap::new();
        for event in &self.events {
            let Some(action) = event.action.as_deref() else {
                continue;
            };
            let before = states.get(action).copied().unwrap_or("new");
            let now = match (event.event_type.as_str(), before) {
                ("ActionNodeExecutionStarted", "new" | "begun" | "retried") => "begun",
                ("ActionNodeExecutionCompleted", "begun") => "completed",
                ("ActionNodeExecutionFailed", "begun") => "failed",
                ("ActionNodeExecutionRetried", "failed") => "retried",
                (other, before) => return Some(format!("{other} of {action}, which was {before}")),
            };
            states.insert(action, now);
        }
        let open = states
            .iter()
            .find(|(_, state)| !matches!(**state, "completed" | "failed"));
        open.map(|(action, state)| format!("{action} was left {state}"))
    }
}

impl Step {
    /// Whether the service was called more often than the step was handed out, or never.
    fn judge(&self) -> Option<String> {
        let name = format!("step {} of run {}", self.step, self.run);
        let attempts = u32::try_from(self.attempts).unwrap_or(0);
        if self.calls > attempts {
            return Some(format!(
                "{name}: {} calls in {attempts} attempts",
                self.calls
            ));
        }
        if self.status == "completed" && self.calls == 0 {
            return Some(format!("{name}: completed without a call"));
        }
        None
    }
}

async fn runs(client: &Client) -> anyhow::Result<Vec<Run>> {
    let mut events: BTreeMap<Uuid, Vec<Event>> = BTreeMap::new();
    let statement = "select aggregate_id, aggregate_version, event_type, facts ->> 'actionId' as action, occurred_at
        from public.execution_events order by aggregate_id, position";
    for row in client.query(statement, &[]).await? {
        let told = events.entry(row.get("aggregate_id")).or_default();
        told.push(Event {
            version: row.get("aggregate_version"),
            event_type: row.get("event_type"),
            action: row.get("action"),
            at: row.get("occurred_at"),
        });
    }
    let statement =
        "select execution_id, parameters ->> 'order' as \"order\", status::text as status
        from public.workflow_executions order by execution_id";
    let rows = client.query(statement, &[]).await?;
    let run = |row: &tokio_postgres::Row| {
        let id = row.get("execution_id");
        Run {
            id,
            order: row.get("order"),
            status: row.get("status"),
            events: events.remove(&id).unwrap_or_default(),
        }
    };
    Ok(rows.iter().map(run).collect())
}

async fn steps(client: &Client, far_side: &FarSide) -> anyhow::Result<Vec<Step>> {
    let statement = "select run.execution_id, run.step, run.attempt, run.failures, run.status::text as status
        from public.action_runs as run
        join public.workflow_executions as execution on execution.execution_id = run.execution_id
        join private.plan_steps as planned
          on planned.version_id = execution.version_id and planned.step = run.step and planned.kind = 'action'
        where run.attempt > 0";
    let rows = client.query(statement, &[]).await?;
    Ok(far_side.with(|ledger| {
        let step = |row: &tokio_postgres::Row| {
            let (run, step): (Uuid, i32) = (row.get("execution_id"), row.get("step"));
            let calls = ledger.calls.get(&format!("{run}-{step}"));
            Step {
                run,
                step,
                attempts: row.get("attempt"),
                failures: row.get("failures"),
                status: row.get("status"),
                calls: calls.copied().unwrap_or(0),
            }
        };
        rows.iter().map(step).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: &str, events: &[(&str, Option<&str>)]) -> Run {
        let events = events.iter().zip(1..);
        Run {
            id: Uuid::nil(),
            order: "order-1".to_owned(),
            status: status.to_owned(),
            events: events
                .map(|((event_type, action), version)| Event {
                    version,
                    event_type: (*event_type).to_owned(),
                    action: action.map(str::to_owned),
                    at: SystemTime::UNIX_EPOCH,
                })
                .collect(),
        }
    }

    const GOOD: [(&str, Option<&str>); 5] = [
        ("WorkflowExecutionStarted", None),
        ("ActionNodeExecutionStarted", Some("a")),
        ("ActionNodeExecutionStarted", Some("a")),
        ("ActionNodeExecutionCompleted", Some("a")),
        ("WorkflowExecutionCompleted", None),
    ];

    #[test]
    fn a_run_that_can_be_true_is_passed() {
        assert_eq!(run("completed", &GOOD).judge(), None);
    }

    #[test]
    fn what_cannot_be_true_is_told() {
        assert!(run("running", &GOOD).judge().is_some());
        assert!(run("failed", &GOOD).judge().is_some());
        assert!(run("completed", &GOOD[1..]).judge().is_some());
        assert!(run("completed", &GOOD[..4]).judge().is_some());
        let mut twice = GOOD.to_vec();
        twice.insert(4, GOOD[3]);
        assert!(run("completed", &twice).judge().is_some());
        let mut open = GOOD.to_vec();
        open.remove(3);
        assert!(run("completed", &open).judge().is_some());
        let mut gap = run("completed", &GOOD);
        gap.events.remove(1);
        assert!(gap.judge().is_some());
    }

    #[test]
    fn more_calls_than_attempts_are_told() {
        let step = |attempts, calls, status: &str| Step {
            run: Uuid::nil(),
            step: 1,
            attempts,
            failures: 0,
            status: status.to_owned(),
            calls,
        };
        assert_eq!(step(2, 2, "completed").judge(), None);
        assert!(step(1, 2, "completed").judge().is_some());
        assert!(step(1, 0, "completed").judge().is_some());
        assert_eq!(step(1, 0, "failed").judge(), None);
    }

    #[test]
    fn a_run_that_is_lost_or_started_twice_and_a_thing_done_twice_are_told() {
        let recorded = |runs, twice| Recorded {
            runs,
            steps: Vec::new(),
            twice,
        };
        let good = || run("completed", &GOOD);
        let all = BTreeSet::from([Uuid::nil()]);
        assert!(recorded(vec![good()], vec![]).judge(&all, 0, 0).is_empty());
        assert_eq!(recorded(vec![], vec![]).judge(&all, 0, 0).len(), 1);
        assert_eq!(
            recorded(vec![good(), good()], vec![])
                .judge(&all, 0, 0)
                .len(),
            1
        );
        let twice = vec![("order-1".to_owned(), "step-0".to_owned())];
        assert_eq!(recorded(vec![good()], twice).judge(&all, 0, 0).len(), 1);
    }
}
