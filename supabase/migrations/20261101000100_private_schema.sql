-- `public` holds what clients may reach over HTTP; `private` holds helpers,
-- everything `security definer`, and what only the server reads.

create schema private;

revoke all on schema private from public;
grant usage on schema private to authenticated, service_role;

comment on schema private is
  'Helpers, security definer functions and server-only tables. Never exposed over HTTP.';
