"""Taskmaster: `tasks.json` in all its shapes, its configuration, and the way back.

`parse_file` reads a file whole or refuses it; `export_text` gives the file back with what changed since.
"""

from __future__ import annotations

from steward.importers.model import Edge, ExportRow, Fields, Kind, Oddity, ParsedFile, ParsedTag, ParsedTask
from steward.importers.taskmaster.config import Settings, settings_beside
from steward.importers.taskmaster.export import export_text
from steward.importers.taskmaster.parse import FORMAT, parse_file
from steward.importers.taskmaster.write import WRITTEN_FIELDS, says_the_same

__all__ = [
    "FORMAT",
    "KIND",
    "Edge",
    "ExportRow",
    "Fields",
    "Oddity",
    "ParsedFile",
    "ParsedTag",
    "ParsedTask",
    "Settings",
    "export_text",
    "parse_file",
    "settings_beside",
]

KIND = Kind(FORMAT, parse_file, WRITTEN_FIELDS, says_the_same)
