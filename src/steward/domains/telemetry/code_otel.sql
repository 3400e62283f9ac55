-- What the metrics of exporters say. Points are kept as they came, in any order; differences are taken when they are asked
-- for, so that a point that comes late changes what follows it and nothing else.

-- What each point of a sum or histogram adds: points of deltas as they are, running totals as the difference from the
-- point before. A total begins anew where its start changes or, if it only grows, where it falls; of one whose start is
-- unknown the first point only shows where to count from.
create view telemetry.metric_deltas with (security_invoker = true) as
select
  d."time", d.session_id, d.project_id, d.resource_id, d.series_id, d.metric, d.kind, d.unit, d.attributes,
  case
    when d.temporality = 1 then d.value
    when d.is_first then case when d.start_time is null then 0 else d.value end
    when d.start_time is distinct from d.start_before or (d.falls_at_reset and d.value < d.value_before) then d.value
    else d.value - d.value_before
  end as value,
  case
    when d.count is null or d.temporality = 1 then d.count
    when d.is_first then case when d.start_time is null then 0 else d.count end
    when d.start_time is distinct from d.start_before or d.count < d.count_before then d.count
    else d.count - d.count_before
  end as count
from (
  select
    p."time", p.session_id, p.project_id, p.resource_id, p.series_id, p.metric, p.kind, p.unit, p.attributes,
    p.temporality, p.start_time, p.value,
    p.is_monotonic or p.kind <> 'sum' as falls_at_reset,
    (p.detail ->> 'count')::bigint as count,
    lag(p.series_id) over w is null as is_first,
    lag(p.start_time) over w as start_before,
    lag(p.value) over w as value_before,
    lag((p.detail ->> 'count')::bigint) over w as count_before
  from telemetry.otel_points as p
  where p.kind in ('sum', 'histogram', 'exponential_histogram')
  -- Metric and session are the same all along a series; named here, a question about one looks at nothing else.
  window w as (partition by p.metric, p.session_id, p.series_id order by p."time", p.start_time)
) as d;

-- Tokens and cost as clients' own metrics report them, to compare with token_usage and never to add to it. Words for types
-- are ours; what they hold is as the client counts: of Codex and Gemini input holds what came from the cache.
create view telemetry.client_reported_usage with (security_invoker = true) as
select
  r.session_id, r.agent_id, r.model, r.type,
  case when r.type <> 'cost' then round(sum(r.value))::bigint end as tokens,
  case when r.type = 'cost' then round(sum(r.value)::numeric, 9) end as cost_usd
from (
  select
    d.session_id,
    case split_part(d.metric, '.', 1) when 'claude_code' then 'claude-code' when 'codex' then 'codex' else 'gemini-cli' end
      as agent_id,
    d.attributes ->> 'model' as model,
    case
      when d.metric = 'claude_code.cost.usage' then 'cost'
      else case coalesce(d.attributes ->> 'token_type', d.attributes ->> 'type')
        when 'cacheRead' then 'cache_read' when 'cached_input' then 'cache_read' when 'cache' then 'cache_read'
        when 'cacheCreation' then 'cache_write'
        when 'reasoning_output' then 'reasoning' when 'thought' then 'reasoning'
        else coalesce(d.attributes ->> 'token_type', d.attributes ->> 'type', 'unknown')
      end
    end as type,
    d.value
  from telemetry.metric_deltas as d
  where d.metric in (
    'claude_code.token.usage', 'claude_code.cost.usage', 'codex.turn.token_usage', 'gemini_cli.token.usage'
  )
) as r
group by r.session_id, r.agent_id, r.model, r.type;

select kit.ensure_partitions('telemetry.otel_logs', 2);
select kit.ensure_partitions('telemetry.otel_spans', 2);
select kit.ensure_partitions('telemetry.otel_points', 2);
