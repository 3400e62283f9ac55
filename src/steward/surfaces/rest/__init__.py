"""The server: REST from the registry, MCP, the pages, and what guards them."""
