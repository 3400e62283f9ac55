-- name: absorb -> Absorbed
-- Take in what a source tells of sessions.
select a.messages, a.tools, a.responses
from telemetry.absorb(
  %(sessions)s::jsonb, %(messages)s::jsonb, %(tools)s::jsonb, %(commits)s::jsonb, %(usage)s::jsonb, %(ties)s::jsonb
) as a;

-- name: fold_usage -> int
-- Fold what was appended into the days.
select telemetry.fold_usage();
