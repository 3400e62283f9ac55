"""The ways in: command line, REST, MCP and pages; derived from the operations, without SQL or rules of their own."""
