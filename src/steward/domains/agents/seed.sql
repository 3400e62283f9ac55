-- Who serves models. Idempotent.
insert into agents.model_providers (name, display_name, website)
values
  ('unknown', 'Unknown', null),
  ('anthropic', 'Anthropic', 'https://www.anthropic.com'),
  ('openai', 'OpenAI', 'https://openai.com'),
  ('google', 'Google', 'https://ai.google.dev'),
  ('ibm', 'IBM', 'https://www.ibm.com'),
  ('qwen', 'Qwen', 'https://qwen.ai'),
  ('local', 'Local', null)
on conflict (name) do update
set
  display_name = excluded.display_name,
  website = excluded.website
where (model_providers.display_name, model_providers.website) is distinct from (excluded.display_name, excluded.website);
