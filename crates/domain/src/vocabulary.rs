//! The enumerations of the domain, with their exact wire values.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $(
                $(#[$vdoc])*
                #[cfg_attr(feature = "schema", schemars(rename = $text))]
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

        // By hand, since what serde derives for an enumeration is large, and there are many.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let unknown = || serde::de::Error::unknown_variant(&text, &[$($text),*]);
                Self::parse(&text).ok_or_else(unknown)
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
words!(
    /// A product whose things can be linked, described and served by agents.
    FeatureType {
        /// Function models.
        FunctionModel => "function-model",
        /// Documents.
        KnowledgeBase => "knowledge-base",
        /// Workflows that tethers run.
        Spindle => "spindle",
        /// Event storms.
        EventStorm => "event-storm",
    }
);
words!(
    /// What the thing at the start of a link is to the thing at its end.
    LinkType {
        /// It documents it.
        Documents => "documents",
        /// It carries it out.
        Implements => "implements",
        /// It mentions it.
        References => "references",
        /// It helps it.
        Supports => "supports",
        /// It holds it.
        Nested => "nested",
        /// It sets it off.
        Triggers => "triggers",
        /// It takes what the other makes.
        Consumes => "consumes",
        /// It makes what the other takes.
        Produces => "produces",
    }
);
words!(
    /// What an agent is asked to do.
    AgentTaskType {
        /// Transforms data.
        DataProcessing => "data-processing",
        /// Looks into something.
        Analysis => "analysis",
        /// Writes a report.
        ReportGeneration => "report-generation",
        /// Directs others.
        Orchestration => "orchestration",
        /// Carries something out.
        Execution => "execution",
        /// Shows what the agent can do.
        CapabilityVerification => "capability-verification",
    }
);
words!(
    /// The status of an agent's task.
    AgentTaskStatus {
        /// Waiting for the agent.
        Queued => "queued",
        /// Being done.
        Running => "running",
        /// Done.
        Completed => "completed",
        /// Given up.
        Failed => "failed",
    }
);
words!(
    /// How the tasks of a coordination follow each other.
    CoordinationMode {
        /// One task a stage.
        Sequential => "sequential",
        /// The tasks of a stage together.
        Parallel => "parallel",
    }
);
words!(
    /// What happens to the outputs of a stage before the next one.
    SynchronizationKind {
        /// Objects become one.
        MergeResults => "merge-results",
        /// Every task must have an output.
        ValidateOutputs => "validate-outputs",
        /// Outputs become a list.
        AggregateData => "aggregate-data",
    }
);
words!(
    /// What is done about an agent that failed.
    RecoveryAction {
        /// Its task is tried again.
        Retry => "retry",
        /// It is disabled and enabled again.
        Restart => "restart",
        /// It is disabled.
        Disable => "disable",
    }
);
words!(
    /// How risky something is; a later value is riskier.
    RiskLevel {
        /// Hardly.
        Low => "low",
        /// Somewhat.
        Medium => "medium",
        /// Very.
        High => "high",
    }
);
words!(
    /// How much a change disturbs, or how much work it makes.
    Impact {
        /// Little.
        Low => "LOW",
        /// Some.
        Medium => "MEDIUM",
        /// Much.
        High => "HIGH",
    }
);
words!(
    /// Whether a deleted model can be taken back.
    RecoveryEligibility {
        /// It can.
        Eligible => "ELIGIBLE",
        /// It can, once something is repaired.
        RequiresRepair => "REQUIRES_REPAIR",
        /// It is too late.
        Expired => "EXPIRED",
        /// Not by this caller.
        PermissionDenied => "PERMISSION_DENIED",
    }
);
words!(
    /// What is looked at before a deleted model is taken back.
    RecoveryCheckName {
        /// Whether the caller may.
        Permission => "PERMISSION",
        /// Whether it is not too late.
        Window => "WINDOW",
        /// Whether what it refers to is there.
        References => "REFERENCES",
        /// Whether its name is free.
        Name => "NAME",
        /// Whether it can be read.
        Integrity => "INTEGRITY",
    }
);
words!(
    /// A step of a repair.
    RepairKind {
        /// A reference to something that is gone is removed.
        RepairBrokenReference => "REPAIR_BROKEN_REFERENCE",
        /// A deleted model that this one nests is restored, too.
        RestoreMissingDependency => "RESTORE_MISSING_DEPENDENCY",
    }
);
words!(
    /// What became of a model that was to be restored.
    RestoreOutcome {
        /// It came back.
        Restored => "restored",
        /// It stays deleted.
        Failed => "failed",
    }
);
words!(
    /// What a restore brings back.
    RestoreScope {
        /// Everything as it was.
        Full => "full",
        /// The metadata of the last audit row before the deletion.
        Metadata => "metadata",
        /// The permissions of the last audit row before the deletion.
        Permissions => "permissions",
    }
);

#[cfg(test)]
mod tests;
