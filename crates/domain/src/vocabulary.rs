//! The enumerations of the domain, with their exact wire values.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(
                $(#[$vdoc])*
                #[serde(rename = $text)]
                $variant,
            )*
        }

        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a wire value.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words!(
    /// The kind of a container node.
    ContainerNodeType {
        /// A boundary of the model.
        IoNode => "ioNode",
        /// A stage, which holds actions.
        StageNode => "stageNode",
    }
);
words!(
    /// Which way data crosses an IO node.
    BoundaryType {
        /// Into the model.
        Input => "input",
        /// Out of the model.
        Output => "output",
        /// Both ways.
        InputOutput => "input-output",
    }
);
words!(
    /// What a stage stands for.
    StageType {
        /// A point reached.
        Milestone => "milestone",
        /// Work.
        Process => "process",
        /// A decision.
        Gateway => "gateway",
        /// A check.
        Checkpoint => "checkpoint",
    }
);
words!(
    /// The kind of an action node.
    ActionNodeType {
        /// Runs a workflow of Spindle.
        TetherNode => "tetherNode",
        /// Reads the Knowledge Base.
        KbNode => "kbNode",
        /// Runs another model.
        FunctionModelContainer => "functionModelContainer",
    }
);
words!(
    /// How an action runs beside its neighbours.
    ExecutionMode {
        /// One at a time.
        Sequential => "sequential",
        /// Together.
        Parallel => "parallel",
        /// One at a time, each only if its condition holds.
        Conditional => "conditional",
    }
);
words!(
    /// The status of a model.
    ModelStatus {
        /// Being edited.
        Draft => "draft",
        /// Frozen, and open to runs.
        Published => "published",
        /// Put away for good.
        Archived => "archived",
    }
);
words!(
    /// The status of a container node.
    NodeStatus {
        /// New.
        Draft => "draft",
        /// Set up.
        Configured => "configured",
        /// Taking part in runs.
        Active => "active",
        /// Not taking part for now.
        Inactive => "inactive",
        /// Put away for good.
        Archived => "archived",
        /// Broken.
        Error => "error",
    }
);
words!(
    /// The status of an action node in the definition.
    ActionStatus {
        /// New.
        Draft => "draft",
        /// Set up.
        Configured => "configured",
        /// Taking part in runs.
        Active => "active",
        /// Not taking part for now.
        Inactive => "inactive",
        /// Put away for good.
        Archived => "archived",
        /// Broken.
        Error => "error",
    }
);
words!(
    /// The status of an action in one run.
    RunStatus {
        /// Waiting to start.
        Ready => "ready",
        /// Under way.
        Executing => "executing",
        /// Ended well.
        Completed => "completed",
        /// Ended badly for good.
        Failed => "failed",
        /// Failed, and waiting for its next attempt.
        Retrying => "retrying",
        /// Never run.
        Skipped => "skipped",
        /// Ended by a cancellation.
        Cancelled => "cancelled",
    }
);
words!(
    /// The status of a run.
    ExecutionStatus {
        /// Not started.
        Pending => "pending",
        /// Under way.
        Running => "running",
        /// Starting nothing new.
        Paused => "paused",
        /// Ended well.
        Completed => "completed",
        /// Ended badly.
        Failed => "failed",
        /// Stopped on request.
        Cancelled => "cancelled",
    }
);
words!(
    /// A role of responsibility.
    RaciRole {
        /// Does the work.
        Responsible => "responsible",
        /// Answers for it.
        Accountable => "accountable",
        /// Is asked before.
        Consulted => "consulted",
        /// Is told after.
        Informed => "informed",
    }
);
words!(
    /// How the delay before a retry grows.
    BackoffStrategy {
        /// No delay.
        Immediate => "immediate",
        /// Grows by the base delay.
        Linear => "linear",
        /// Grows by the multiplier.
        Exponential => "exponential",
    }
);
words!(
    /// Where a run takes place.
    Environment {
        /// Development.
        Development => "development",
        /// Staging.
        Staging => "staging",
        /// Production, the default.
        Production => "production",
        /// Tests.
        Test => "test",
    }
);
words!(
    /// How work is spread over the slots of a stage.
    LoadBalancing {
        /// In turn.
        RoundRobin => "round-robin",
        /// By weight.
        Weighted => "weighted",
        /// The most urgent first.
        Priority => "priority",
    }
);
words!(
    /// What a nested run sees of its parent.
    OrchestrationMode {
        /// The parent's context.
        Embedded => "embedded",
        /// The parent's context without the siblings.
        Parallel => "parallel",
        /// The parent's context and the output of the stage before.
        Sequential => "sequential",
    }
);
words!(
    /// When a nested model runs.
    ExecutionTrigger {
        /// When the request approves it.
        Manual => "manual",
        /// Always.
        Automatic => "automatic",
        /// When its conditions hold.
        Conditional => "conditional",
    }
);
words!(
    /// What the final failure of an action does to its stage.
    FailureHandling {
        /// The stage stops.
        Abort => "abort",
        /// The others run on.
        Continue => "continue",
        /// Retries first, then as abort.
        Retry => "retry",
    }
);
words!(
    /// What a validation looks at.
    ValidationLevel {
        /// The graph.
        Structural => "structural",
        /// The rules of the business.
        BusinessRules => "business-rules",
        /// Whether a run could start.
        ExecutionReadiness => "execution-readiness",
        /// Which data is read where.
        Context => "context",
        /// What other features must offer.
        CrossFeature => "cross-feature",
        /// All of them.
        Full => "full",
    }
);
words!(
    /// How bad a finding is.
    Severity {
        /// It forbids publishing.
        Error => "error",
        /// It is worth a look.
        Warning => "warning",
    }
);
words!(
    /// Why an action failed.
    ErrorCategory {
        /// Configuration or input was refused.
        Validation => "validation",
        /// Anything not otherwise classified.
        Runtime => "runtime",
        /// It took too long.
        Timeout => "timeout",
        /// Something it needs is missing or failed.
        Dependency => "dependency",
        /// It was not allowed.
        Permission => "permission",
    }
);
words!(
    /// How urgent a run is.
    JobPriority {
        /// After the others.
        Low => "low",
        /// The default.
        Normal => "normal",
        /// Before the others.
        High => "high",
    }
);
words!(
    /// Which number of a version rises.
    VersionBump {
        /// The first.
        Major => "major",
        /// The second.
        Minor => "minor",
        /// The third.
        Patch => "patch",
    }
);
words!(
    /// Whether the caller of a start waits for the end.
    RunMode {
        /// The answer carries the result.
        Sync => "sync",
        /// The answer comes at once; the default.
        Async => "async",
    }
);

impl NodeStatus {
    /// Whether a container may move from this status to another.
    pub fn may_become(self, next: Self) -> bool {
        use NodeStatus as S;
        match self {
            S::Draft => matches!(next, S::Configured | S::Active | S::Archived),
            S::Configured => matches!(next, S::Active | S::Inactive | S::Archived),
            S::Active => matches!(next, S::Inactive | S::Archived | S::Error),
            S::Inactive => matches!(next, S::Active | S::Archived),
            S::Error => matches!(next, S::Active | S::Inactive | S::Archived),
            S::Archived => false,
        }
    }
}

impl ActionStatus {
    /// Whether an action may move from this status to another, in the definition.
    pub fn may_become(self, next: Self) -> bool {
        self.as_node_status().may_become(next.as_node_status())
    }

    /// The definition's statuses of actions and containers move alike.
    fn as_node_status(self) -> NodeStatus {
        match self {
            Self::Draft => NodeStatus::Draft,
            Self::Configured => NodeStatus::Configured,
            Self::Active => NodeStatus::Active,
            Self::Inactive => NodeStatus::Inactive,
            Self::Archived => NodeStatus::Archived,
            Self::Error => NodeStatus::Error,
        }
    }
}

impl RunStatus {
    /// Whether the action will not move any more in this run.
    pub fn is_finished(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Skipped | Self::Cancelled
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_values_read_back() {
        for mode in ExecutionMode::ALL {
            assert_eq!(ExecutionMode::parse(mode.as_str()), Some(*mode));
            let json = serde_json::to_value(mode).unwrap();
            assert_eq!(json, mode.to_string());
        }
        assert_eq!(BoundaryType::parse("outside"), None);
    }

    #[test]
    fn nothing_leaves_the_archive_and_no_status_follows_itself() {
        for status in NodeStatus::ALL {
            assert!(!status.may_become(*status));
            assert!(!NodeStatus::Archived.may_become(*status));
            assert!(!status.may_become(NodeStatus::Draft));
        }
    }

    #[test]
    fn actions_move_as_the_table_says() {
        use ActionStatus as S;
        assert!(S::Draft.may_become(S::Active));
        assert!(S::Configured.may_become(S::Inactive));
        assert!(S::Active.may_become(S::Error));
        assert!(S::Inactive.may_become(S::Active));
        assert!(S::Error.may_become(S::Inactive));
        assert!(!S::Draft.may_become(S::Inactive));
        assert!(!S::Configured.may_become(S::Error));
        assert!(!S::Archived.may_become(S::Active));
    }

    #[test]
    fn finished_runs_are_known() {
        let finished = RunStatus::ALL.iter().filter(|s| s.is_finished()).count();
        assert_eq!(finished, 4);
    }
}
