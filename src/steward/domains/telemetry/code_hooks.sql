-- What hooks tell of the end of sessions.

-- Say when a session ended, and how, by all events that are known of it: whichever order they came in, the result is one.
-- A session that goes on after its end is open again. What somebody else said of the outcome stays.
create function telemetry.settle_hooked_session(p_session_id uuid) returns void
language plpgsql
security definer
set search_path = telemetry, kit, pg_temp
as $$
declare
  started timestamptz;
  ended record;
begin
  perform kit.authorize('telemetry:write');
  -- The row's lock makes a second event of the session wait, and see the first.
  perform from telemetry.agent_sessions as s where s.id = p_session_id for no key update;
  select max(h.at) into started
  from telemetry.hook_events as h
  where h.session_id = p_session_id and h.event_name = 'SessionStart';
  select h.at, h.payload ->> 'reason' as reason into ended
  from telemetry.hook_events as h
  where h.session_id = p_session_id and h.event_name = 'SessionEnd'
  order by h.at desc
  limit 1;
  if ended.at is not null and (started is null or started <= ended.at) then
    update telemetry.agent_sessions as s
    set
      end_time = ended.at,
      outcome = case
        when s.outcome is null or s.context ? 'hook_outcome' then telemetry.hooked_outcome(p_session_id, ended.at, ended.reason)
        else s.outcome
      end,
      context = s.context || jsonb_strip_nulls(jsonb_build_object(
        'end_reason', ended.reason,
        'hook_outcome', case when s.outcome is null then true end
      ))
    where s.id = p_session_id;
  elsif started is not null then
    update telemetry.agent_sessions as s
    set
      end_time = null,
      outcome = case when s.context ? 'hook_outcome' then null else s.outcome end,
      context = s.context - 'hook_outcome' - 'end_reason'
    where s.id = p_session_id
      and s.end_time <= started;
  end if;
end
$$;

-- How a session ended: cut short by the client, left in the midst of a turn, after an error, with nothing asked at all, or
-- with an answer. Null where it was not watched from its begin.
create function telemetry.hooked_outcome(p_session_id uuid, p_at timestamptz, p_reason text) returns text
language sql stable
set search_path = telemetry, pg_temp
as $$
  select case
    when p_reason = 'bypass_permissions_disabled' then 'cancelled'
    when l.event_name in ('UserPromptSubmit', 'BeforeAgent') then 'cancelled'
    when l.event_name = 'StopFailure' then 'failure'
    when l.event_name is not null then 'success'
    when not exists (select from telemetry.chat_messages as c where c.session_id = p_session_id) then 'abandoned'
  end
  from (select) as one
  left join lateral (
    select h.event_name
    from telemetry.hook_events as h
    where h.session_id = p_session_id
      and h.at <= p_at
      and h.event_name in ('UserPromptSubmit', 'BeforeAgent', 'Stop', 'AfterAgent', 'StopFailure')
    order by h.at desc, h.received_at desc
    limit 1
  ) as l on true
$$;
