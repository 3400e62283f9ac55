"""The figures of the work room: claims, beside peers and at scale (`work_claims`), and reads (`work_reads`)."""

from __future__ import annotations

from bench import work_claims, work_reads

LINES = (*work_claims.LINES, *work_reads.LINES)
