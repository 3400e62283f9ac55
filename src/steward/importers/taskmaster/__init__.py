"""Taskmaster: `tasks.json` in all its shapes, its configuration, and the way back.

`parse_file` reads a file whole or refuses it; `export_text` gives the file back with what changed since.
"""

from __future__ import annotations

from steward.importers.taskmaster.model import Edge, Fields, Oddity, ParsedFile, ParsedTag, ParsedTask
from steward.importers.taskmaster.parse import FORMAT, parse_file

__all__ = ["FORMAT", "Edge", "Fields", "Oddity", "ParsedFile", "ParsedTag", "ParsedTask", "parse_file"]
