-- Sample projects: five of a platform, four of a person's machine. Needs the sample users. Idempotent.
insert into projects.projects (
  id, name, slug, key, description, repository_url, technology_stack, settings, metadata, is_public, owner_id
)
select s.id, s.name, s.slug, s.key, s.description, s.url, s.stack, s.settings, s.metadata || '{"sample": true}', s.open, u.id
from (
  values
    (
      '01900000-0000-7000-8000-000000000001'::uuid, 'AI Engineering Platform', 'ai-eng-platform', 'AEP',
      'Platform on which agents and people build software together',
      'https://github.com/example/ai-eng-platform', array['python', 'typescript', 'postgresql'],
      '{"required_reviews": 2}'::jsonb, '{"team_size": 12, "sla_percent": 99.9}'::jsonb, true
    ),
    (
      '01900000-0000-7000-8000-000000000002', 'MoE Router Service', 'moe_router', 'MR',
      'Routes requests to the model that suits them best',
      'https://github.com/example/moe_router', array['python', 'fastapi'],
      '{"required_reviews": 1}', '{"team_size": 4}', true
    ),
    (
      '01900000-0000-7000-8000-000000000003', 'Frontend UI', 'frontend-ui', 'FU',
      'The web pages of the platform',
      'https://github.com/example/frontend-ui', array['typescript', 'react'],
      '{"required_reviews": 1}', '{"team_size": 5}', true
    ),
    (
      '01900000-0000-7000-8000-000000000004', 'Agent Library', 'agent-library', 'AL',
      'Agents that are shared between teams',
      'https://github.com/example/agent-library', array['python'],
      '{"required_reviews": 1}', '{"team_size": 8}', true
    ),
    (
      '01900000-0000-7000-8000-000000000005', 'Integration Hub', 'integration-hub', 'IH',
      'Connects the platform with the services around it',
      'https://github.com/example/integration-hub', array['python', 'redis'],
      '{"required_reviews": 1}', '{"team_size": 3, "criticality": "medium"}', false
    )
) as s (id, name, slug, key, description, url, stack, settings, metadata, open)
left join accounts.users as u on u.username = 'admin' and u.deleted_at is null
on conflict do nothing;

insert into projects.projects (id, name, slug, key, description, path, metadata, owner_id)
select s.id, s.name, s.name, s.key, s.description, '/home/samuel/sv/' || s.name, '{"sample": true}', u.id
from (
  values
    ('01900000-0000-7000-8000-000000000011'::uuid, 'consilio', 'CONS', 'AI consulting assistant'),
    ('01900000-0000-7000-8000-000000000012', 'odin', 'ODIN', 'Monitoring and observability'),
    ('01900000-0000-7000-8000-000000000013', 'openhorizon', 'OPEN', 'Horizon scanning'),
    ('01900000-0000-7000-8000-000000000014', 'health-agent', 'HA', 'Health tracking')
) as s (id, name, key, description)
left join accounts.users as u on u.username = 'admin' and u.deleted_at is null
on conflict do nothing;

insert into projects.project_members (project_id, user_id, role)
select p.id, u.id, case when u.role = 'manager' then 'maintainer' else 'member' end
from projects.projects as p
join accounts.users as u on u.username in ('engineer-1', 'engineer-2', 'manager-1') and u.deleted_at is null
where p.slug in ('ai-eng-platform', 'moe_router', 'frontend-ui', 'agent-library', 'integration-hub')
  and p.deleted_at is null
on conflict do nothing;
