-- name: rebuild_days -> bigint
-- Make the totals by day anew from all responses.
select telemetry.rebuild_days();
