-- name: unknown_names -> text
-- Which of some names of models are new.
select g.name
from unnest(%(names)s::text[]) as g (name)
where not exists (
  select
  from telemetry.model_names as n
  where n.name = g.name
)
order by g.name;

-- name: looked_up_names -> text
-- Names that were looked up, found or not.
select n.name
from telemetry.model_names as n
where n.found_by is distinct from 'person'
order by n.name;

-- name: put_names -> int
-- Keep what names mean.
select telemetry.put_names(%(names)s::text::jsonb, %(again)s::boolean);

-- name: put_prices -> PutPrices
-- Bring the list prices to what a list says.
select p.added, p.changed, p.removed
from telemetry.put_prices(%(prices)s::text::jsonb) as p;

-- name: put_override -> uuid
-- Set an own price.
select telemetry.put_override(%(price)s::text::jsonb);

-- name: drop_override -> bool
-- Take an own price away.
select telemetry.drop_override(%(id)s::uuid);

-- name: name_meaning -> NameMeaning
-- Which priced model a name means.
select n.name, n.provider, n.model, n.found_by
from telemetry.model_names as n
where n.name = %(name)s::text;

-- name: get_price -> Price
-- One price.
select
  p.id, p.provider, p.model, p.source, p.above_input_tokens, nullif(p.effective_from, '-infinity') as effective_from,
  nullif(p.effective_until, 'infinity') as effective_until, p.hours_from::text as hours_from,
  p.hours_until::text as hours_until, p.input_usd, p.output_usd, p.cache_read_usd, p.cache_write_usd,
  p.cache_write_1h_usd, p.reasoning_usd, p.request_usd, p.note, p.version, p.updated_at
from telemetry.model_prices as p
where p.id = %(id)s::uuid;

-- name: list_prices -> Price, planned anew
-- Prices by seller and model, after a cursor.
select
  p.id, p.provider, p.model, p.source, p.above_input_tokens, nullif(p.effective_from, '-infinity') as effective_from,
  nullif(p.effective_until, 'infinity') as effective_until, p.hours_from::text as hours_from,
  p.hours_until::text as hours_until, p.input_usd, p.output_usd, p.cache_read_usd, p.cache_write_usd,
  p.cache_write_1h_usd, p.reasoning_usd, p.request_usd, p.note, p.version, p.updated_at
from telemetry.model_prices as p
where (%(source)s::text is null or p.source = %(source)s::text)
  and (%(provider)s::text is null or lower(p.provider) = lower(%(provider)s::text))
  and (
    %(model)s::text is null
    or strpos(lower(p.model), lower(%(model)s::text)) > 0
    or exists (
      select
      from telemetry.model_names as n
      where n.name = %(model)s::text and lower(n.provider) = lower(p.provider) and lower(n.model) = lower(p.model)
    )
  )
  and (not %(used)s::boolean or exists (
    select
    from telemetry.model_names as n
    where lower(n.provider) = lower(p.provider) and lower(n.model) = lower(p.model)
  ))
  and (%(after_id)s::uuid is null or (p.provider, p.model, p.id) > (%(after_provider)s::text, %(after_model)s::text, %(after_id)s::uuid))
order by p.provider, p.model, p.id
limit %(limit)s::integer;

-- name: price_of -> PricedAs
-- What a response would cost, and by which price.
select p.cost_usd, p.price_id
from telemetry.price_for(
  %(provider)s::text, %(model)s::text, %(at)s::timestamptz, %(input)s::bigint, %(output)s::bigint, %(cache_read)s::bigint,
  %(cache_write)s::bigint, %(cache_write_1h)s::bigint, %(reasoning)s::bigint
) as p;

-- name: ask_repricing -> uuid
-- Ask for costs to be worked out anew.
select telemetry.ask_repricing(
  %(since)s::timestamptz, %(until)s::timestamptz, %(model)s::text, %(project_id)s::uuid, %(unpriced_only)s::boolean
);

-- name: reprice_batch -> bool
-- Do the next batch of a request; true while more is left.
select telemetry.reprice_batch(%(id)s::uuid, %(limit)s::integer);

-- name: get_repricing -> Repricing
-- How far a request is.
select
  r.id, r.seen, r.changed, r.cost_before as cost_before_usd, r.cost_after as cost_after_usd,
  r.completed_at is not null as completed
from telemetry.repricings as r
where r.id = %(id)s::uuid;

-- name: open_repricings -> uuid
-- Requests that are not done, the oldest first.
select r.id
from telemetry.repricings as r
where r.completed_at is null
order by r.requested_at
limit 10;

-- name: repricing_difference -> Difference
-- What working out costs anew would change.
select
  count(*) as seen,
  count(*) filter (where (a.old_cost, a.old_price) is distinct from (a.new_cost, a.new_price)) as changed,
  coalesce(sum(a.old_cost), 0) as cost_before_usd,
  coalesce(sum(a.new_cost), 0) as cost_after_usd
from telemetry.priced_anew(
  %(since)s::timestamptz, %(until)s::timestamptz, %(model)s::text, %(project_id)s::uuid, %(unpriced_only)s::boolean,
  null, null, null
) as a;

-- name: prices_between -> uuid
-- Ids of own prices from one to another: those that begin with the digits that were typed.
select p.id
from telemetry.model_prices as p
where p.id between %(low)s::uuid and %(high)s::uuid
  and p.source = 'override'
order by p.id
limit 6;
