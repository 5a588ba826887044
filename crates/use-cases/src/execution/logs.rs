//! Reads the log of a run.

use domain::ids::ExecutionId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, LogFilter, Page, PageRequest, Ports, StoredLogLine};

/// The lines that workers wrote, oldest first.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden.
pub async fn logs(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    filter: &LogFilter,
    page: &PageRequest,
) -> Result<Page<StoredLogLine>, UseCaseError> {
    access::view(ports, context, execution_id).await?;
    let lines = ports.executions().logs(context, execution_id, filter, page);
    Ok(lines.await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{Clock, LogLevel, LogLine, OutcomeKind};
    use crate::testing::{Draft, Run, alice, bob};

    #[test]
    fn lines_come_in_order_and_can_be_filtered() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        let line = |level, message: &str| LogLine {
            level,
            message: message.into(),
        };
        run.claim(&world);
        run.logs = vec![
            line(LogLevel::Info, "first"),
            line(LogLevel::Error, "second"),
        ];
        run.report(&world, OutcomeKind::Completed { output: json!(1) });
        world.clock().advance(10);
        let later = world.clock().instant();
        run.logs = vec![line(LogLevel::Warn, "third")];
        run.report(&world, OutcomeKind::Completed { output: json!(2) });
        let messages = |filter: LogFilter| -> Vec<String> {
            let request = PageRequest::default();
            let who = alice();
            let page = logs(&world, &who, run.execution_id, &filter, &request);
            let page = world.run(page).unwrap();
            page.items.into_iter().map(|line| line.message).collect()
        };
        assert_eq!(messages(LogFilter::default()), ["first", "second", "third"]);
        let serious = LogFilter {
            level: Some(LogLevel::Warn),
            since: None,
        };
        assert_eq!(messages(serious), ["second", "third"]);
        let recent = LogFilter {
            level: None,
            since: Some(later),
        };
        assert_eq!(messages(recent), ["third"]);
        let (filter, request) = (LogFilter::default(), PageRequest::default());
        let hidden = world.run(logs(&world, &bob(), run.execution_id, &filter, &request));
        let missing = UseCaseError::NotFound(Code::ExecutionNotFound);
        assert_eq!(hidden.unwrap_err(), missing);
    }
}
