"""A house with a server for what is sent over HTTP."""

from __future__ import annotations

from tests.surfaces.conftest import client, house

__all__ = ["client", "house"]
