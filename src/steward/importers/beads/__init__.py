"""Beads: `issues.jsonl`, one issue a line, and the way back.

`parse_file` reads a file whole or refuses it; `export_text` gives the file back with what changed since.
"""

from __future__ import annotations

from steward.importers.beads.export import export_text
from steward.importers.beads.parse import FORMAT, TAG, parse_file
from steward.importers.beads.write import WRITTEN_FIELDS, says_the_same
from steward.importers.model import Kind

__all__ = ["FORMAT", "KIND", "TAG", "export_text", "parse_file"]

KIND = Kind(FORMAT, parse_file, WRITTEN_FIELDS, says_the_same)
