"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real public files; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("STEWARD_TEST_DATA", beside)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no public test files at {folder} (STEWARD_TEST_DATA)")
    return folder
