-- Sessions that the Claude Agent SDK keeps here (its `SessionStore`): entries in the order in which they came, each uuid
-- once. All writes of a session go one after the other, by an advisory lock on its name.

-- Keep entries, and for a session's own the folded summary; returns how many were new, and the summary's version.
-- A summary that was folded from another version than the last is refused, and nothing is kept then.
create function telemetry.store_append(
  p_project_key text, p_session_id text, p_subpath text, p_uuids text[], p_entries text[], p_summary text, p_seen bigint
) returns table (added bigint, version bigint)
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  made bigint;
  last bigint;
begin
  perform kit.authorize('telemetry:write');
  perform telemetry.lock_stored(p_project_key, p_session_id);
  select s.version into last
  from telemetry.session_store_summaries as s
  where s.project_key = p_project_key
    and s.session_id = p_session_id;
  if p_summary is not null and coalesce(last, 0) <> coalesce(p_seen, 0) then
    raise exception 'the summary of session % was folded from version %, and the last is %', p_session_id,
      coalesce(p_seen, 0), coalesce(last, 0)
      using errcode = 'ST412', hint = 'read it again with `steward telemetry store-summaries`, fold, and send it again';
  end if;
  with kept as (
    insert into telemetry.session_store (project_key, session_id, subpath, entry_uuid, entry)
    select p_project_key, p_session_id, p_subpath, e.uuid, e.entry
    from unnest(p_uuids, p_entries) with ordinality as e (uuid, entry, place)
    order by e.place
    on conflict do nothing
    returning position
  )
  select count(*) into made from kept;
  if p_subpath = '' then
    insert into telemetry.session_store_summaries as s (project_key, session_id, modified_at, version, summary)
    values (p_project_key, p_session_id, clock_timestamp(), 1, p_summary)
    on conflict (project_key, session_id) do update
    set modified_at = excluded.modified_at, version = s.version + 1, summary = coalesce(excluded.summary, s.summary)
    returning s.version into last;
  end if;
  return query select made, coalesce(last, 0);
end
$$;

-- Make all writes of a kept session wait for one another.
create function telemetry.lock_stored(p_project_key text, p_session_id text) returns void
language sql
set search_path = telemetry, pg_temp
as $$
  select pg_advisory_xact_lock(
    hashtextextended('telemetry.store', 0) # hashtextextended(p_project_key, 1) # hashtextextended(p_session_id, 2)
  )
$$;

-- Take a kept session away with its parts, or one part alone; returns how many entries are gone. It is not kept whose a
-- session is, so an agent may not: it could take away another's.
create function telemetry.store_delete(p_project_key text, p_session_id text, p_subpath text) returns bigint
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  gone bigint;
begin
  perform telemetry.refuse_agents('telemetry:write', 'kept sessions are deleted by people', 'a person');
  perform telemetry.lock_stored(p_project_key, p_session_id);
  delete from telemetry.session_store as s
  where s.project_key = p_project_key
    and s.session_id = p_session_id
    and (p_subpath = '' or s.subpath = p_subpath);
  get diagnostics gone = row_count;
  if p_subpath = '' then
    delete from telemetry.session_store_summaries as s
    where s.project_key = p_project_key
      and s.session_id = p_session_id;
  end if;
  return gone;
end
$$;
