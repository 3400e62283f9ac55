-- Days: where they begin in the installation's time zone, and totals made anew from all responses.

-- The day that a time belongs to, in the installation's time zone.
create function telemetry.day_of(p_at timestamptz) returns date
language sql stable
begin atomic
  select (p_at at time zone coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC'))::date;
end;

-- The time at which a day begins in the installation's time zone.
create function telemetry.day_start(p_day date) returns timestamptz
language sql stable
set search_path = kit, pg_temp
as $$
  select p_day::timestamp at time zone coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC')
$$;

-- Make the totals by day anew. The lock on the responses waits for those who write them and keeps the next ones out until
-- the end, the others keep the folding job out; the order is that of writers (responses, deltas) and of the job (deltas,
-- days). Readers go on with what was there before.
create function telemetry.rebuild_days() returns bigint
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made bigint;
begin
  perform kit.authorize('telemetry:admin');
  lock table telemetry.token_usage in share mode;
  lock table telemetry.usage_deltas in exclusive mode;
  lock table telemetry.usage_days in exclusive mode;
  delete from telemetry.usage_deltas;
  delete from telemetry.usage_days;
  insert into telemetry.usage_days (
    day, project_id, task_id, registered_agent_id, agent_id, model, calls, unpriced_calls, approximate_calls, input_tokens,
    output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd
  )
  select
    (t.at at time zone z.name)::date, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model, count(*),
    count(*) filter (where t.cost_usd is null), count(*) filter (where t.approximate), sum(t.input_tokens),
    sum(t.output_tokens), sum(t.cache_read_tokens), sum(t.cache_write_tokens), sum(t.reasoning_tokens),
    coalesce(sum(t.cost_usd), 0)
  from telemetry.token_usage as t
  cross join (
    select coalesce((select s.value #>> '{}' from kit.settings as s where s.key = 'timezone'), 'UTC') as name
  ) as z
  group by 1, t.project_id, t.task_id, t.registered_agent_id, t.agent_id, t.model;
  get diagnostics made = row_count;
  return made;
end
$$;
