"""The ways in: command line, REST, MCP and pages; derived from the operations, with no SQL and no rules of their own."""
