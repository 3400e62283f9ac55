"""What is no domain: database, operations, errors, configuration, log, jobs, migrations. Imports no room."""
