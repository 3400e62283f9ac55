"""A house with a server for what is sent over HTTP."""

from __future__ import annotations

from tests.surfaces.conftest import cli, client, house

__all__ = ["cli", "client", "house"]
