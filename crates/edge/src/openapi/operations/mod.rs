//! What is said of each operation, one file per noun.

mod ai_agents;
mod audit;
mod contexts;
mod documents;
mod event_subscriptions;
mod executions;
mod function_models;
mod history;
mod knowledge_contents;
mod lifecycle;
mod node_links;
mod node_metadata;
mod orchestration;
mod organizations;
mod schedules;
mod secrets;
mod service;
mod structure;
mod verification;
mod workflows;

use super::description::Description;
use crate::operation::Operation;

/// What is said of an operation.
pub(super) fn describe(operation: Operation) -> Description {
    match operation {
        Operation::ReadHealth => service::health(),
        Operation::ReadDescription => service::description(),
        Operation::ReadEventSchemas => service::event_schemas(),

        Operation::CreateOrganization => organizations::create(),
        Operation::ListOrganizations => organizations::list(),
        Operation::ReadOrganization => organizations::read(),

        Operation::CreateFunctionModel => function_models::create(),
        Operation::ListFunctionModels => function_models::list(),
        Operation::ReadFunctionModel => function_models::read(),
        Operation::UpdateFunctionModel => function_models::update(),
        Operation::ValidateFunctionModel => function_models::validate(),
        Operation::PublishFunctionModel => function_models::publish(),
        Operation::SearchFunctionModels => function_models::search(),
        Operation::ValidateBusinessRules => function_models::validate_business_rules(),
        Operation::ReadStatistics => function_models::statistics(),
        Operation::EditStructure => documents::edit(),
        Operation::ExportDocument => documents::export(),
        Operation::ImportFunctionModel => documents::import(),
        Operation::ReadDocumentSchema => documents::schema(),
        Operation::AnalyseDependencies => structure::analyse_dependencies(),
        Operation::FollowDependencies => structure::follow_dependencies(),
        Operation::CheckDependency => structure::check_dependency(),
        Operation::ReorderActions => structure::reorder_actions(),
        Operation::ChangePermissions => lifecycle::change_permissions(),
        Operation::DuplicateFunctionModel => lifecycle::duplicate(),
        Operation::CreateVersion => lifecycle::create_version(),
        Operation::CompareVersions => lifecycle::compare_versions(),
        Operation::RestoreVersion => lifecycle::restore_version(),
        Operation::ArchiveFunctionModel => lifecycle::archive(),
        Operation::AssessArchive => lifecycle::assess_archive(),
        Operation::SoftDeleteFunctionModel => lifecycle::soft_delete(),
        Operation::ListDeletedModels => lifecycle::list_deleted(),
        Operation::ReadRecoveryEligibility => lifecycle::recovery_eligibility(),
        Operation::RestoreFunctionModel => lifecycle::restore(),
        Operation::PurgeFunctionModel => lifecycle::purge(),
        Operation::ListVersions => function_models::versions(),
        Operation::ReadVersion => function_models::version(),

        Operation::AddNode => structure::add_node(),
        Operation::ListNodes => structure::nodes(),
        Operation::ReadNode => structure::node(),
        Operation::ChangeNode => structure::change_node(),
        Operation::RemoveNode => structure::remove_node(),
        Operation::AddDependency => structure::add_dependency(),
        Operation::RemoveDependency => structure::remove_dependency(),
        Operation::AddAction => structure::add_action(),
        Operation::ListActions => structure::actions(),
        Operation::ReadAction => structure::action(),
        Operation::ChangeAction => structure::change_action(),
        Operation::RemoveAction => structure::remove_action(),

        Operation::ListModelEvents => history::of_model(),
        Operation::ListModelAudit => history::audit(),
        Operation::ListEvents => history::log(),
        Operation::MigrateEvents => history::migrate(),
        Operation::ListAudit => audit::list(),
        Operation::ReportAudit => audit::report(),
        Operation::ListSeals => audit::seals(),
        Operation::VerifyAudit => audit::verify(),
        Operation::ReadStates => audit::states(),

        Operation::ListSubscriptions => event_subscriptions::list(),
        Operation::ReadSubscription => event_subscriptions::read(),
        Operation::SaveSubscription => event_subscriptions::save(),
        Operation::RemoveSubscription => event_subscriptions::remove(),
        Operation::FetchEvents => event_subscriptions::fetch(),
        Operation::SettleEvents => event_subscriptions::settle(),
        Operation::ListDeadLetters => event_subscriptions::dead_letters(),
        Operation::DropDeadLetter => event_subscriptions::drop_letter(),
        Operation::ReplayDeadLetter => event_subscriptions::replay_letter(),

        Operation::StartExecution => executions::start(),
        Operation::ListExecutions => executions::list(),
        Operation::ReadExecution => executions::read(),
        Operation::ListExecutionLogs => executions::logs(),
        Operation::ListExecutionEvents => executions::events(),
        Operation::CancelExecution => executions::cancel(),
        Operation::PauseExecution => executions::pause(),
        Operation::ResumeExecution => executions::resume(),
        Operation::HandleActionFailure => executions::handle_action_failure(),
        Operation::RetryAction => executions::retry_action(),

        Operation::UpdateOrganization => organizations::update(),
        Operation::RemoveOrganization => organizations::remove(),
        Operation::ListMembers => organizations::list_members(),
        Operation::ChangeMember => organizations::change_member(),
        Operation::RemoveMember => organizations::remove_member(),
        Operation::InviteMember => organizations::invite(),
        Operation::ListInvitations => organizations::list_invitations(),
        Operation::RevokeInvitation => organizations::revoke_invitation(),
        Operation::AcceptInvitation => organizations::accept_invitation(),
        Operation::CreateNodeLink => node_links::create(),
        Operation::ListNodeLinks => node_links::list(),
        Operation::BatchNodeLinks => node_links::batch(),
        Operation::DetectLinkCycles => node_links::cycles(),
        Operation::MeasureLinkNetwork => node_links::network(),
        Operation::CheckLinkIntegrity => node_links::check_integrity(),
        Operation::ReadLinkEvolution => node_links::evolution(),
        Operation::ReadNodeLink => node_links::read(),
        Operation::ChangeNodeLink => node_links::change(),
        Operation::RemoveNodeLink => node_links::remove(),
        Operation::CalculateLinkStrength => node_links::calculate_strength(),
        Operation::PlanContainer => orchestration::plan(),
        Operation::OptimizeOrder => orchestration::optimize(),
        Operation::PlanFractal => orchestration::fractal(),
        Operation::ReadLevels => orchestration::levels(),
        Operation::ReadExecutionNode => orchestration::node(),
        Operation::OrchestrateContainer => orchestration::run(),

        Operation::RegisterContext => contexts::register(),
        Operation::ListContexts => contexts::list(),
        Operation::CheckContextAccess => contexts::check(),
        Operation::UpdateContext => contexts::update(),
        Operation::ClearContext => contexts::clear(),

        Operation::CreateWorkflow => workflows::create(),
        Operation::ListWorkflows => workflows::list(),
        Operation::ReadWorkflow => workflows::read(),
        Operation::UpdateWorkflow => workflows::update(),
        Operation::RemoveWorkflow => workflows::remove(),
        Operation::VerifyAggregates => verification::verify_all(),
        Operation::VerifyAggregate => verification::verify(),
        Operation::RebuildAggregate => verification::rebuild(),
        Operation::CreateSchedule => schedules::create(),
        Operation::ListSchedules => schedules::list(),
        Operation::ReadSchedule => schedules::read(),
        Operation::UpdateSchedule => schedules::update(),
        Operation::RemoveSchedule => schedules::remove(),
        Operation::PauseSchedule => schedules::pause(),
        Operation::ResumeSchedule => schedules::resume(),
        Operation::SetSecret => secrets::set(),
        Operation::ListSecrets => secrets::list(),
        Operation::ResealSecrets => secrets::reseal(),
        Operation::RotateSecret => secrets::rotate(),
        Operation::RemoveSecret => secrets::remove(),

        Operation::RegisterAgent => ai_agents::register(),
        Operation::ListAgents => ai_agents::list(),
        Operation::DiscoverAgents => ai_agents::discover(),
        Operation::SearchAgents => ai_agents::search(),
        Operation::ExecuteAgentTask => ai_agents::execute_task(),
        Operation::DistributeTasks => ai_agents::distribute(),
        Operation::ReadAgentTask => ai_agents::read_task(),
        Operation::CoordinateAgents => ai_agents::coordinate(),
        Operation::ReadCoordination => ai_agents::read_workflow(),
        Operation::ReadAgent => ai_agents::read(),
        Operation::ChangeAgent => ai_agents::change(),
        Operation::RemoveAgent => ai_agents::remove(),
        Operation::EnableAgent => ai_agents::enable(),
        Operation::DisableAgent => ai_agents::disable(),
        Operation::ReadAgentPerformance => ai_agents::performance(),
        Operation::CheckAgentCapacity => ai_agents::check_capacity(),
        Operation::HandleAgentFailure => ai_agents::handle_failure(),

        Operation::ListNodeMetadata => node_metadata::list(),
        Operation::FindSimilarNodes => node_metadata::similar(),
        Operation::DescribeNode => node_metadata::describe(),
        Operation::ReadNodeMetadata => node_metadata::read(),

        Operation::CreateKnowledgeContent => knowledge_contents::create(),
        Operation::ListKnowledgeContents => knowledge_contents::list(),
        Operation::SearchKnowledgeContents => knowledge_contents::search(),
        Operation::ReadKnowledgeContent => knowledge_contents::read(),
        Operation::UpdateKnowledgeContent => knowledge_contents::update(),
        Operation::RemoveKnowledgeContent => knowledge_contents::remove(),
    }
}
