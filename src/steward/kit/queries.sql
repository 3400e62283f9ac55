-- name: claim_request -> jsonb
-- Take a request key; the first call gets null, a repetition the first result (and waits for it if need be).
select kit.claim_request(
  p_who => %(who)s::text,
  p_key => %(key)s::text,
  p_operation => %(operation)s::text,
  p_hash => %(hash)s::text
);

-- name: finish_request -> none
-- Keep the result under its request key, in the transaction of the write.
update kit.request_keys
set result = %(result)s::text::jsonb
where who = %(who)s::text
  and key = %(key)s::text;

-- name: take_lease -> bigint
-- Take or renew a named lease; null when somebody else holds it.
select kit.take_lease(p_name => %(name)s::text, p_holder => %(holder)s::text, p_seconds => %(seconds)s::int);

-- name: drop_lease -> bool
-- Give a named lease back.
select kit.drop_lease(p_name => %(name)s::text, p_token => %(token)s::bigint);

-- name: hold_lease -> none
-- Refuse unless the lease is held with this token; keeps it until the transaction ends.
select kit.hold_lease(p_name => %(name)s::text, p_token => %(token)s::bigint);

-- name: put_job -> none
-- Make a job known, or bring its description and interval up to date.
insert into kit.jobs as j (name, description, interval_ms)
values (%(name)s::text, %(description)s::text, %(interval_ms)s::bigint)
on conflict (name) do update
set
  description = excluded.description,
  interval_ms = excluded.interval_ms
where (j.description, j.interval_ms) is distinct from (excluded.description, excluded.interval_ms);

-- name: close_lost_runs -> none
-- Close the runs of leaders that went away.
update kit.job_runs
set
  status = 'failed',
  error_message = 'its process went away',
  completed_at = now()
where status = 'running'
  and token < %(token)s::bigint;

-- name: due_jobs -> text
-- Names of due jobs, longest due first.
select name
from kit.jobs
where enabled
  and next_run_at <= clock_timestamp()
order by next_run_at, name;

-- name: start_run -> uuid
-- Note that a job begins, and when it is due next.
with next as (
  update kit.jobs
  set next_run_at = clock_timestamp() + make_interval(secs => interval_ms / 1000.0)
  where name = %(job_name)s::text
  returning name
)
insert into kit.job_runs (job_name, holder, token, started_at)
select name, %(holder)s::text, %(token)s::bigint, clock_timestamp()
from next
returning id;

-- name: succeed_run -> none
-- Note that a job did its work.
update kit.job_runs
set
  status = 'succeeded',
  report = %(report)s::text::jsonb,
  completed_at = clock_timestamp()
where id = %(id)s::uuid;

-- name: fail_run -> none
-- Note that a job failed.
update kit.job_runs
set
  status = 'failed',
  error_message = %(error_message)s::text,
  completed_at = clock_timestamp()
where id = %(id)s::uuid;

-- name: add_notice -> none
-- Tell people something, unless the same still stands open.
insert into kit.notices (topic, level, message)
select %(topic)s::text, %(level)s::text, %(message)s::text
where not exists (
  select
  from kit.notices
  where topic = %(topic)s::text
    and message = %(message)s::text
    and dismissed_at is null
);

-- name: dismiss_notices -> none
-- Take back what was told about a topic.
update kit.notices
set dismissed_at = now()
where topic = %(topic)s::text
  and dismissed_at is null;

-- name: open_notices -> Notice
-- What people are told and nothing has closed since, the newest first.
select n.topic, n.level, n.message, n.created_at
from kit.notices as n
where n.dismissed_at is null
order by n.created_at desc, n.id desc
limit 20;

-- name: count_notices -> bigint
-- How much people are told that nothing has closed since.
select count(*)
from kit.notices as n
where n.dismissed_at is null;

-- name: purge_request_keys -> none
-- Forget request keys after 24 hours.
delete from kit.request_keys
where created_at < now() - interval '24 hours';

-- name: purge_job_runs -> none
-- Forget job runs after 30 days.
delete from kit.job_runs
where started_at < now() - interval '30 days';

-- name: purge_notices -> none
-- Forget dismissed notices after 90 days.
delete from kit.notices
where dismissed_at < now() - interval '90 days';

-- name: release_request -> none
-- Give a request key back that brought nothing yet, in the transaction that took it.
delete from kit.request_keys
where who = %(who)s::text
  and key = %(key)s::text;

-- name: check_constraints -> none
-- Check now what would be checked at commit.
set constraints all immediate;

-- name: changes_here -> text
-- What this transaction did so far, a line for each row.
select concat_ws(' ', resource_type, event_action, coalesce(resource_name, resource_id), '(' || changes_summary || ')')
from audit.audit_logs
where request_id = %(request)s::text
  and xid = pg_current_xact_id()
order by id;

-- name: rule_of -> text
-- The definition of a constraint, for telling what it allows.
select pg_get_constraintdef(k.oid)
from pg_catalog.pg_constraint as k
join pg_catalog.pg_class as c on c.oid = k.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s::text
  and c.relname = %(table)s::text
  and k.conname = %(name)s::text;

-- name: setting -> text
-- What the installation remembers under a name.
select s.value #>> '{}'
from kit.settings as s
where s.key = %(key)s::text;

-- name: put_setting -> none
-- Remember something under a name.
insert into kit.settings as s (key, value)
values (%(key)s::text, to_jsonb(%(value)s::text))
on conflict (key) do update
set value = excluded.value
where s.value is distinct from excluded.value;
