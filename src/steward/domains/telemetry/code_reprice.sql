-- Working out anew what responses cost: a request is done in batches, each a transaction of its own.

-- What some responses cost now, and by today's prices.
create function telemetry.priced_anew(
  p_since timestamptz, p_until timestamptz, p_model text, p_project_id uuid, p_unpriced_only boolean,
  p_after_at timestamptz, p_after_id uuid, p_limit bigint
) returns table (id uuid, at timestamptz, old_cost numeric, old_price uuid, new_cost numeric, new_price uuid)
language sql stable
begin atomic
  select
    u.id, u.at, u.cost_usd, u.price_id,
    coalesce(p.cost_usd, u.reported_cost_usd, case when u.tokens = 0 then 0 end),
    p.price_id
  from (
    select
      t.id, t.at, t.model, t.cost_usd, t.price_id, t.reported_cost_usd, t.input_tokens, t.output_tokens,
      t.cache_read_tokens, t.cache_write_tokens, t.cache_write_1h_tokens, t.reasoning_tokens,
      t.input_tokens + t.output_tokens + t.cache_read_tokens + t.cache_write_tokens as tokens
    from telemetry.token_usage as t
    where (p_since is null or t.at >= p_since)
      and (p_until is null or t.at < p_until)
      and (p_model is null or t.model = p_model)
      and (p_project_id is null or t.project_id = p_project_id)
      and (not p_unpriced_only or t.cost_usd is null)
      and (p_after_at is null or (t.at, t.id) > (p_after_at, p_after_id))
    order by t.at, t.id
    limit p_limit
  ) as u
  left join lateral telemetry.price_of(
    u.model, u.at, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
    u.reasoning_tokens
  ) as p on true;
end;

-- Ask for costs to be worked out anew; returns the request's id.
create function telemetry.ask_repricing(
  p_since timestamptz, p_until timestamptz, p_model text, p_project_id uuid, p_unpriced_only boolean
) returns uuid
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made uuid;
begin
  perform kit.authorize('telemetry:prices');
  insert into telemetry.repricings (since, until, model, project_id, unpriced_only)
  values (p_since, p_until, p_model, p_project_id, p_unpriced_only)
  returning id into made;
  return made;
end
$$;

-- Put new costs in place of the ones that were seen; a response that changed meanwhile was priced by that change. Rows are
-- locked in the order of their ids, as those who take responses in do. Returns how many changed.
create function telemetry.put_costs(p_ids uuid[], p_seen numeric[], p_costs numeric[], p_prices uuid[]) returns integer
language plpgsql
set search_path = telemetry, pg_temp
as $$
declare
  put integer;
begin
  perform t.id
  from telemetry.token_usage as t
  where t.id = any (p_ids)
  order by t.id
  for no key update;
  update telemetry.token_usage as t
  set cost_usd = n.cost, price_id = n.price
  from unnest(p_ids, p_seen, p_costs, p_prices) as n (id, seen, cost, price)
  where t.id = n.id
    and t.cost_usd is not distinct from n.seen;
  get diagnostics put = row_count;
  return put;
end
$$;

-- Do the next batch of a request; returns whether more is left. The request's row is the lock against two who work on it.
create function telemetry.reprice_batch(p_id uuid, p_limit integer) returns boolean
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  asked record;
  done record;
  put integer;
begin
  perform kit.authorize('telemetry:prices');
  select r.since, r.until, r.model, r.project_id, r.unpriced_only, r.after_at, r.after_id into asked
  from telemetry.repricings as r
  where r.id = p_id
    and r.completed_at is null
  for update;
  if not found then
    return false;
  end if;
  select
    count(*) as seen, coalesce(sum(n.old_cost), 0) as before, coalesce(sum(n.new_cost), 0) as after, max(n.at) as last_at,
    (array_agg(n.id order by n.at desc, n.id desc))[1] as last_id,
    array_agg(n.id) filter (where n.changes) as ids, array_agg(n.old_cost) filter (where n.changes) as old_costs,
    array_agg(n.new_cost) filter (where n.changes) as new_costs, array_agg(n.new_price) filter (where n.changes) as prices
  into done
  from (
    select a.id, a.at, a.old_cost, a.new_cost, a.new_price, (a.old_cost, a.old_price) is distinct from (a.new_cost, a.new_price) as changes
    from telemetry.priced_anew(
      asked.since, asked.until, asked.model, asked.project_id, asked.unpriced_only, asked.after_at, asked.after_id, p_limit
    ) as a
  ) as n;
  put := telemetry.put_costs(done.ids, done.old_costs, done.new_costs, done.prices);
  update telemetry.repricings as r
  set
    after_at = coalesce(done.last_at, r.after_at), after_id = coalesce(done.last_id, r.after_id),
    seen = r.seen + done.seen, changed = r.changed + put, cost_before = r.cost_before + done.before,
    cost_after = r.cost_after + done.after, completed_at = case when done.seen < p_limit then clock_timestamp() end
  where r.id = p_id;
  return done.seen >= p_limit;
end
$$;
