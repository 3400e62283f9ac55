-- Sample users, without passwords: nobody can log in as one until an administrator makes a key. Idempotent.
insert into accounts.users (username, email, display_name, role, is_service_account, metadata)
values
  ('admin', 'admin@example.com', 'Administrator', 'admin', false, '{"sample": true}'),
  ('orchestrator-bot', 'orchestrator-bot@example.com', 'Orchestrator', 'service', true, '{"sample": true}'),
  ('engineer-1', 'engineer-1@example.com', 'Engineer One', 'user', false, '{"sample": true, "level": "senior"}'),
  ('engineer-2', 'engineer-2@example.com', 'Engineer Two', 'user', false, '{"sample": true, "level": "staff"}'),
  ('manager-1', 'manager-1@example.com', 'Manager One', 'manager', false, '{"sample": true, "reports": 5}')
on conflict do nothing;
