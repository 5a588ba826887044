create function public.progress(execution public.workflow_executions) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'phase', case
      when execution.status = 'completed' then 'completion'
      when execution.started_at is null then 'dependency-analysis'
      else 'node-execution' end,
    'percentage', case
      when execution.status = 'completed' then 100
      when execution.started_at is null then 0
      when execution.total_steps = 0 then 90
      else 60 + 30 * (execution.total_steps - execution.remaining_steps) / execution.total_steps end,
    'totalNodes', execution.total_nodes,
    'completedNodes', execution.completed_nodes,
    'failedNodes', execution.failed_nodes,
    'skippedNodes', execution.skipped_nodes);
end
$$;

comment on function public.progress(public.workflow_executions) is
  'Computed field: {phase, percentage, totalNodes, completedNodes, failedNodes, skippedNodes}.';

revoke all on function public.progress(public.workflow_executions) from public, anon, authenticated, service_role;
grant execute on function public.progress(public.workflow_executions) to authenticated, fm_engine;
