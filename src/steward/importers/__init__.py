"""Importers of foreign files: what is found, what it is, and how it becomes rows.

`run_import` brings files in and reports; `export_taskmaster` and `export_beads` give one back. A foreign format is a
folder here (`taskmaster/`, `beads/`, `backlog/`), an entry in `detect.FORMATS` and one in `kinds.py`; reading is pure
and refuses what is damaged, `plan.py` compares what was read with what is there, `load.py` writes the difference in one
transaction.
"""

from __future__ import annotations

from steward.importers.give_back import export_beads, export_taskmaster
from steward.importers.refusal import Refused
from steward.importers.report import FileReport, ImportReport
from steward.importers.run import Progress, run_import

__all__ = [
    "FileReport",
    "ImportReport",
    "Progress",
    "Refused",
    "export_beads",
    "export_taskmaster",
    "run_import",
]
