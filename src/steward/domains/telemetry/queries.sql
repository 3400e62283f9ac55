-- name: note_sessions -> none
-- Note what a source knows of sessions.
select telemetry.note_sessions(%(sessions)s::jsonb);

-- name: absorb_messages -> int
-- Keep what was said.
select telemetry.absorb_messages(%(messages)s::jsonb);

-- name: absorb_tools -> int
-- Keep which tools were used.
select telemetry.absorb_tools(%(calls)s::jsonb);

-- name: absorb_usage -> int
-- Keep what models answered and what it took.
select telemetry.absorb_usage(%(sightings)s::jsonb);

-- name: absorb_commits -> none
-- Keep which commits were made.
select telemetry.absorb_commits(%(commits)s::jsonb);

-- name: absorb_ties -> none
-- Keep on which tasks sessions worked.
select telemetry.absorb_ties(%(ties)s::jsonb);

-- name: fold_usage -> int
-- Fold what was appended into the days.
select telemetry.fold_usage();
