"""A short campaign of kills under exporters; the long one is `python -m tests.acceptance.ingest_kills`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.ingest_kills import Campaign, run
from tests.acceptance.items import Run


@pytest.mark.slow
def test_two_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    report = Run(tmp_path)
    run(Campaign(kills=2, calm_s=1.0), report)
    assert report.failed == []
    assert report.passed == 5
