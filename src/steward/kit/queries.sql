-- name: claim_request -> jsonb
-- Take a request key; the first call gets null, a repetition the first result (and waits for it if need be).
select kit.claim_request(
  p_who => %(who)s::text,
  p_key => %(key)s::text,
  p_operation => %(operation)s::text,
  p_hash => %(hash)s::text
);

-- name: finish_request -> none
-- Keep the result under its request key, in the transaction of the write.
update kit.request_keys
set result = %(result)s::text::jsonb
where who = %(who)s::text
  and key = %(key)s::text;

-- name: release_request -> none
-- Give a request key back that brought nothing yet, in the transaction that took it.
delete from kit.request_keys
where who = %(who)s::text
  and key = %(key)s::text;
