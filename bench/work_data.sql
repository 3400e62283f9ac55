-- The statements of work_data.build, in order; each ends with a semicolon at the end of its line.
-- Everything follows from numbers by hashes, so that two builds of one size hold the same rows.

-- A number from 0 to below 1 that depends on n and on what it is for.
create function pg_temp.u(n bigint, what bigint) returns double precision
language sql immutable
begin atomic
  select (hashint8extended(n, what) & 4503599627370495) / 4503599627370496.0;
end;

-- A rank from 1 to most, of which the first is the likeliest (Zipf).
create function pg_temp.zipf(n bigint, what bigint, most bigint) returns bigint
language sql immutable
begin atomic
  select least(most, floor(power(most + 1, pg_temp.u(n, what)))::bigint);
end;

-- A uuid of version 7 whose time is `at`.
create function pg_temp.key(what text, n bigint, at timestamptz) returns uuid
language sql immutable
begin atomic
  select (
    lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
    || '7' || substr(md5(what || n), 1, 3) || '8' || substr(md5(what || n), 4, 15)
  )::uuid;
end;

-- Rows come evenly over 360 days.
create function pg_temp.day(n bigint, of bigint) returns timestamptz
language sql immutable
begin atomic
  select '2025-09-01 00:00:00+00'::timestamptz + make_interval(secs => 360 * 86400.0 * n / of);
end;

-- Words by how common they are: English ones first, then made-up ones, names of functions and paths of files.
create temporary table words on commit drop as
select
  r.rank,
  case
    when r.rank <= cardinality(k.known) then k.known[r.rank]
    when r.rank % 25 = 0 then 'src/' || s.a || '/' || s.b || '.py'
    when r.rank % 10 = 0 then s.a || s.c || '_' || s.b
    else s.a || s.b || s.c
  end as word
from generate_series(1, 20000) as r (rank)
cross join (
  select string_to_array(
    'the add fix update to for and test of in with error user page api when data support make new file not from is '
    'remove login cache database queue agent task retry timeout migration index search token session report export '
    'import config schema query worker deploy build docs button list board filter parser stream socket upload '
    'permission audit webhook invoice refactor crash memory leak thread lock', ' '
  ) as known
) as k
cross join lateral (
  select string_to_array('ba de fi go hu ka le mi no pu ra se ti vo wu za chi dre fol gam', ' ') as a
) as y
cross join lateral (
  select y.a[1 + r.rank % 20] as a, y.a[1 + r.rank / 20 % 20] as b, y.a[1 + r.rank / 400 % 20] || y.a[1 + r.rank * 7 % 20] as c
) as s;

-- Beginnings and ends of titles, and sentences of which longer texts are put together.
create temporary table phrases on commit drop as
select p.n, string_agg(w.word, ' ' order by i.i) as phrase
from generate_series(1, 50000) as p (n)
cross join generate_series(1, 3) as i (i)
join words as w on w.rank = pg_temp.zipf(p.n * 10 + i.i, 1, 20000)
group by p.n;

create temporary table sentences on commit drop as
select p.n, string_agg(w.word, ' ' order by i.i) || '.' as sentence
from generate_series(1, 50000) as p (n)
cross join generate_series(1, 10) as i (i)
join words as w on w.rank = pg_temp.zipf(p.n * 10 + i.i, 2, 20000)
group by p.n;
analyze words, phrases, sentences;

insert into accounts.users (username, display_name, role)
select 'bench-user-' || n, 'User ' || n, 'user'
from generate_series(1, 50) as n;

insert into agents.agents (name, display_name, agent_type)
select 'bench-agent-' || n, 'Agent ' || n, 'custom'
from generate_series(1, 20) as n;

insert into projects.projects (name, slug, key)
select case n when 1 then 'Big' else 'Project ' || n end, case n when 1 then 'big' else 'bench-' || n end,
  case n when 1 then 'BIG' else 'P' || lpad(n::text, 3, '0') end
from generate_series(1, %(projects)s::bigint) as n;

create temporary table places on commit drop as
select n as ord, p.id as project_id
from generate_series(1, %(projects)s::bigint) as n
join projects.projects as p on p.slug = case n when 1 then 'big' else 'bench-' || n end and p.deleted_at is null;

-- Three of ten tasks are of the first project, the others by Zipf.
create function pg_temp.place(n bigint, what bigint, projects bigint) returns bigint
language sql immutable
begin atomic
  select case when projects = 1 or pg_temp.u(n, what) < 0.3 then 1 else 1 + pg_temp.zipf(n, what + 1000, projects - 1) end;
end;

-- Epics, issues and workflows, numbered in their project.
create temporary table epic_of on commit drop as
select n, p.ord, p.project_id, row_number() over (partition by p.ord order by n) as place, pg_temp.key('epic', n, pg_temp.day(n, %(epics)s)) as id
from generate_series(1, %(epics)s::bigint) as n
join places as p on p.ord = pg_temp.place(n, 11, %(projects)s);

create temporary table workflow_of on commit drop as
select n, p.ord, p.project_id, row_number() over (partition by p.ord order by n) as place, pg_temp.key('workflow', n, pg_temp.day(n, %(workflows)s)) as id
from generate_series(1, %(workflows)s::bigint) as n
join places as p on p.ord = pg_temp.place(n, 13, %(projects)s);

create temporary table issue_of on commit drop as
select n, p.ord, p.project_id, row_number() over (partition by p.ord order by n) as place, pg_temp.key('issue', n, pg_temp.day(n, %(issues)s)) as id
from generate_series(1, %(issues)s::bigint) as n
join places as p on p.ord = pg_temp.place(n, 12, %(projects)s);

create temporary table task_of on commit drop as
select n, p.ord, p.project_id, row_number() over (partition by p.ord order by n) as number, pg_temp.key('task', n, pg_temp.day(n, %(tasks)s)) as id,
  count(*) over (partition by p.ord) as size
from generate_series(1, %(tasks)s::bigint) as n
join places as p on p.ord = pg_temp.place(n, 14, %(projects)s);
create index on epic_of (ord, place);
create index on workflow_of (ord, place);
create index on issue_of (ord, place);
create index on task_of (ord, number);
create index on task_of (n);
analyze epic_of, workflow_of, issue_of, task_of;

create temporary table sizes on commit drop as
select
  p.ord,
  p.project_id,
  (select count(*) from task_of as x where x.ord = p.ord) as tasks,
  (select count(*) from issue_of as x where x.ord = p.ord) as issues,
  (select count(*) from epic_of as x where x.ord = p.ord) as epics,
  (select count(*) from workflow_of as x where x.ord = p.ord) as workflows
from places as p;
analyze sizes;

insert into work.epics (id, project_id, epic_id, title, description, status, priority, created_at, updated_at, completed_at)
select
  e.id, e.project_id, 'EPIC-' || lpad(e.place::text, 3, '0'), a.phrase, s.sentence,
  case when x.u < 0.3 then 'completed' when x.u < 0.7 then 'in_progress' else 'planned' end,
  1 + e.n % 10, x.at, x.at, case when x.u < 0.3 then x.at end
from epic_of as e
join phrases as a on a.n = 1 + e.n * 17 % 50000
join sentences as s on s.n = 1 + e.n * 31 % 50000
cross join lateral (select pg_temp.u(e.n, 21) as u, pg_temp.day(e.n, %(epics)s) as at) as x
order by e.n;

insert into work.issues (
  id, project_id, number, epic_id, title, description, status, priority, labels, assignee, created_at, updated_at, closed_at
)
select
  i.id, i.project_id, z.tasks + i.place, e.id, a.phrase, s.sentence || ' ' || t.sentence,
  case when x.u < 0.6 then 'closed' when x.u < 0.7 then 'in_progress' when x.u < 0.75 then 'cancelled' else 'open' end,
  1 + i.n % 10, array['area-' || pg_temp.zipf(i.n, 22, 40)], 'bench-user-' || (1 + i.n % 50), x.at, x.at,
  case when x.u < 0.6 then x.at end
from issue_of as i
join sizes as z on z.ord = i.ord
left join epic_of as e on e.ord = i.ord and e.place = case when i.n % 2 = 0 then pg_temp.zipf(i.n, 23, greatest(z.epics, 1)) end
join phrases as a on a.n = 1 + i.n * 19 % 50000
join sentences as s on s.n = 1 + i.n * 29 % 50000
join sentences as t on t.n = 1 + i.n * 37 % 50000
cross join lateral (select pg_temp.u(i.n, 24) as u, pg_temp.day(i.n, %(issues)s) as at) as x
order by i.n;

insert into work.workflows (
  id, project_id, name, description, status, current_phase, created_at, updated_at, started_at, completed_at
)
select
  w.id, w.project_id, a.phrase || ' ' || w.place, s.sentence,
  case when x.u < 0.5 then 'completed' when x.u < 0.8 then 'active' else 'pending' end,
  case when x.u < 0.5 then 'completed' when x.u < 0.8 then 'development' else 'initiation' end,
  x.at, x.at, case when x.u < 0.8 then x.at end, case when x.u < 0.5 then x.at end
from workflow_of as w
join phrases as a on a.n = 1 + w.n * 23 % 50000
join sentences as s on s.n = 1 + w.n * 41 % 50000
cross join lateral (select pg_temp.u(w.n, 25) as u, pg_temp.day(w.n, %(workflows)s) as at) as x
order by w.n;

-- The older part of a project is done for the most, the newer part is not. Every fifth task is a subtask; what is below
-- something done is done.
create temporary table statuses on commit drop as
select
  t.n, t.ord, t.number, case when t.number > 9 and t.number % 10 >= 8 then t.number - t.number % 10 end as parent,
  case
    when t.number < 0.6 * t.size then
      case
        when x.u < 0.90 then 'done' when x.u < 0.95 then 'cancelled' when x.u < 0.97 then 'failed'
        when x.u < 0.985 then 'deferred' else 'pending'
      end
    when x.u < 0.15 then 'done' when x.u < 0.75 then 'pending' when x.u < 0.83 then 'in_progress'
    when x.u < 0.87 then 'blocked' when x.u < 0.91 then 'in_review' when x.u < 0.93 then 'testing'
    when x.u < 0.94 then 'awaiting_input' when x.u < 0.96 then 'draft' when x.u < 0.98 then 'deferred' else 'failed'
  end as status
from task_of as t
cross join lateral (select pg_temp.u(t.n, 31) as u) as x;
create index on statuses (ord, number);
analyze statuses;
update statuses as s
set status = p.status
from statuses as p
where p.ord = s.ord
  and p.number = s.parent
  and p.status in ('done', 'cancelled');

-- The first two workflows of a large project have 5,000 tasks each, others about six.
insert into work.tasks (
  id, project_id, number, parent_task_id, title, description, details, test_strategy, type, status, priority, labels,
  required_capabilities, order_index, estimated_minutes, actual_minutes, complexity_score, assigned_user_id,
  assigned_agent_id, attempts, quarantined_at, quarantine_reason, created_at, updated_at, started_at, completed_at,
  epic_id, issue_id, workflow_id
)
select
  t.id, t.project_id, t.number, up.id,
  a.phrase || ' ' || b.phrase || case when t.n % 1000 = 7 then ' E' || lpad(t.n::text, 7, '0') else '' end,
  d.sentence || ' ' || e.sentence,
  case when t.n % 4 = 0 then d.sentence || ' ' || f.sentence || ' ' || e.sentence || ' ' || g.sentence else '' end,
  case when t.n % 4 = 1 then f.sentence else '' end,
  (array['task', 'feature', 'bug', 'chore', 'test', 'documentation', 'refactor'])[1 + t.n % 7],
  s.status,
  1 + (pg_temp.u(t.n, 41) * 9.999)::integer %% 10,
  array['area-' || pg_temp.zipf(t.n, 42, 40)] || case when t.n % 3 = 0 then array['kind-' || (1 + t.n % 10)] else '{}' end,
  case when t.n % 20 = 3 then array['gpu'] else '{}' end,
  t.number,
  case when t.n % 3 > 0 then 15 * (1 + t.n % 32)::integer end,
  case when s.status = 'done' and t.n % 2 = 0 then 15 * (1 + t.n % 40)::integer end,
  1 + t.n % 13,
  case when s.status in ('in_progress', 'in_review', 'testing') and t.n % 10 < 7 then u.id end,
  case when s.status in ('in_progress', 'done') and t.n % 10 >= 7 then ag.id end,
  case when s.status = 'failed' then 3 else 0 end,
  case when s.status = 'failed' and t.n % 10 = 0 then x.at end,
  case when s.status = 'failed' and t.n % 10 = 0 then 'three tries failed' end,
  x.at, x.at + interval '1 hour' * (t.n % 500),
  case when s.status in ('in_progress', 'in_review', 'testing', 'done') then x.at + interval '30 minutes' end,
  case when s.status = 'done' then x.at + interval '1 hour' * (1 + t.n % 499) end,
  ep.id, i.id, w.id
from task_of as t
join statuses as s on s.n = t.n
join sizes as z on z.ord = t.ord
join phrases as a on a.n = 1 + t.n * 13 % 50000
join phrases as b on b.n = 1 + t.n * 7919 % 49999
join sentences as d on d.n = 1 + t.n * 101 % 50000
join sentences as e on e.n = 1 + t.n * 6007 % 49999
join sentences as f on f.n = 1 + t.n * 3001 % 49999
join sentences as g on g.n = 1 + t.n * 503 % 49999
join accounts.users as u on u.username = 'bench-user-' || (1 + t.n % 50)
join agents.agents as ag on ag.name = 'bench-agent-' || (1 + t.n % 20)
left join task_of as up on up.ord = t.ord and up.number = s.parent
left join epic_of as ep on ep.ord = t.ord and ep.place = case when t.n % 2 = 0 then pg_temp.zipf(t.n, 43, greatest(z.epics, 1)) end
left join issue_of as i on i.ord = t.ord and i.place = case when t.n % 10 = 4 then 1 + floor(pg_temp.u(t.n, 44) * z.issues) end
left join workflow_of as w on w.ord = t.ord and w.place = case
  when z.tasks >= 20000 and t.number <= 10000 then 1 + (t.number - 1) / 5000
  when pg_temp.u(t.n, 45) < 0.6 then 1 + floor(pg_temp.u(t.n, 46) * z.workflows)
end
cross join lateral (select pg_temp.day(t.n, %(tasks)s) as at) as x
order by t.n;

-- A task waits for one of the 50 before it in its project; what is done waits for nothing that is not.
insert into work.task_dependencies (task_id, depends_on_task_id, project_id, id, created_at)
select c.task_id, c.blocker_id, c.project_id, pg_temp.key('edge', c.n, pg_temp.day(c.n, %(tasks)s)), pg_temp.day(c.n, %(tasks)s)
from (
  select t.n, t.id as task_id, b.id as blocker_id, t.project_id
  from task_of as t
  join statuses as s on s.n = t.n
  join task_of as b on b.ord = t.ord and b.number = t.number - 1 - floor(pg_temp.u(t.n, 51) * 50)::bigint
  join statuses as o on o.n = b.n
  where s.parent is null
    and o.parent is null
    and (s.status not in ('done', 'in_progress', 'in_review', 'testing') or o.status in ('done', 'cancelled'))
  order by pg_temp.u(t.n, 52), t.n
  limit %(dependencies)s
) as c
order by c.n;

update projects.project_counters as c
set last_number = z.tasks + z.issues
from sizes as z
where z.project_id = c.project_id;

insert into work.comments (
  id, project_id, task_id, author, author_user_id, content, created_at, updated_at
)
select
  pg_temp.key('comment', c.n, pg_temp.day(c.n, %(comments)s)), t.project_id, t.id, u.username, u.id,
  s.sentence || ' ' || e.sentence, pg_temp.day(c.n, %(comments)s), pg_temp.day(c.n, %(comments)s)
from generate_series(1, %(comments)s::bigint) as c (n)
join task_of as t on t.n = 1 + floor(pg_temp.u(c.n, 61) * %(tasks)s)::bigint
join accounts.users as u on u.username = 'bench-user-' || (1 + c.n % 50)
join sentences as s on s.n = 1 + c.n * 43 % 50000
join sentences as e on e.n = 1 + c.n * 53 % 49999
order by c.n;

insert into work.devlog_entries (
  id, project_id, key_field, title, type, description, status, priority, tags, created_at, updated_at, closed_at
)
select
  pg_temp.key('entry', c.n, pg_temp.day(c.n, %(entries)s)), p.project_id, 'entry-' || c.n, a.phrase,
  (array['feature', 'bugfix', 'task', 'refactor', 'docs'])[1 + c.n % 5], s.sentence,
  case when c.n % 3 = 0 then 'in-progress' else 'done' end, 'medium', array['area-' || pg_temp.zipf(c.n, 63, 40)],
  x.at, x.at, case when c.n % 3 > 0 then x.at end
from generate_series(1, %(entries)s::bigint) as c (n)
join places as p on p.ord = pg_temp.place(c.n, 62, %(projects)s)
join phrases as a on a.n = 1 + c.n * 47 % 50000
join sentences as s on s.n = 1 + c.n * 59 % 50000
cross join lateral (select pg_temp.day(c.n, %(entries)s) as at) as x
order by c.n;

insert into work.devlog_notes (id, project_id, devlog_id, "timestamp", category, content, author)
select
  pg_temp.key('note' || i, c.n, e.created_at), e.project_id, e.id, e.created_at + interval '1 hour' * i, 'progress',
  s.sentence, 'bench-user-' || (1 + c.n % 50)
from generate_series(1, %(entries)s::bigint) as c (n)
cross join generate_series(1, 2) as i
join work.devlog_entries as e on e.id = pg_temp.key('entry', c.n, pg_temp.day(c.n, %(entries)s))
join sentences as s on s.n = 1 + (c.n * 67 + i) % 50000
order by c.n, i;

-- Whoever awaits input has asked; 9,000 more were answered.
insert into work.questions (
  id, project_id, task_id, agent_id, token, question, urgency, status, answer, answered_by, expires_at, closed_at,
  waited_ms, created_at, updated_at
)
select
  pg_temp.key('question', t.n, x.at), t.project_id, t.id, g.id, 1, 'What about ' || a.phrase || '?', 1 + t.n % 10,
  case when s.status = 'awaiting_input' then 'open' else 'answered' end,
  case when s.status <> 'awaiting_input' then 'Yes.' end, case when s.status <> 'awaiting_input' then 'bench-user-1' end,
  '2099-01-01', case when s.status <> 'awaiting_input' then x.at + interval '1 hour' end,
  case when s.status <> 'awaiting_input' then 3600000 end, x.at, x.at
from task_of as t
join statuses as s on s.n = t.n
join agents.agents as g on g.name = 'bench-agent-' || (1 + t.n % 20)
join phrases as a on a.n = 1 + t.n * 71 % 50000
cross join lateral (select pg_temp.day(t.n, %(tasks)s) as at) as x
where s.status = 'awaiting_input'
  or t.n % 100 = 1
order by t.n;

-- Where the words of tasks hang.
insert into work.task_words (task_id)
select t.id
from work.tasks as t
order by t.id;

-- What can be claimed, by the rule itself; then agents hold some of it.
insert into work.ready_queue (task_id, project_id, priority, number, labels, required_capabilities)
select t.id, t.project_id, t.priority, t.number, t.labels, t.required_capabilities
from work.ready_among(array(
  select o.id
  from work.tasks as o
  where o.status in ('pending', 'in_progress')
    and o.id in (select task_of.id from task_of)
)) as r
join work.tasks as t on t.id = r
order by t.id;

insert into work.ready_labels (label, project_id, rank, number, task_id)
select distinct n.label, q.project_id, -q.priority, q.number, q.task_id
from work.ready_queue as q
cross join unnest(q.labels) as n (label);

update work.ready_queue as q
set
  agent_id = h.agent_id, agent_name = h.name, token = nextval('work.lease_tokens'), claimed_at = now(),
  lease_until = now() + interval '1 day'
from (
  select t.id, g.id as agent_id, g.name
  from work.tasks as t
  join agents.agents as g on g.id = t.assigned_agent_id
  where t.status = 'in_progress'
  order by t.id desc
  limit 200
) as h
where q.task_id = h.id;

-- What the triggers would have written down.
select work.recount();
