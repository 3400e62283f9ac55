"""Backlog.md: a folder with a Markdown file for each task, imported as one.

`bundle` reads a folder; `parse_file` reads what that gave, whole or not at all.
"""

from __future__ import annotations

from steward.importers.backlog.folder import LAYOUT, bundle, is_backlog, is_bundle
from steward.importers.backlog.parse import FORMAT, WRITTEN_FIELDS, parse_file, says_the_same
from steward.importers.model import Kind

__all__ = ["FORMAT", "KIND", "LAYOUT", "bundle", "is_backlog", "is_bundle", "parse_file"]

KIND = Kind(FORMAT, parse_file, WRITTEN_FIELDS, says_the_same)
