-- name: resolve_target -> Target
-- Find a task or an issue by its id, by KEY-number, or by the start of its id; two rows mean that the words are ambiguous.
select t.project_id, t.id as task_id, null::uuid as issue_id
from work.tasks as t
join projects.projects as p on p.id = t.project_id
where t.deleted_at is null
  and p.deleted_at is null
  and (
    t.id between %(low)s::uuid and %(high)s::uuid
    or (p.key = upper(%(key)s::text) and t.number = %(number)s::bigint)
    or (t.project_id = %(project_id)s::uuid and t.number = %(number)s::bigint and %(key)s::text is null)
  )
union all
select i.project_id, null, i.id
from work.issues as i
join projects.projects as p on p.id = i.project_id
where i.deleted_at is null
  and p.deleted_at is null
  and (
    i.id between %(low)s::uuid and %(high)s::uuid
    or (p.key = upper(%(key)s::text) and i.number = %(number)s::bigint)
    or (i.project_id = %(project_id)s::uuid and i.number = %(number)s::bigint and %(key)s::text is null)
  )
limit 2;

-- name: add_comment -> uuid
-- Say something about a task or an issue, as whoever acts.
insert into work.comments (task_id, issue_id, content, content_type, github_comment_id, ai_metadata)
values (
  %(task_id)s::uuid, %(issue_id)s::uuid, %(content)s::text, %(content_type)s::text, %(github_comment_id)s::bigint,
  %(ai_metadata)s::text::jsonb
)
returning id;

-- name: get_comment -> Comment
-- One comment.
select
  c.id, c.about, c.project, c.author, c.author_user_id, c.author_agent_id, c.content, c.content_type,
  c.github_comment_id, c.is_ai_generated, c.ai_metadata, c.version, c.created_at, c.updated_at
from work.comment_list as c
where c.id = %(id)s::uuid;

-- name: list_comments -> Comment
-- Comments on one thing, the oldest first, from a cursor on.
select
  c.id, c.about, c.project, c.author, c.author_user_id, c.author_agent_id, c.content, c.content_type,
  c.github_comment_id, c.is_ai_generated, c.ai_metadata, c.version, c.created_at, c.updated_at
from work.comment_list as c
where (c.task_id = %(task_id)s::uuid or c.issue_id = %(issue_id)s::uuid)
  and (%(author)s::text is null or lower(c.author) = lower(%(author)s::text))
  and (
    %(after_id)s::uuid is null
    or (c.created_at, c.id) > (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by c.created_at, c.id
limit %(limit)s::integer;

-- name: lock_comment -> uuid
-- Lock a comment that is still there.
select c.id
from work.comments as c
where c.id = %(id)s::uuid
  and c.deleted_at is null
for no key update;

-- name: update_comment -> none
-- Change what a comment says.
update work.comments as c
set
  content = coalesce(%(content)s::text, c.content),
  content_type = coalesce(%(content_type)s::text, c.content_type)
where c.id = %(id)s::uuid;

-- name: delete_comment -> none
-- Put a comment away.
update work.comments
set deleted_at = now()
where id = %(id)s::uuid;

-- name: acting_agent -> uuid
-- The agent that acts.
select a.id
from agents.agents as a
where lower(a.name) = lower(kit.actor_agent());

-- name: may -> bool
-- Whether whoever acts holds a permission.
select kit.may(kit.actor_role(), %(permission)s::text);

-- name: keep_file -> none
-- Note that a content is in use, and keep its file from being removed until the end.
select work.keep_file(%(sha256)s::text, %(size)s::bigint);

-- name: add_attachment -> uuid
-- Attach a file to a task.
insert into work.task_attachments (
  project_id, task_id, file_name, file_type, file_size_bytes, sha256, storage_path, is_evidence, metadata,
  created_by_user_id, created_by_agent_id
)
values (
  %(project_id)s::uuid, %(task_id)s::uuid, %(file_name)s::text, %(file_type)s::text, %(size)s::bigint,
  %(sha256)s::text, %(storage_path)s::text, %(is_evidence)s::boolean, %(metadata)s::text::jsonb, kit.actor_user(),
  (select a.id from agents.agents as a where lower(a.name) = lower(kit.actor_agent()))
)
returning id;

-- name: get_attachment -> Attachment
-- One attached file.
select
  a.id, a.task, a.project, a.file_name, a.file_type, a.file_size_bytes, a.sha256, a.storage_path, a.is_evidence,
  a.evidence_id, a.metadata, a.created_by, a.version, a.created_at
from work.attachment_list as a
where a.id = %(id)s::uuid;

-- name: list_attachments -> Attachment
-- The files of a task, the oldest first.
select
  a.id, a.task, a.project, a.file_name, a.file_type, a.file_size_bytes, a.sha256, a.storage_path, a.is_evidence,
  a.evidence_id, a.metadata, a.created_by, a.version, a.created_at
from work.attachment_list as a
where a.task_id = %(task_id)s::uuid
  and (%(evidence)s::boolean is null or a.is_evidence = %(evidence)s::boolean)
order by a.created_at, a.id
limit %(limit)s::integer;

-- name: attached_file -> KeptFile
-- Where the content of an attached file is.
select a.file_name as name, a.file_type as type, a.sha256, a.storage_path
from work.task_attachments as a
where a.id = %(id)s::uuid;

-- name: delete_attachment -> none
-- Take a file from its task.
delete from work.task_attachments
where id = %(id)s::uuid;

-- name: forget_files -> text
-- Forget contents that nothing uses any more.
select work.forget_files(%(limit)s::integer);

-- name: is_stray -> bool
-- Whether a file on disk is nobody's.
select work.is_stray(%(sha256)s::text);

-- name: ask_question -> uuid
-- Ask a person.
select work.ask_question(
  %(task_id)s::uuid, %(token)s::bigint, %(question)s::text, %(choices)s::text[], %(urgency)s::integer,
  %(user_id)s::uuid, coalesce(%(expires_at)s::timestamptz, now() + interval '7 days')
);

-- name: answer_question -> none
-- Answer a question.
select work.answer_question(%(id)s::uuid, %(answer)s::text);

-- name: withdraw_question -> none
-- Take a question back.
select work.withdraw_question(%(id)s::uuid, %(token)s::bigint, %(reason)s::text);

-- name: expire_questions -> integer
-- Close questions that nobody answered in time.
select work.expire_questions(%(limit)s::integer);

-- name: open_question -> uuid
-- The open question of a task, else its newest.
select q.id
from work.questions as q
where q.task_id = %(task_id)s::uuid
order by q.status = 'open' desc, q.created_at desc
limit 1;

-- name: get_question -> Question
-- One question.
select
  q.id, q.task, q.task_title, q.project, q.agent, q.question, q.choices, q.urgency, q.asked_person, q.status,
  q.answer, q.choice, q.answered_by, q.close_reason, q.expires_at, q.closed_at, q.waited_ms, q.version, q.created_at
from work.question_list as q
where q.id = %(id)s::uuid;

-- name: list_questions -> Question, planned anew
-- Questions, the most urgent first, then the newest, from a cursor on.
select
  q.id, q.task, q.task_title, q.project, q.agent, q.question, q.choices, q.urgency, q.asked_person, q.status,
  q.answer, q.choice, q.answered_by, q.close_reason, q.expires_at, q.closed_at, q.waited_ms, q.version, q.created_at
from work.question_list as q
where (%(project_id)s::uuid is null or q.project_id = %(project_id)s::uuid)
  and (%(status)s::text is null or q.status = %(status)s::text)
  and (%(task_id)s::uuid is null or q.task_id = %(task_id)s::uuid)
  and (%(agent)s::text is null or lower(q.agent) = lower(%(agent)s::text))
  and (
    not %(mine)s::boolean
    or q.asked_user_id is null
    or q.asked_user_id = kit.actor_user()
  )
  and (
    %(after_id)s::uuid is null
    or (q.urgency, q.created_at, q.id) < (%(after_urgency)s::smallint, %(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by q.urgency desc, q.created_at desc, q.id desc
limit %(limit)s::integer;

-- name: count_questions -> integer
-- How many questions wait for people.
select count(*)::integer
from work.questions as q
where q.status = 'open'
  and (%(project_id)s::uuid is null or q.project_id = %(project_id)s::uuid)
  and (
    not %(mine)s::boolean
    or q.asked_user_id is null
    or q.asked_user_id = kit.actor_user()
  );

-- name: waiting_of_tasks -> Waiting
-- How long the tasks of a project have waited for people, the longest first.
select
  p.key || '-' || t.number as name, w.questions::integer as questions, w.open_questions::integer as open_questions,
  w.waited_ms
from work.task_waiting as w
join work.tasks as t on t.id = w.task_id
join projects.projects as p on p.id = t.project_id
where %(project_id)s::uuid is null
  or t.project_id = %(project_id)s::uuid
order by w.waited_ms desc, t.id
limit %(limit)s::integer;

-- name: waiting_of_agents -> Waiting
-- How long agents have waited for people, the longest first.
select
  q.agent as name, count(*)::integer as questions,
  (count(*) filter (where q.status = 'open'))::integer as open_questions, sum(q.waited_ms)::bigint as waited_ms
from work.question_list as q
where %(project_id)s::uuid is null
  or q.project_id = %(project_id)s::uuid
group by q.agent_id, q.agent
order by sum(q.waited_ms) desc, q.agent
limit %(limit)s::integer;

-- name: waiting_of_projects -> Waiting
-- How long the agents of each project have waited for people, the longest first.
select w.project as name, w.questions::integer as questions, w.open_questions::integer as open_questions, w.waited_ms
from work.project_waiting as w
where %(project_id)s::uuid is null
  or w.project_id = %(project_id)s::uuid
order by w.waited_ms desc, w.project
limit %(limit)s::integer;

-- name: questions_between -> uuid
-- Ids of questions from one to another: those that begin with the digits that were typed.
select q.id
from work.questions as q
where q.id between %(low)s::uuid and %(high)s::uuid
order by q.id
limit 6;

-- name: comments_between -> uuid
-- Ids of comments from one to another: those that begin with the digits that were typed.
select c.id
from work.comments as c
where c.id between %(low)s::uuid and %(high)s::uuid
  and c.deleted_at is null
order by c.id
limit 6;

-- name: attachments_between -> uuid
-- Ids of attached files from one to another: those that begin with the digits that were typed.
select a.id
from work.task_attachments as a
where a.id between %(low)s::uuid and %(high)s::uuid
order by a.id
limit 6;
