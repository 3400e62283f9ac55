-- name: search -> Found
-- Things found by their words, best first, from a cursor on. A rank has few digits: by way of text it keeps just these.
select s.kind, s.id, s.ref, s.project, s.title, s.status, s.body, s.marks, s.rank::text::float8 as rank
from work.search(
  %(text)s::text, %(project_id)s::uuid, %(kinds)s::text[], %(limit)s::integer, %(after_rank)s::float8::real,
  %(after_id)s::uuid
) as s;

-- name: has_words -> bool
-- Whether a text holds a word to search for.
select q.query is not null
from work.search_query(%(text)s::text) as q;
