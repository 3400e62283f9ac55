-- The project that owns rows of none. Idempotent.
insert into projects.projects (id, name, slug, key, description)
values (
  '00000000-0000-7000-8000-000000000001',
  'System',
  'system',
  'SYS',
  'Owns what belongs to no project.'
)
on conflict (id) do nothing;
