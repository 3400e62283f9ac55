"""The Python of the house: who imports whom, sizes, words for every public name, and no SQL where none belongs."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.house.sources import PACKAGE, ROOT, functions, python_files, short, tree

SQL_START = re.compile(
    r"\s*(?:select\s+\S|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|create\s+(?:or\s|table|role|schema|"
    r"function|view|index|extension|database)|alter\s+(?:table|role|database)|drop\s+(?:table|role|schema|owned)|grant\s+\w+|"
    r"revoke\s+\w+|set\s+(?:local|role|session)\s|truncate\s|copy\s+\S+\s*[(\s]|listen\s|notify\s)",
    re.I,
)


def test_imports_follow_the_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring: that is the help text on every surface."""
    first = node.body[0]
    text = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - text


def _lengths() -> dict[str, int]:
    return {
        f"{short(path)}:{node.lineno} {node.name}": _length(node)
        for path in python_files()
        for node in functions(path)
    }


def _percentile(values: list[int], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def test_functions_are_small() -> None:
    lengths = _lengths()
    assert {name: size for name, size in lengths.items() if size > 60} == {}
    assert _percentile(list(lengths.values()), 0.9) <= 30
    assert statistics.median(lengths.values()) <= 8


def test_files_are_small() -> None:
    sizes = {short(path): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert {name: size for name, size in sizes.items() if size > 600} == {}
    assert _percentile(list(sizes.values()), 0.9) <= 400


def _public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def test_every_public_name_is_documented() -> None:
    silent = []
    for path in python_files():
        if ast.get_docstring(tree(path)) is None and path.read_text("utf-8").strip():
            silent.append(short(path))
        silent += [
            f"{short(path)}:{node.lineno} {node.name}"
            for node in _public(tree(path).body)
            if ast.get_docstring(node) is None
        ]
    assert silent == []


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    documentation = {id(each) for node in ast.walk(tree(path)) if (each := _doc_node(node)) is not None}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def _doc_node(node: ast.AST) -> ast.AST | None:
    """Return the node of a docstring."""
    if (
        not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        or not node.body
    ):
        return None
    first = node.body[0]
    return first.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None


def test_sql_lives_in_sql_files() -> None:
    allowed = (PACKAGE / "kit", PACKAGE / "migrations")
    found = [
        f"{short(path)}:{line} {text.strip()[:60]}"
        for path in python_files()
        if not path.is_relative_to(allowed[0]) and not path.is_relative_to(allowed[1])
        for line, text in _texts(path)
        if SQL_START.match(text) and text.strip() == text.strip().lower() and " " in text.strip()
    ]
    assert found == []


def test_every_room_tells_its_domain() -> None:
    rooms = [path for path in (PACKAGE / "domains").iterdir() if (path / "ops.py").is_file()]
    thin = [
        room.name for room in rooms if len((ast.get_docstring(tree(room / "__init__.py")) or "").split()) < 40
    ]
    assert thin == []
