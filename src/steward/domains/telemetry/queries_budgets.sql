-- name: add_budget -> uuid
-- Add a budget.
select telemetry.add_budget(%(budget)s::text::jsonb);

-- name: update_budget -> none
-- Change the given fields of a budget.
select telemetry.update_budget(%(id)s::uuid, %(budget)s::text::jsonb);

-- name: lock_budget -> integer
-- The version of a budget, seen with its row locked.
select telemetry.lock_budget(%(id)s::uuid);

-- name: find_budgets -> uuid
-- Budgets of an id, of the start of one, or of a name; two rows mean that the words are ambiguous.
select b.id
from telemetry.budgets as b
where b.id between %(low)s::uuid and %(high)s::uuid
  or (lower(b.name) = lower(%(name)s::text) and b.is_active)
order by b.id
limit 2;

-- name: get_budgets -> Budget
-- Some budgets with what was spent of them.
select
  b.id, b.name, b.scope, b.target, b.target_name, b.project, b.period, b.limit_usd, b.limit_tokens,
  b.warn_percent::integer as warn_percent, s.from_day, s.spent_usd, s.spent_tokens, s.unpriced_calls, s.percent,
  case when b.is_active then s.state else 'off' end as state, b.version, b.created_at, b.updated_at
from telemetry.budget_list as b
join telemetry.budget_states(%(ids)s::uuid[]) as s on s.id = b.id
order by b.is_active desc, s.percent desc, b.id;

-- name: list_budgets -> uuid, planned anew
-- Which budgets there are, the newest first, after a cursor.
select b.id
from telemetry.budget_list as b
where (%(inactive)s::boolean or b.is_active)
  and (%(scope)s::text is null or b.scope = %(scope)s::text)
  and (%(project_id)s::uuid is null or b.in_project_id = %(project_id)s::uuid)
  and (%(agent_id)s::uuid is null or b.agent_id = %(agent_id)s::uuid)
  and (%(after)s::uuid is null or b.id < %(after)s::uuid)
order by b.id desc
limit %(limit)s::integer;

-- name: budgets_of -> uuid, planned anew
-- Active budgets that something is paid from.
select b.id
from telemetry.budgets as b
where b.is_active
  and (
    b.scope = 'all'
    or b.project_id = coalesce(%(project_id)s::uuid, (select t.project_id from work.tasks as t where t.id = %(task_id)s::uuid))
    or b.epic_id = (select t.epic_id from work.tasks as t where t.id = %(task_id)s::uuid)
    or b.agent_id = %(agent_id)s::uuid
    or (
      b.task_id is not null
      and %(task_id)s::uuid is not null
      and %(task_id)s::uuid in (select work.with_descendants(array[b.task_id]))
    )
  );

-- name: tell_budgets -> integer
-- Tell people of budgets that are nearly or wholly spent.
select telemetry.tell_budgets();

-- name: spent_words -> text
-- What was spent of a budget, in words.
select telemetry.spent_words(%(id)s::uuid);
