"""`steward db create` writes a revision that fits the chain."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from steward.kit.errors import Invalid
from steward.kit.package import newest_revision
from steward.operate import setup as operate


def test_create_takes_the_next_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "src" / "steward" / "migrations"
    folder.mkdir(parents=True)
    monkeypatch.setattr(operate, "MIGRATIONS", folder)
    with pytest.raises(Invalid, match="source checkout"):
        operate.create("ports ranges")
    (tmp_path / "pyproject.toml").touch()
    path = operate.create('Ports: "ranges"')
    number = int(newest_revision()) + 1
    assert path.name == f"{number:04d}_ports_ranges.py"
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree) == "Ports: 'ranges'"
    with pytest.raises(Invalid, match="no word"):
        operate.create("!!")
    with pytest.raises(Invalid, match="there already"):
        operate.create("ports ranges")
