"""The figures of the work room at a million tasks: what is asked (`work_reads`)."""

from __future__ import annotations

from bench import work_reads

LINES = work_reads.LINES
