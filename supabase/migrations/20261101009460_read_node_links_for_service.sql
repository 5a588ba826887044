create function public.read_node_links_for_service(actor jsonb, request jsonb, command jsonb) returns jsonb
language plpgsql set role = 'fm_writer' set search_path = ''
as $$
begin
  perform private.begin_command(actor, request - 'idempotency');
  if not private.is_service() then
    raise exception using errcode = '42501', message = 'Only the service reads without a user';
  end if;
  return jsonb_build_object('links', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'linkId', link.link_id,
      'sourceFeature', link.source_feature,
      'targetFeature', link.target_feature,
      'sourceEntityId', link.source_entity_id,
      'targetEntityId', link.target_entity_id,
      'sourceNodeId', link.source_node_id,
      'targetNodeId', link.target_node_id,
      'linkType', link.link_type,
      'linkStrength', link.link_strength,
      'linkContext', link.link_context,
      'organizationId', link.organization_id,
      'createdBy', link.created_by,
      'createdAt', private.wire_time(link.created_at),
      'updatedAt', private.wire_time(link.updated_at),
      'revision', link.revision)), '[]')
    from public.node_links as link
    where link.link_id in (select id::uuid from jsonb_array_elements_text(command -> 'linkIds') as id)));
end
$$;

comment on function public.read_node_links_for_service(jsonb, jsonb, jsonb) is
  'Links {linkIds} in wire form as {links}. Refusal: 42501 for everybody but the service.';

revoke all on function public.read_node_links_for_service(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.read_node_links_for_service(jsonb, jsonb, jsonb) to service_role;
