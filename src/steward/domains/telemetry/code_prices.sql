-- Prices: what a response costs by the price of its time, how list prices come in, and how costs are worked out anew.

create trigger touch before update on telemetry.model_prices
for each row execute function kit.touch_versioned();
call kit.audit_table('telemetry.model_prices', 'price', 'model', '');
-- The thousands of rows that a new list brings are told of by its version; what changes or goes is audited row by row.
drop trigger audit_insert on telemetry.model_prices;
create trigger audit_insert after insert on telemetry.model_prices
referencing new table as new_rows
for each statement
when (kit.setting('price_list') is null)
execute function kit.audit_capture('price', 'model', '', '{}', '{updated_at,version}');
create trigger touch before update on telemetry.model_names
for each row execute function kit.update_updated_at_column();

-- Tell whether a price holds at a time of the day, in UTC; hours may run over midnight.
create function telemetry.in_hours(p_at timestamptz, p_from time, p_until time) returns boolean
language sql immutable parallel safe
begin atomic
  select p_from is null
    or case
      when p_from <= p_until then (p_at at time zone 'UTC')::time >= p_from and (p_at at time zone 'UTC')::time < p_until
      else (p_at at time zone 'UTC')::time >= p_from or (p_at at time zone 'UTC')::time < p_until
    end;
end;

-- The cost of a response by the price of its time: an override before the list, the rates of an hour before those of the
-- day, the latest that has begun, and of its steps the highest that the input is above. No row where no price is known.
-- `begin atomic`, so that the planner puts it into the statement that asks.
create function telemetry.price_for(
  p_provider text, p_model text, p_at timestamptz, p_input bigint, p_output bigint, p_cache_read bigint,
  p_cache_write bigint, p_cache_write_1h bigint, p_reasoning bigint
) returns table (cost_usd numeric, price_id uuid)
language sql stable
begin atomic
  select
    -- A cost that no column holds would refuse all that is told with it.
    least(round(p.request_usd + (
      p_input * p.input_usd
      + (p_output - least(p_reasoning, p_output)) * p.output_usd
      + least(p_reasoning, p_output) * coalesce(p.reasoning_usd, p.output_usd)
      + p_cache_read * coalesce(p.cache_read_usd, p.input_usd)
      + (p_cache_write - least(p_cache_write_1h, p_cache_write)) * coalesce(p.cache_write_usd, p.input_usd)
      + least(p_cache_write_1h, p_cache_write) * coalesce(p.cache_write_1h_usd, p.cache_write_usd, p.input_usd)
    ) / 1000000, 9), 999999999),
    p.id
  from telemetry.model_prices as p
  where lower(p.provider) = lower(p_provider)
    and lower(p.model) = lower(p_model)
    and p_at >= p.effective_from
    and p_at < p.effective_until
    and (p.above_input_tokens = 0 or p.above_input_tokens < p_input + p_cache_read + p_cache_write)
    and telemetry.in_hours(p_at, p.hours_from, p.hours_until)
  order by p.source = 'override' desc, p.hours_from is not null desc, p.effective_from desc, p.above_input_tokens desc
  limit 1;
end;

-- The cost of a response of a model by the name that a client gives it.
create function telemetry.price_of(
  p_name text, p_at timestamptz, p_input bigint, p_output bigint, p_cache_read bigint, p_cache_write bigint,
  p_cache_write_1h bigint, p_reasoning bigint
) returns table (cost_usd numeric, price_id uuid)
language sql stable
begin atomic
  select p.cost_usd, p.price_id
  from telemetry.model_names as n
  cross join lateral telemetry.price_for(
    n.provider, n.model, p_at, p_input, p_output, p_cache_read, p_cache_write, p_cache_write_1h, p_reasoning
  ) as p
  where n.name = p_name;
end;

-- List prices as rows, from JSON.
create function telemetry.told_prices(p_prices jsonb) returns table (
  provider text, model text, above_input_tokens bigint, effective_from timestamptz, effective_until timestamptz,
  hours_from time, hours_until time, input_usd numeric, output_usd numeric, cache_read_usd numeric,
  cache_write_usd numeric, cache_write_1h_usd numeric, reasoning_usd numeric, request_usd numeric
)
language sql stable
set search_path = telemetry, pg_temp
as $$
  select
    t.provider, t.model, coalesce(t.above_input_tokens, 0), coalesce(t.effective_from, '-infinity'),
    coalesce(t.effective_until, 'infinity'), t.hours_from, t.hours_until, round(t.input_usd, 12), round(t.output_usd, 12),
    round(t.cache_read_usd, 12), round(t.cache_write_usd, 12), round(t.cache_write_1h_usd, 12),
    round(t.reasoning_usd, 12), round(coalesce(t.request_usd, 0), 12)
  from jsonb_to_recordset(p_prices) as t (
    provider text, model text, above_input_tokens bigint, effective_from timestamptz, effective_until timestamptz,
    hours_from time, hours_until time, input_usd numeric, output_usd numeric, cache_read_usd numeric,
    cache_write_usd numeric, cache_write_1h_usd numeric, reasoning_usd numeric, request_usd numeric
  )
$$;

-- Bring the list prices to what a price list says; only rows that differ are touched. Models that left the list keep
-- their prices: history is worked out by them. The advisory lock makes two callers take turns.
create function telemetry.put_prices(p_prices jsonb) returns table (added integer, changed integer, removed integer)
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:prices');
  perform pg_advisory_xact_lock(hashtextextended('telemetry.put_prices', 0));
  delete from telemetry.model_prices as p
  where p.source = 'genai-prices'
    and (p.provider, p.model) in (select t.provider, t.model from telemetry.told_prices(p_prices) as t)
    and (p.provider, p.model, p.above_input_tokens, p.effective_from, coalesce(p.hours_from::text, '')) not in (
      select t.provider, t.model, t.above_input_tokens, t.effective_from, coalesce(t.hours_from::text, '')
      from telemetry.told_prices(p_prices) as t
    );
  get diagnostics removed = row_count;
  perform set_config('steward.price_list', 'on', true);
  with put as (
    insert into telemetry.model_prices as p (
      provider, model, above_input_tokens, effective_from, effective_until, hours_from, hours_until, input_usd, output_usd,
      cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd, request_usd, source
    )
    select
      t.provider, t.model, t.above_input_tokens, t.effective_from, t.effective_until, t.hours_from, t.hours_until,
      t.input_usd, t.output_usd, t.cache_read_usd, t.cache_write_usd, t.cache_write_1h_usd, t.reasoning_usd,
      t.request_usd, 'genai-prices'
    from telemetry.told_prices(p_prices) as t
    order by t.provider, t.model, t.effective_from, t.above_input_tokens
    on conflict (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) do update
    set
      effective_until = excluded.effective_until, hours_until = excluded.hours_until, input_usd = excluded.input_usd,
      output_usd = excluded.output_usd, cache_read_usd = excluded.cache_read_usd,
      cache_write_usd = excluded.cache_write_usd, cache_write_1h_usd = excluded.cache_write_1h_usd,
      reasoning_usd = excluded.reasoning_usd, request_usd = excluded.request_usd
    where (
      p.effective_until, p.hours_until, p.input_usd, p.output_usd, p.cache_read_usd, p.cache_write_usd,
      p.cache_write_1h_usd, p.reasoning_usd, p.request_usd
    ) is distinct from (
      excluded.effective_until, excluded.hours_until, excluded.input_usd, excluded.output_usd, excluded.cache_read_usd,
      excluded.cache_write_usd, excluded.cache_write_1h_usd, excluded.reasoning_usd, excluded.request_usd
    )
    returning p.version
  )
  select count(*) filter (where t.version = 1), count(*) filter (where t.version > 1) into added, changed from put as t;
  perform set_config('steward.price_list', '', true);
  return next;
end
$$;

-- Set an own price for a model from a time on; one that begins at the same time is replaced. Returns its id.
create function telemetry.put_override(p_price jsonb) returns uuid
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made uuid;
begin
  perform kit.authorize('telemetry:admin');
  -- Whatever the caller set: own prices are audited.
  perform set_config('steward.price_list', '', true);
  insert into telemetry.model_prices as p (
    provider, model, above_input_tokens, effective_from, effective_until, input_usd, output_usd, cache_read_usd,
    cache_write_usd, cache_write_1h_usd, reasoning_usd, request_usd, source, note
  )
  select
    t.provider, t.model, t.above_input_tokens, t.effective_from, t.effective_until, t.input_usd, t.output_usd,
    t.cache_read_usd, t.cache_write_usd, t.cache_write_1h_usd, t.reasoning_usd, t.request_usd, 'override',
    p_price ->> 'note'
  from telemetry.told_prices(jsonb_build_array(p_price)) as t
  on conflict (lower(provider), lower(model), above_input_tokens, effective_from, hours_from, source) do update
  set
    effective_until = excluded.effective_until, input_usd = excluded.input_usd, output_usd = excluded.output_usd,
    cache_read_usd = excluded.cache_read_usd, cache_write_usd = excluded.cache_write_usd,
    cache_write_1h_usd = excluded.cache_write_1h_usd, reasoning_usd = excluded.reasoning_usd,
    request_usd = excluded.request_usd, note = excluded.note
  returning p.id into made;
  return made;
end
$$;

-- Take an own price away; list prices stay.
create function telemetry.drop_override(p_id uuid) returns boolean
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
begin
  perform kit.authorize('telemetry:admin');
  delete from telemetry.model_prices as p
  where p.id = p_id
    and p.source = 'override';
  return found;
end
$$;

-- Keep which priced models names mean. A name that a person gave a price stays theirs; what is known of others is
-- replaced only when they are looked up again.
create function telemetry.put_names(p_names jsonb, p_again boolean) returns integer
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  put integer;
begin
  perform kit.authorize(case when p_again or p_names @> '[{"found_by": "person"}]' then 'telemetry:prices' else 'telemetry:write' end);
  insert into telemetry.model_names as n (name, provider, model, found_by)
  select t.name, t.provider, t.model, t.found_by
  from jsonb_to_recordset(p_names) as t (name text, provider text, model text, found_by text)
  order by t.name
  on conflict (name) do update
  set provider = excluded.provider, model = excluded.model, found_by = excluded.found_by
  where (excluded.found_by = 'person' or (p_again and n.found_by is distinct from 'person'))
    and (n.provider, n.model, n.found_by) is distinct from (excluded.provider, excluded.model, excluded.found_by);
  get diagnostics put = row_count;
  return put;
end
$$;
