-- The queue of pg_net, which this PostgreSQL lacks. A request is a row that
-- becomes visible when its transaction commits; the local stack sends it and
-- stores the answer, as the real background worker does.

create schema if not exists net authorization supabase_admin;
grant usage on schema net to postgres, anon, authenticated, service_role;

create domain net.http_method as text
  check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

create unlogged table net.http_request_queue (
  id bigserial primary key,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
create index _http_response_created_idx on net._http_response (created);

create function net._with_params(url text, params jsonb) returns text
language sql immutable set search_path = '' as $$
  select url || coalesce(
    case when position('?' in url) > 0 then '&' else '?' end || string_agg(
      (select string_agg(
         case when chr(get_byte(bytes, i)) ~ '[A-Za-z0-9_.~=-]' then chr(get_byte(bytes, i))
              else '%' || upper(lpad(to_hex(get_byte(bytes, i)), 2, '0')) end, '' order by i)
       from convert_to(key || '=' || value, 'UTF8') as bytes,
            generate_series(0, length(bytes) - 1) as i),
      '&'), '')
  from jsonb_each_text(coalesce(params, '{}'))
$$;

create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds integer default 5000
) returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', net._with_params(http_post.url, http_post.params), http_post.headers,
          convert_to(http_post.body::text, 'UTF8'), http_post.timeout_milliseconds)
  returning id
$$;

create function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000
) returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._with_params(http_get.url, http_get.params), http_get.headers,
          http_get.timeout_milliseconds)
  returning id
$$;

create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000
) returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('DELETE', net._with_params(http_delete.url, http_delete.params), http_delete.headers,
          http_delete.timeout_milliseconds)
  returning id
$$;

revoke all on all functions in schema net from public;
grant execute on all functions in schema net to postgres, anon, authenticated, service_role;
grant select, insert, update, delete on net.http_request_queue, net._http_response to postgres;
