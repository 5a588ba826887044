-- What a verifier needs, in pages of seals. It is told the texts that hashes
-- cover and computes the hashes itself.

create function private.read_sealed_rows(after_seal bigint, max_seals integer) returns jsonb
language plpgsql stable set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, MDY'
as $$
declare
  v_newest bigint := coalesce((select max(seal.seal_number) from public.audit_seals as seal), 0);
  v_first bigint := greatest(coalesce(after_seal, 0), 0) + 1;
  v_last bigint := least(v_newest, greatest(coalesce(after_seal, 0), 0) + greatest(1, least(max_seals, 100)));
  v_range record;
begin
  -- Seals of one range stay together, so that each row meets its own.
  while private.same_range(v_first - 1, v_first) loop
    v_first := v_first - 1;
  end loop;
  while private.same_range(v_last, v_last + 1) loop
    v_last := v_last + 1;
  end loop;
  select min(seal.after_position) as after_position, max(seal.last_position) as last_position into v_range
  from public.audit_seals as seal
  where seal.seal_number between v_first and v_last;
  return jsonb_build_object(
    'previous', (select private.seal_to_wire(seal) from public.audit_seals as seal where seal.seal_number = v_first - 1),
    'seals', (
      select coalesce(jsonb_agg(private.seal_to_wire(seal) order by seal.seal_number), '[]')
      from public.audit_seals as seal where seal.seal_number between v_first and v_last),
    'retirements', (
      select coalesce(jsonb_agg(private.seal_to_wire(seal) order by seal.seal_number), '[]')
      from public.audit_seals as seal where seal.kind = 'retirement'),
    -- Below the first seal there may be nothing at all.
    'rows', (
      select coalesce(jsonb_agg(to_jsonb(entry.fields) order by entry.position), '[]')
      from private.audit_fields as entry
      where entry.position <= v_range.last_position
        and (v_first = 1 or entry.position > v_range.after_position)),
    'firstSeal', v_first,
    'lastSeal', v_last,
    'newestSeal', v_newest);
end
$$;

comment on function private.read_sealed_rows(bigint, integer) is
  'The seals behind a number with the one before them, all retirements, and the rows in their ranges as the texts that hashes cover.';

create function private.same_range(one bigint, other bigint) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return exists (
    select from public.audit_seals as first
    join public.audit_seals as second
      on second.after_position = first.after_position and second.kind = first.kind
    where first.seal_number = one and second.seal_number = other and first.kind = 'rows');
end
$$;

comment on function private.same_range(bigint, bigint) is 'Whether two seals cover one range of positions, for different months.';

create function private.seal_to_wire(seal public.audit_seals) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'sealNumber', seal.seal_number, 'kind', seal.kind, 'month', seal.month,
    'afterPosition', seal.after_position, 'lastPosition', seal.last_position, 'rowCount', seal.row_count,
    'merkleRoot', seal.merkle_root, 'details', seal.details, 'sealedAt', private.wire_time(seal.sealed_at),
    'previousHash', seal.previous_hash, 'sealHash', seal.seal_hash));
end
$$;

comment on function private.seal_to_wire(public.audit_seals) is 'A seal in wire form.';

create function public.read_sealed_rows(after_seal bigint default 0, max_seals integer default 20) returns jsonb
language sql volatile set role = 'fm_engine' set search_path = ''
as $$
  select private.read_sealed_rows(after_seal, max_seals)
$$;

comment on function public.read_sealed_rows(bigint, integer) is
  'What the service verifies: {previous?, seals, retirements, rows, firstSeal, lastSeal, newestSeal}. Rows of all organizations, which is why no user may call it.';

revoke all on function private.read_sealed_rows(bigint, integer) from public;
revoke all on function private.same_range(bigint, bigint) from public;
revoke all on function private.seal_to_wire(public.audit_seals) from public;
revoke all on function public.read_sealed_rows(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.read_sealed_rows(bigint, integer) to fm_engine;
grant execute on function private.same_range(bigint, bigint) to fm_engine;
grant execute on function private.seal_to_wire(public.audit_seals) to fm_engine;
grant execute on function public.read_sealed_rows(bigint, integer) to service_role;
