//! UC-022: one more attempt by hand, and taking a failed run up again from one action.

use crate::sorted::{self, SortedMap};

use super::failure::{DEPENDENCY_FAILED, after_failure};
use super::plan::{ActionStep, Group, Plan};
use crate::error::{Code, DomainError};
use crate::instant::Instant;
use crate::vocabulary::{ExecutionStatus, RunStatus};

/// How an action of a run stands when somebody asks for one more attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its status; `None` before its turn has come.
    pub status: Option<RunStatus>,
    /// Attempts that failed.
    pub failures: u32,
    /// When its next attempt is due, while it waits for that.
    pub due_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

/// What one more attempt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The attempt that waits is made now.
    Now,
    /// The failed run is taken up again from this action.
    TakeUp,
}

/// Decides whether somebody may have one more attempt. `force` lifts the two limits of the policy.
///
/// # Errors
/// `STATUS_TRANSITION_INVALID` with the states, `ACTION_ALREADY_EXECUTING`; without `force`
/// `MAX_RETRIES_EXCEEDED`, or `RETRY_TOO_EARLY` with `retryAfterMs`.
pub fn once_more(
    run: ExecutionStatus,
    action: &ActionStep,
    standing: &Standing,
    now: Instant,
    force: bool,
) -> Result<Again, DomainError> {
    let (again, due_at) = match (run, standing.status) {
        (ExecutionStatus::Running | ExecutionStatus::Paused, Some(RunStatus::Executing)) => {
            let message = "The action is being executed.";
            return Err(DomainError::new(Code::ActionAlreadyExecuting, message)
                .with("from", RunStatus::Executing.as_str())
                .with("to", RunStatus::Retrying.as_str()));
        }
        (ExecutionStatus::Running, Some(RunStatus::Retrying)) => (Again::Now, standing.due_at),
        (ExecutionStatus::Failed, Some(RunStatus::Failed)) => {
            (Again::TakeUp, next_allowed(action, standing, force)?)
        }
        (_, status) => return Err(not_possible(run, status)),
    };
    let wait_ms = due_at.map_or(0, |due| due.millis_since(now));
    if wait_ms > 0 && !force {
        let message = format!("The next attempt is possible in {wait_ms} ms.");
        let refusal = DomainError::new(Code::RetryTooEarly, message);
        return Err(refusal.with("retryAfterMs", wait_ms));
    }
    Ok(again)
}

/// When the policy lets a failed action be tried again.
fn next_allowed(
    action: &ActionStep,
    standing: &Standing,
    force: bool,
) -> Result<Option<Instant>, DomainError> {
    // The first attempt is no retry: after n failures the next one is retry n.
    let retry = standing.failures.max(1);
    let policy = &action.retry_policy;
    if !policy.should_retry(retry) {
        if force {
            return Ok(None);
        }
        let message = format!("The policy allows {} retries.", policy.max_attempts());
        let refusal = DomainError::new(Code::MaxRetriesExceeded, message);
        return Err(refusal.with("maxAttempts", policy.max_attempts()));
    }
    let delay = i64::try_from(policy.delay_ms(retry, 0.0)?).unwrap_or(i64::MAX);
    Ok(standing.ended_at.map(|ended| ended.plus_millis(delay)))
}

fn not_possible(run: ExecutionStatus, action: Option<RunStatus>) -> DomainError {
    let from = action.map_or("pending", RunStatus::as_str);
    let to = RunStatus::Retrying.as_str();
    let message = format!("An action that is {from} in a run that is {run} cannot become {to}.");
    DomainError::new(Code::StatusTransitionInvalid, message)
        .with("from", from)
        .with("to", to)
        .with("executionStatus", run.as_str())
}

/// A step of a run that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedStep<'a> {
    /// Its number.
    pub step: u32,
    /// How it ended; other statuses count as not ended.
    pub status: RunStatus,
    /// Why it was skipped.
    pub skip_reason: Option<&'a str>,
    /// Whether its failure let the others of its container go on.
    pub lets_others_go_on: bool,
}

/// How the steps of a failed run are set back, so that counting them down goes on from one action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumption {
    /// Steps to forget: they are done again.
    pub again: Vec<u32>,
    /// Steps to set off at once, besides the action itself.
    pub release: Vec<u32>,
    /// How many predecessors a step waits for now, where that differs from the plan. A step that
    /// ended well before and is listed here is not done again: it only lets through.
    pub waiting: Vec<(u32, u32)>,
    /// Of limited parallel groups by number, how many members count as released.
    pub cursors: Vec<(u32, u32)>,
}

/// Sets a failed run back to the failure of one action: what was completed stays, the action is
/// tried again, and what was skipped because of it gets its turn.
pub fn take_up(plan: &Plan, target: u32, ended: &[EndedStep]) -> Resumption {
    let mut states: Vec<Option<&EndedStep>> = vec![None; plan.steps.len()];
    for step in ended.iter().filter(|step| {
        matches!(
            step.status,
            RunStatus::Completed | RunStatus::Failed | RunStatus::Skipped
        )
    }) {
        if let Some(state) = states.get_mut(step.step as usize) {
            *state = Some(step);
        }
    }
    let again = to_do_again(plan, target, &states);
    let open = still_open(plan, &again, &states);
    let mut resumption = Resumption::default();
    let mut waiting = vec![0_u32; plan.steps.len()];
    for step in plan.steps.iter().filter(|step| open[step.step as usize]) {
        for successor in &step.successors {
            if let Some(count) = waiting.get_mut(*successor as usize) {
                *count += 1;
            }
        }
    }
    resumption.cursors = set_groups(plan, target, &open, &mut waiting);
    for step in &plan.steps {
        let place = step.step as usize;
        if !open[place] || step.step == target {
            continue;
        }
        if again[place] {
            resumption.again.push(step.step);
        }
        let count = waiting[place];
        if count == 0 {
            resumption.release.push(step.step);
        } else if !again[place] || count != step.indegree.max(1) {
            resumption.waiting.push((step.step, count));
        }
    }
    resumption
}

/// Which steps are done again: the action, what was skipped because of it, what never ended, and
/// the ends of containers in which something is done again.
fn to_do_again(plan: &Plan, target: u32, states: &[Option<&EndedStep>]) -> Vec<bool> {
    let others = states.iter().flatten().filter(|state| {
        state.step != target && state.status == RunStatus::Failed && !state.lets_others_go_on
    });
    let mut kept_out = vec![false; plan.steps.len()];
    for other in others.filter(|other| plan.action(other.step).is_some()) {
        for step in after_failure(plan, other.step).steps() {
            kept_out[step as usize] = true;
        }
    }
    let mut again: Vec<bool> = states.iter().map(Option::is_none).collect();
    for step in after_failure(plan, target).steps() {
        let state = states[step as usize];
        let skipped = state.is_some_and(|state| {
            state.status == RunStatus::Skipped && state.skip_reason == Some(DEPENDENCY_FAILED)
        });
        again[step as usize] |= skipped && !kept_out[step as usize];
    }
    if let Some(flag) = again.get_mut(target as usize) {
        *flag = true;
    }
    for container in &plan.containers {
        let own = container.first as usize..=container.last as usize;
        if again.get(own).is_some_and(|own| own.contains(&true)) {
            again[container.last as usize] = true;
        }
    }
    again
}

/// Which steps the run has yet to pass: those that are done again, and all that come after them.
fn still_open(plan: &Plan, again: &[bool], states: &[Option<&EndedStep>]) -> Vec<bool> {
    let mut open = again.to_vec();
    let groups: SortedMap<u32, &Group> = plan
        .groups
        .iter()
        .filter_map(|group| Some((*group.members.first()?, group)))
        .collect();
    for step in &plan.steps {
        let place = step.step as usize;
        open[place] |= states[place].is_none();
        if !open[place] {
            continue;
        }
        for successor in &step.successors {
            open[*successor as usize] = true;
            // The first members of a limited group release the others.
            for member in groups.get(successor).into_iter().flat_map(|g| &g.members) {
                open[*member as usize] = true;
            }
        }
    }
    open
}

/// Lets limited groups go on: as many members at once as they allow, the others one by one.
fn set_groups(plan: &Plan, target: u32, open: &[bool], waiting: &mut [u32]) -> Vec<(u32, u32)> {
    let mut cursors = Vec::new();
    for (number, group) in (0..).zip(&plan.groups) {
        let concurrency = group.concurrency as usize;
        let begins_anew = |member: &u32| waiting[*member as usize] > 0;
        if group.members.first().is_some_and(begins_anew) {
            for member in group.members.iter().skip(concurrency) {
                waiting[*member as usize] = 1;
            }
            continue;
        }
        let places = (0..).zip(&group.members);
        let mut left: Vec<(u32, u32)> = places
            .filter(|(_, member)| open[**member as usize])
            .map(|(place, member)| (place, *member))
            .collect();
        sorted::sort_by_key(&mut left, |(place, member)| (*member != target, *place));
        for (nth, (_, member)) in left.iter().enumerate() {
            waiting[*member as usize] = u32::from(nth >= concurrency);
        }
        let end = u32::try_from(group.members.len()).unwrap_or(u32::MAX);
        if !left.is_empty() {
            cursors.push((
                number,
                left.get(concurrency).map_or(end, |(place, _)| *place),
            ));
        }
    }
    cursors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::FailureHandling;
    use crate::workflow::tests::{Sketch, boundary, plan_of_one_action, stage};

    fn now() -> Instant {
        Instant::from_millis(1_756_728_000_000)
    }

    fn standing(status: RunStatus, failures: u32, at_ms: i64) -> Standing {
        Standing {
            status: Some(status),
            failures,
            due_at: (status == RunStatus::Retrying).then(|| now().plus_millis(at_ms)),
            ended_at: status.is_finished().then(|| now().plus_millis(at_ms)),
        }
    }

    fn check(run: ExecutionStatus, standing: Standing, force: bool, expected: Result<Again, Code>) {
        let plan = plan_of_one_action();
        let action = plan.actions().next().unwrap().1;
        let decided = once_more(run, action, &standing, now(), force);
        assert_eq!(decided.map_err(|refusal| refusal.code), expected);
    }

    #[test]
    fn the_policy_limits_retries_by_hand_and_force_lifts_the_limits() {
        use ExecutionStatus as E;
        use RunStatus as S;
        let failed = |failures, at| standing(S::Failed, failures, at);
        check(E::Failed, failed(1, -1000), false, Ok(Again::TakeUp));
        check(E::Failed, failed(1, -999), false, Err(Code::RetryTooEarly));
        check(E::Failed, failed(1, -999), true, Ok(Again::TakeUp));
        check(
            E::Failed,
            failed(4, -99_000),
            false,
            Err(Code::MaxRetriesExceeded),
        );
        check(E::Failed, failed(4, -99_000), true, Ok(Again::TakeUp));
        let waits = standing(S::Retrying, 1, 500);
        check(E::Running, waits, false, Err(Code::RetryTooEarly));
        check(E::Running, waits, true, Ok(Again::Now));
        check(
            E::Running,
            standing(S::Retrying, 1, 0),
            false,
            Ok(Again::Now),
        );
    }

    #[test]
    fn other_states_are_refused_by_name() {
        use ExecutionStatus as E;
        use RunStatus as S;
        let invalid = Err(Code::StatusTransitionInvalid);
        check(E::Completed, standing(S::Completed, 0, 0), true, invalid);
        check(E::Cancelled, standing(S::Failed, 1, 0), true, invalid);
        check(E::Running, standing(S::Failed, 1, 0), true, invalid);
        check(E::Failed, standing(S::Skipped, 0, 0), true, invalid);
        let busy = Err(Code::ActionAlreadyExecuting);
        check(E::Running, standing(S::Executing, 0, 0), true, busy);
        let unheard = Standing {
            status: None,
            ..standing(S::Completed, 0, 0)
        };
        let plan = plan_of_one_action();
        let action = plan.actions().next().unwrap().1;
        let refusal = once_more(E::Pending, action, &unheard, now(), false).unwrap_err();
        assert_eq!(refusal.data["from"], "pending");
        assert_eq!(refusal.data["to"], "retrying");
        assert_eq!(refusal.data["executionStatus"], "pending");
        let early = once_more(
            E::Running,
            action,
            &standing(S::Retrying, 1, 7),
            now(),
            false,
        );
        assert_eq!(early.unwrap_err().data["retryAfterMs"], 7);
    }

    /// Plays a failed run and the resumption over the plan; answers the actions done afterwards.
    fn play(plan: &Plan, failing: &str, skipping: &[&str], target: &str) -> Vec<String> {
        let step = |name: &str| plan.actions().find(|(_, a)| a.name == name).unwrap().0.step;
        let (failed, target) = (step(failing), step(target));
        let flagged = after_failure(plan, failed);
        let mut ended = Vec::new();
        for s in &plan.steps {
            let status = if s.step == failed {
                RunStatus::Failed
            } else if (flagged.steps().contains(&s.step) && s.step > failed)
                || plan
                    .action(s.step)
                    .is_some_and(|a| skipping.contains(&a.name.as_str()))
            {
                RunStatus::Skipped
            } else {
                RunStatus::Completed
            };
            let by_failure = flagged.steps().contains(&s.step);
            ended.push(EndedStep {
                step: s.step,
                status,
                skip_reason: match status {
                    RunStatus::Skipped if by_failure => Some(DEPENDENCY_FAILED),
                    RunStatus::Skipped => Some("CONDITION_NOT_MET"),
                    _ => None,
                },
                lets_others_go_on: s.step == failed && !flagged.container_failed,
            });
        }
        let resumption = take_up(plan, target, &ended);
        count_down(plan, target, &ended, &resumption)
    }

    /// The counting down as the database does it.
    fn count_down(plan: &Plan, target: u32, ended: &[EndedStep], set: &Resumption) -> Vec<String> {
        let is_done =
            |s: u32| s != target && !set.again.contains(&s) && ended.iter().any(|e| e.step == s);
        let mut waiting: Vec<u32> = plan.steps.iter().map(|s| s.indegree.max(1)).collect();
        for (s, count) in &set.waiting {
            waiting[*s as usize] = *count;
        }
        for s in set.release.iter().chain([&target]) {
            waiting[*s as usize] = 1;
        }
        let mut cursors: Vec<usize> = plan.groups.iter().map(|g| g.concurrency as usize).collect();
        for (group, next) in &set.cursors {
            cursors[*group as usize] = *next as usize;
        }
        let mut queue: Vec<u32> = set.release.iter().copied().chain([target]).collect();
        let (mut place, mut names, mut passed) = (0, Vec::new(), 0);
        while let Some(s) = queue.get(place).copied() {
            place += 1;
            waiting[s as usize] -= 1;
            if waiting[s as usize] > 0 {
                continue;
            }
            if !is_done(s) {
                passed += 1;
                names.extend(plan.action(s).map(|a| a.name.clone()));
            }
            queue.extend(&plan.steps[s as usize].successors);
            if let Some(group) = plan.steps[s as usize].group {
                let cursor = &mut cursors[group as usize];
                queue.extend(plan.groups[group as usize].members.get(*cursor));
                *cursor += 1;
            }
        }
        let to_do = plan.steps.iter().filter(|s| !is_done(s.step)).count();
        assert_eq!(passed, to_do, "every step that is open ends once");
        names.sort();
        names
    }

    #[test]
    fn what_was_completed_stays_and_what_was_skipped_gets_its_turn() {
        let plan = Sketch::new()
            .with(boundary("in", "input", &[]))
            .with(stage("a", &["in"]).actions(&["a1", "a2", "a3"]))
            .with(stage("b", &["a"]).actions(&["b1"]))
            .with(stage("c", &["in"]).actions(&["c1"]))
            .with(boundary("out", "output", &["b", "c"]))
            .plan();
        assert_eq!(play(&plan, "a2", &[], "a2"), ["a2", "a3", "b1"]);
        assert_eq!(play(&plan, "a1", &[], "a1"), ["a1", "a2", "a3", "b1"]);
        assert_eq!(play(&plan, "b1", &[], "b1"), ["b1"]);
    }

    #[test]
    fn skipped_for_reasons_of_their_own_stay_skipped() {
        let plan = Sketch::new()
            .with(stage("a", &[]).actions(&["a1"]))
            .with(stage("b", &[]).conditional(&["b1"]))
            .with(stage("c", &["a", "b"]).actions(&["c1"]))
            .plan();
        assert_eq!(play(&plan, "a1", &["b1"], "a1"), ["a1", "c1"]);
    }

    #[test]
    fn where_the_others_went_on_the_action_alone_is_done_again() {
        let plan = Sketch::new()
            .with(
                stage("a", &[])
                    .actions(&["a1", "a2"])
                    .parallel(&["p1", "p2"]),
            )
            .with(stage("b", &["a"]).actions(&["b1"]))
            .handling("a", FailureHandling::Continue)
            .plan();
        assert_eq!(play(&plan, "a1", &[], "a1"), ["a1"]);
    }

    #[test]
    fn limited_groups_go_on_within_their_limit() {
        let names = ["p1", "p2", "p3", "p4", "p5", "p6"];
        let plan = Sketch::new()
            .with(stage("a", &[]).parallel(&names).actions(&["z"]))
            .with(stage("b", &["a"]).parallel(&["q1", "q2", "q3", "q4", "q5", "q6"]))
            .plan();
        let done = play(&plan, "p3", &[], "p3");
        assert_eq!(done[..5], ["p3", "p4", "p5", "p6", "q1"].map(String::from));
        let ended: Vec<EndedStep> = Vec::new();
        assert_eq!(
            count_down(&plan, 0, &ended, &take_up(&plan, 0, &ended)).len(),
            13
        );
    }

    #[test]
    fn another_failure_keeps_what_it_skipped() {
        let plan = Sketch::new()
            .with(stage("a", &[]).actions(&["a1"]))
            .with(stage("b", &[]).actions(&["b1"]))
            .with(stage("c", &["a", "b"]).actions(&["c1"]))
            .plan();
        let step = |name: &str| plan.actions().find(|(_, a)| a.name == name).unwrap().0.step;
        let failed = [step("a1"), step("b1")];
        let skipped = after_failure(&plan, failed[0]).steps();
        let ended: Vec<EndedStep> = (0..plan.steps.len() as u32)
            .map(|s| EndedStep {
                step: s,
                status: match s {
                    s if failed.contains(&s) => RunStatus::Failed,
                    s if skipped.contains(&s) => RunStatus::Skipped,
                    _ => RunStatus::Completed,
                },
                skip_reason: skipped.contains(&s).then_some(DEPENDENCY_FAILED),
                lets_others_go_on: false,
            })
            .collect();
        let set = take_up(&plan, failed[0], &ended);
        assert_eq!(count_down(&plan, failed[0], &ended, &set), ["a1"]);
    }
}
