"""MCP: operations as tools, tasks and projects as resources, over stdio and streamable HTTP."""
