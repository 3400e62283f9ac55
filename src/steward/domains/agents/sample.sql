-- Sample agents: ten specialists of one provider. Idempotent.
insert into agents.agents (
  name, display_name, description, agent_type, model_provider, model_name, model_version, max_tokens, temperature,
  capabilities, configuration, required_tools, metadata
)
select
  s.name, initcap(s.name), s.description, s.name, 'anthropic', 'claude-' || s.model, '4.0', s.max_tokens, s.temperature,
  s.capabilities, s.configuration, s.tools, '{"sample": true}'
from (
  values
    (
      'orchestrator', 'Splits work up and hands it out', 'opus-4', 8192, 0.3,
      array['routing', 'task_decomposition', 'priority_management', 'cost_optimization'],
      '{"max_parallel_agents": 5, "timeout_seconds": 3600}'::jsonb, array['router', 'priority_queue', 'cost_calculator']
    ),
    (
      'architect', 'Designs systems and weighs trade-offs', 'sonnet-4', 4096, 0.5,
      array['design_patterns', 'scalability_analysis', 'trade_off_analysis'],
      '{"focus_areas": ["performance", "security", "maintainability"]}',
      array['codebase_analyzer', 'design_pattern_detector']
    ),
    (
      'planner', 'Estimates, and plans sprints', 'sonnet-4', 4096, 0.4,
      array['estimation', 'dependency_tracking', 'sprint_planning'],
      '{"estimation_unit": "story_points", "sprint_days": 14}', array['task_analyzer', 'dependency_graph']
    ),
    (
      'codegen', 'Writes code with tests and documentation', 'sonnet-4', 8192, 0.7,
      array['python', 'typescript', 'java', 'react', 'fastapi', 'spring'],
      '{"include_tests": true, "include_docs": true}', array['code_formatter', 'linter']
    ),
    (
      'reviewer', 'Reviews code', 'sonnet-4', 4096, 0.5,
      array['quality', 'security', 'performance', 'style'],
      '{"min_score": 7.0, "require_coverage": true}', array['static_analyzer', 'security_scanner']
    ),
    (
      'tester', 'Writes and runs tests', 'sonnet-4', 4096, 0.5,
      array['test_generation', 'test_execution', 'coverage'],
      '{"min_coverage_percent": 80, "framework": "pytest"}', array['test_executor', 'coverage_analyzer']
    ),
    (
      'security', 'Looks for weaknesses and leaked secrets', 'sonnet-4', 4096, 0.3,
      array['vulnerability_detection', 'secret_detection', 'dependency_check', 'compliance'],
      '{"standards": ["OWASP", "CWE"]}', array['security_scanner', 'dependency_checker', 'secret_detector']
    ),
    (
      'deployer', 'Deploys, watches, rolls back', 'sonnet-4', 4096, 0.4,
      array['deployment', 'rollback', 'monitoring'],
      '{"environments": ["staging", "production"], "strategy": "blue-green"}', array['docker', 'kubernetes', 'terraform']
    ),
    (
      'debugger', 'Finds the cause of errors', 'sonnet-4', 4096, 0.6,
      array['error_analysis', 'root_cause', 'recommendation'],
      '{"max_attempts": 5}', array['log_analyzer', 'trace_inspector']
    ),
    (
      'documentation', 'Writes documentation', 'sonnet-4', 4096, 0.5,
      array['api_docs', 'user_guide', 'architecture_docs'],
      '{"format": "markdown", "include_examples": true}', array['doc_generator', 'markdown_formatter']
    )
) as s (name, description, model, max_tokens, temperature, capabilities, configuration, tools)
on conflict do nothing;
