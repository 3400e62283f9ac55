"""Importers of foreign files: what is found, what it is, and how it becomes rows."""

from __future__ import annotations
