-- name: editions_of -> Transcript
-- Every edition of a session's transcript, the newest first.
select id, session_id, format, part, edition, bytes, lines, damaged_lines, state, projection
from telemetry.transcripts
where session_id = %(session_id)s::uuid
  and format = %(format)s::text
  and part = %(part)s::text
order by edition desc;

-- name: add_edition -> none
-- Begin an edition; somebody else may have begun it already.
insert into telemetry.transcripts (session_id, format, part, edition)
values (%(session_id)s::uuid, %(format)s::text, %(part)s::text, %(edition)s::integer)
on conflict (session_id, format, part, edition) do nothing;

-- name: lock_transcript -> Transcript
-- Hold a transcript until the end of the transaction: of two readers of one file the second finds what the first kept.
select id, session_id, format, part, edition, bytes, lines, damaged_lines, state, projection
from telemetry.transcripts
where id = %(id)s::uuid
for update;

-- name: copy_lines -> none
-- Keep lines, as the server's binary format has them.
copy telemetry.transcript_lines (transcript_id, line_no, bytes_until, digest, kind, damage, line)
from stdin (format binary);

-- name: note_place -> none
-- Remember up to where a transcript was read.
update telemetry.transcripts
set bytes = %(bytes)s::bigint,
    lines = %(lines)s::bigint,
    damaged_lines = %(damaged_lines)s::bigint,
    state = %(state)s::text::jsonb,
    projection = %(projection)s::integer
where id = %(id)s::uuid;

-- name: known_files -> KnownFile
-- What was known of the files at some paths when they were read last.
select f.path, f.transcript_id, f.bytes, f.modified_ns, t.format, t.session_id, t.lines
from telemetry.transcript_files as f
join telemetry.transcripts as t on t.id = f.transcript_id
where f.path = any (%(paths)s::text[]);

-- name: note_file -> none
-- Remember a file as it was when it was read.
insert into telemetry.transcript_files as f (path, transcript_id, bytes, modified_ns)
values (%(path)s::text, %(transcript_id)s::uuid, %(bytes)s::bigint, %(modified_ns)s::bigint)
on conflict (path) do update
set transcript_id = excluded.transcript_id,
    bytes = excluded.bytes,
    modified_ns = excluded.modified_ns,
    read_at = now();

-- name: line_digests -> bytea
-- Digests of some lines of a transcript, in order.
select digest
from telemetry.transcript_lines
where transcript_id = %(id)s::uuid
  and line_no > %(after)s::bigint
  and line_no <= %(until)s::bigint
order by line_no;

-- name: line_ends -> LineEnd
-- The last two lines of a transcript, the last one first: where each ends, and its digest.
select bytes_until, digest
from telemetry.transcript_lines
where transcript_id = %(id)s::uuid
order by line_no desc
limit 2;

-- name: kept_lines -> KeptLine
-- The next lines of a transcript: one at least, further ones up to a place in the file.
select line_no, bytes_until, line
from telemetry.transcript_lines
where transcript_id = %(id)s::uuid
  and line_no > %(after)s::bigint
  and line_no <= %(after)s::bigint + 5000
  and (line_no = %(after)s::bigint + 1 or bytes_until <= %(until)s::bigint)
order by line_no;

-- name: to_project_anew -> Transcript
-- Every transcript, if one was projected by an older reader or all are wanted: a session may stand in several.
select t.id, t.session_id, t.format, t.part, t.edition, t.bytes, t.lines, t.damaged_lines, t.state, t.projection
from telemetry.transcripts as t
where t.format = %(format)s::text
  and t.lines > 0
  and (
    %(everything)s::boolean
    or exists (
      select
      from telemetry.transcripts as o
      where o.format = t.format
        and o.lines > 0
        and o.projection < %(version)s::integer
    )
  )
order by t.session_id, t.part, t.edition;

-- name: lock_transcripts -> Transcript
-- Hold all transcripts of some sessions until the end of the transaction.
select id, session_id, format, part, edition, bytes, lines, damaged_lines, state, projection
from telemetry.transcripts
where format = %(format)s::text
  and session_id = any (%(session_ids)s::uuid[])
  and lines > 0
order by session_id, part, edition
for update;

-- name: lock_sessions -> none
-- Hold some sessions until the end of the transaction.
select telemetry.hold_sessions(%(session_ids)s::uuid[]);

-- name: external_id_of -> text
-- What a client calls a session.
select external_id
from telemetry.agent_sessions
where id = %(session_id)s::uuid;

-- name: forget_projection -> none
-- Take away what was read from a session's transcripts, to be read anew.
select telemetry.forget_projection(%(session_id)s::uuid);

-- name: tie_by_names -> int
-- Tie sessions to the tasks that their branches and calls name, as far as there are such tasks.
select telemetry.tie_by_names(%(named)s::text::jsonb);

-- name: unplaced_sessions -> UnplacedSession
-- Those of some sessions that belong to no project yet, or are to be brought into another one.
select id, agent_id, external_id, start_time, last_seen_at, cwd, repository_url
from telemetry.agent_sessions
where id = any (%(ids)s::uuid[])
  and (project_id = telemetry.no_project() or (%(certain)s::boolean and not project_certain));

-- name: attribute_sessions -> none
-- Share out anew what sessions spent.
select telemetry.attribute_sessions(%(ids)s::uuid[]);
