"""Importers of foreign files: what is found, what it is, and how it becomes rows.

`run_import` brings files in and reports, `follow` goes on with transcripts as they grow, `reproject` reads kept ones
anew; `export_taskmaster` and `export_beads` give one back. A foreign format of tasks is a folder here (`taskmaster/`,
`beads/`, `backlog/`), an entry in `detect.FORMATS` and one in `kinds.py`; reading is pure and refuses what is damaged,
`plan.py` compares what was read with what is there, `load.py` writes the difference in one transaction. A format of
transcripts is a folder (`claude_code/`) and an entry in `transcripts/formats.py`; what is damaged is kept as it is.
"""

from __future__ import annotations

from steward.importers.give_back import export_beads, export_taskmaster
from steward.importers.refusal import Refused
from steward.importers.report import FileReport, ImportReport
from steward.importers.run import Progress, follow, reproject, run_import

__all__ = [
    "FileReport",
    "ImportReport",
    "Progress",
    "Refused",
    "export_beads",
    "export_taskmaster",
    "follow",
    "reproject",
    "run_import",
]
