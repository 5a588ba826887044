//! The table of routes: what can be asked, and where. Everything about an address comes from it:
//! matching, the methods a 405 allows, the route in the log, and the description of the API.

use crate::request::Method;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// How it is asked.
    pub(crate) method: Method,
    /// Where: fixed words, and names in braces for what differs.
    pub(crate) template: &'static str,
    /// What is asked.
    pub(crate) operation: Operation,
}

macro_rules! routes {
    ($($method:ident $template:literal $operation:ident;)+) => {
        /// One thing that can be asked; each has one line in the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation { $($operation),+ }

        /// The table of routes.
        pub(crate) static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            template: $template,
            operation: Operation::$operation,
        }),+];
    };
}

// An address belongs to the first template that fits, so fixed words stand above names.
routes! {
    Get    "/health"                                                      ReadHealth;
    Get    "/schemas/function-model-document"                             ReadDocumentSchema;
    Get    "/schemas/events"                                              ReadEventSchemas;
    Get    "/openapi.json"                                                ReadDescription;

    Post   "/organizations"                                               CreateOrganization;
    Get    "/organizations"                                               ListOrganizations;
    Get    "/organizations/{organizationId}"                              ReadOrganization;

    Post   "/function-models"                                             CreateFunctionModel;
    Get    "/function-models"                                             ListFunctionModels;
    Get    "/function-models/search"                                      SearchFunctionModels;
    Post   "/function-models/import"                                      ImportFunctionModel;
    Get    "/function-models/deleted"                                     ListDeletedModels;
    Get    "/function-models/{modelId}"                                   ReadFunctionModel;
    Patch  "/function-models/{modelId}"                                   UpdateFunctionModel;
    Post   "/function-models/{modelId}/validate"                          ValidateFunctionModel;
    Post   "/function-models/{modelId}/validate-business-rules"           ValidateBusinessRules;
    Post   "/function-models/{modelId}/publish"                           PublishFunctionModel;
    Delete "/function-models/{modelId}"                                   SoftDeleteFunctionModel;
    Put    "/function-models/{modelId}/permissions"                       ChangePermissions;
    Post   "/function-models/{modelId}/duplicate"                         DuplicateFunctionModel;
    Post   "/function-models/{modelId}/archive"                           ArchiveFunctionModel;
    Get    "/function-models/{modelId}/archive-assessment"                AssessArchive;
    Get    "/function-models/{modelId}/recovery-eligibility"              ReadRecoveryEligibility;
    Post   "/function-models/{modelId}/restore"                           RestoreFunctionModel;
    Post   "/function-models/{modelId}/purge"                             PurgeFunctionModel;
    Patch  "/function-models/{modelId}/structure"                         EditStructure;
    Get    "/function-models/{modelId}/document"                          ExportDocument;
    Get    "/function-models/{modelId}/statistics"                        ReadStatistics;
    Get    "/function-models/{modelId}/dependencies"                      AnalyseDependencies;

    Post   "/function-models/{modelId}/nodes"                             AddNode;
    Get    "/function-models/{modelId}/nodes"                             ListNodes;
    Get    "/function-models/{modelId}/nodes/{nodeId}"                    ReadNode;
    Patch  "/function-models/{modelId}/nodes/{nodeId}"                    ChangeNode;
    Delete "/function-models/{modelId}/nodes/{nodeId}"                    RemoveNode;
    Post   "/function-models/{modelId}/nodes/{nodeId}/dependencies"       AddDependency;
    Get    "/function-models/{modelId}/nodes/{nodeId}/dependencies"       FollowDependencies;
    Post   "/function-models/{modelId}/nodes/{nodeId}/dependencies/check" CheckDependency;
    Delete "/function-models/{modelId}/nodes/{nodeId}/dependencies/{dependencyId}" RemoveDependency;
    Put    "/function-models/{modelId}/nodes/{nodeId}/action-order"       ReorderActions;

    Post   "/function-models/{modelId}/actions"                           AddAction;
    Get    "/function-models/{modelId}/actions"                           ListActions;
    Get    "/function-models/{modelId}/actions/{actionId}"                ReadAction;
    Patch  "/function-models/{modelId}/actions/{actionId}"                ChangeAction;
    Delete "/function-models/{modelId}/actions/{actionId}"                RemoveAction;

    Get    "/function-models/{modelId}/versions"                          ListVersions;
    Post   "/function-models/{modelId}/versions"                          CreateVersion;
    Get    "/function-models/{modelId}/versions/compare"                  CompareVersions;
    Get    "/function-models/{modelId}/versions/{version}"                ReadVersion;
    Post   "/function-models/{modelId}/versions/{version}/restore"        RestoreVersion;
    Get    "/function-models/{modelId}/events"                            ListModelEvents;
    Get    "/function-models/{modelId}/audit"                             ListModelAudit;
    Get    "/events"                                                      ListEvents;
    Post   "/events/migrate"                                              MigrateEvents;
    Get    "/audit"                                                       ListAudit;
    Get    "/audit/csv"                                                   ReportAudit;
    Get    "/audit/seals"                                                 ListSeals;
    Post   "/audit/verify"                                                VerifyAudit;
    Get    "/audit/records/{recordId}/states"                             ReadStates;

    Get    "/event-subscriptions"                                         ListSubscriptions;
    Get    "/event-subscriptions/{subscription}"                          ReadSubscription;
    Put    "/event-subscriptions/{subscription}"                          SaveSubscription;
    Delete "/event-subscriptions/{subscription}"                          RemoveSubscription;
    Post   "/event-subscriptions/{subscription}/fetch"                    FetchEvents;
    Post   "/event-subscriptions/{subscription}/settle"                   SettleEvents;
    Get    "/event-subscriptions/{subscription}/dead-letters"             ListDeadLetters;
    Delete "/event-subscriptions/{subscription}/dead-letters/{eventId}"   DropDeadLetter;
    Post   "/event-subscriptions/{subscription}/dead-letters/{eventId}/replay" ReplayDeadLetter;

    Post   "/function-models/{modelId}/executions"                        StartExecution;
    Get    "/function-models/{modelId}/executions"                        ListExecutions;
    Get    "/executions/{executionId}"                                    ReadExecution;
    Get    "/executions/{executionId}/logs"                               ListExecutionLogs;
    Get    "/executions/{executionId}/events"                             ListExecutionEvents;
    Post   "/executions/{executionId}/cancel"                             CancelExecution;
    Post   "/executions/{executionId}/pause"                              PauseExecution;
    Post   "/executions/{executionId}/resume"                             ResumeExecution;
    Post   "/executions/{executionId}/actions/{actionId}/failures"        HandleActionFailure;
    Post   "/executions/{executionId}/actions/{actionId}/retry"           RetryAction;

    Patch  "/organizations/{organizationId}"                              UpdateOrganization;
    Delete "/organizations/{organizationId}"                              RemoveOrganization;
    Get    "/organizations/{organizationId}/members"                      ListMembers;
    Patch  "/organizations/{organizationId}/members/{userId}"             ChangeMember;
    Delete "/organizations/{organizationId}/members/{userId}"             RemoveMember;
    Post   "/organizations/{organizationId}/invitations"                  InviteMember;
    Get    "/organizations/{organizationId}/invitations"                  ListInvitations;
    Delete "/organizations/{organizationId}/invitations/{invitationId}"   RevokeInvitation;
    Post   "/invitations/{token}/accept"                                  AcceptInvitation;

    Post   "/node-links"                                                  CreateNodeLink;
    Get    "/node-links"                                                  ListNodeLinks;
    Post   "/node-links/batch"                                            BatchNodeLinks;
    Get    "/node-links/cycles"                                           DetectLinkCycles;
    Get    "/node-links/network"                                          MeasureLinkNetwork;
    Post   "/node-links/integrity-check"                                  CheckLinkIntegrity;
    Get    "/node-links/evolution"                                        ReadLinkEvolution;
    Get    "/node-links/{linkId}"                                         ReadNodeLink;
    Patch  "/node-links/{linkId}"                                         ChangeNodeLink;
    Delete "/node-links/{linkId}"                                         RemoveNodeLink;
    Post   "/node-links/{linkId}/strength"                                CalculateLinkStrength;

    Get    "/function-models/{modelId}/nodes/{nodeId}/execution-plan"     PlanContainer;
    Post   "/function-models/{modelId}/nodes/{nodeId}/optimize-order"     OptimizeOrder;
    Post   "/function-models/{modelId}/fractal-plan"                      PlanFractal;
    Get    "/executions/{executionId}/levels"                             ReadLevels;
    Get    "/executions/{executionId}/nodes/{nodeId}"                     ReadExecutionNode;
    Post   "/executions/{executionId}/nodes/{nodeId}/orchestrate"         OrchestrateContainer;

    Post   "/function-models/{modelId}/contexts"                          RegisterContext;
    Get    "/function-models/{modelId}/contexts"                          ListContexts;
    Post   "/function-models/{modelId}/contexts/check"                    CheckContextAccess;
    Put    "/function-models/{modelId}/contexts/{nodeId}"                 UpdateContext;
    Delete "/function-models/{modelId}/contexts/{nodeId}"                 ClearContext;

    Post   "/ai-agents"                                                   RegisterAgent;
    Get    "/ai-agents"                                                   ListAgents;
    Post   "/ai-agents/match"                                             DiscoverAgents;
    Post   "/ai-agents/search"                                            SearchAgents;
    Post   "/ai-agents/tasks"                                             ExecuteAgentTask;
    Post   "/ai-agents/tasks/distribute"                                  DistributeTasks;
    Get    "/ai-agents/tasks/{taskId}"                                    ReadAgentTask;
    Post   "/ai-agents/workflows"                                         CoordinateAgents;
    Get    "/ai-agents/workflows/{coordinationId}"                        ReadCoordination;
    Get    "/ai-agents/{agentId}"                                         ReadAgent;
    Patch  "/ai-agents/{agentId}"                                         ChangeAgent;
    Delete "/ai-agents/{agentId}"                                         RemoveAgent;
    Post   "/ai-agents/{agentId}/enable"                                  EnableAgent;
    Post   "/ai-agents/{agentId}/disable"                                 DisableAgent;
    Get    "/ai-agents/{agentId}/performance"                             ReadAgentPerformance;
    Post   "/ai-agents/{agentId}/capacity-check"                          CheckAgentCapacity;
    Post   "/ai-agents/{agentId}/failures"                                HandleAgentFailure;

    Get    "/node-metadata"                                               ListNodeMetadata;
    Post   "/node-metadata/similar"                                       FindSimilarNodes;
    Put    "/node-metadata/{featureType}/{entityId}/{nodeId}"             DescribeNode;
    Get    "/node-metadata/{featureType}/{entityId}/{nodeId}"             ReadNodeMetadata;

    Post   "/workflows"                                                   CreateWorkflow;
    Get    "/workflows"                                                   ListWorkflows;
    Get    "/workflows/{workflowId}"                                      ReadWorkflow;
    Patch  "/workflows/{workflowId}"                                      UpdateWorkflow;
    Delete "/workflows/{workflowId}"                                      RemoveWorkflow;

    Post   "/schedules"                                                   CreateSchedule;
    Get    "/schedules"                                                   ListSchedules;
    Get    "/schedules/{scheduleId}"                                      ReadSchedule;
    Patch  "/schedules/{scheduleId}"                                      UpdateSchedule;
    Delete "/schedules/{scheduleId}"                                      RemoveSchedule;
    Post   "/schedules/{scheduleId}/pause"                                PauseSchedule;
    Post   "/schedules/{scheduleId}/resume"                               ResumeSchedule;
    Post   "/secrets"                                                     SetSecret;
    Get    "/secrets"                                                     ListSecrets;
    Post   "/secrets/reseal"                                              ResealSecrets;
    Post   "/secrets/{secretId}/rotate"                                   RotateSecret;
    Delete "/secrets/{secretId}"                                          RemoveSecret;

    Get    "/verification/{aggregateType}"                                VerifyAggregates;
    Get    "/verification/{aggregateType}/{aggregateId}"                  VerifyAggregate;
    Post   "/verification/{aggregateType}/{aggregateId}/rebuild"          RebuildAggregate;

    Post   "/knowledge-contents"                                          CreateKnowledgeContent;
    Get    "/knowledge-contents"                                          ListKnowledgeContents;
    Get    "/knowledge-contents/search"                                   SearchKnowledgeContents;
    Get    "/knowledge-contents/{contentId}"                              ReadKnowledgeContent;
    Patch  "/knowledge-contents/{contentId}"                              UpdateKnowledgeContent;
    Delete "/knowledge-contents/{contentId}"                              RemoveKnowledgeContent;
}

impl Operation {
    /// Whether anybody may ask, signed in or not.
    pub(crate) fn is_public(self) -> bool {
        matches!(
            self,
            Self::ReadHealth
                | Self::ReadDescription
                | Self::ReadDocumentSchema
                | Self::ReadEventSchemas
        )
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// The template that fits.
    pub(crate) template: &'static str,
    /// What stands in place of its names, in order; empty beyond.
    pub(crate) parts: [&'a str; 3],
}

impl<'a> Address<'a> {
    /// The template that fits a path, if any.
    pub(crate) fn of(path: &'a [String]) -> Option<Self> {
        ROUTES.iter().find_map(|route| {
            let parts = fit(route.template, path)?;
            let template = route.template;
            Some(Self { template, parts })
        })
    }

    /// What is asked there by this method, if anything.
    pub(crate) fn operation(&self, method: Method) -> Option<Operation> {
        let mut routes = self.routes();
        let route = routes.find(|route| route.method == method)?;
        Some(route.operation)
    }

    /// The methods that are answered there, with commas.
    pub(crate) fn allow(&self) -> String {
        let names = self.routes().map(|route| route.method.name());
        names.fold(String::new(), |names, name| names + name + ", ") + "OPTIONS"
    }

    fn routes(&self) -> impl Iterator<Item = &'static Route> {
        let template = self.template;
        ROUTES
            .iter()
            .filter(move |route| route.template == template)
    }
}

/// What stands in place of the names of a template, if the path has its form.
fn fit<'a>(template: &str, path: &'a [String]) -> Option<[&'a str; 3]> {
    let mut parts = [""; 3];
    let mut named = 0;
    let mut segments = path.iter();
    for word in template.split('/').skip(1) {
        let segment = segments.next()?;
        if word.starts_with('{') {
            *parts.get_mut(named)? = segment;
            named += 1;
        } else if word != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn every_line_of_the_table_is_found() {
        for route in ROUTES {
            let path = path(route.template);
            let address = Address::of(&path).unwrap();
            assert_eq!(address.template, route.template);
            assert_eq!(address.operation(route.method), Some(route.operation));
        }
    }

    #[test]
    fn names_are_read_in_order() {
        let path = path("/function-models/m/nodes/n/dependencies/d");
        let address = Address::of(&path).unwrap();
        assert_eq!(address.parts, ["m", "n", "d"]);
        assert_eq!(address.allow(), "DELETE, OPTIONS");
    }

    #[test]
    fn a_fixed_word_is_no_name() {
        let search = path("/knowledge-contents/search");
        let address = Address::of(&search).unwrap();
        assert_eq!(address.allow(), "GET, OPTIONS");
        assert_eq!(address.operation(Method::Delete), None);
        let other = path("/knowledge-contents/other");
        assert_eq!(
            Address::of(&other).unwrap().allow(),
            "GET, PATCH, DELETE, OPTIONS"
        );
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for text in ["", "/", "/health/x", "/executions", "/function-models/a/b"] {
            assert_eq!(Address::of(&path(text)), None, "{text}");
        }
    }
}
