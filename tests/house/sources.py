"""The project's own files, as the tests about the code read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import steward
from steward.kit import sql
from steward.kit.package import MIGRATIONS, SCHEMAS

PACKAGE = Path(steward.__path__[0])
ROOT = PACKAGE.parents[1]
SQL_PACKAGES = (*SCHEMAS, "importers", "operate")
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r"'(?:[^']|'')*'", re.S)


@cache
def python_files() -> tuple[Path, ...]:
    """Return every Python file of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text("utf-8"), str(path))


def short(path: Path) -> str:
    """Return a path as a failure shows it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file, methods and inner ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def revision_files() -> list[Path]:
    """Return the files of the revisions, oldest first."""
    return sorted(MIGRATIONS.glob("[0-9]*.py"))


def sql_files(pattern: str = "*.sql") -> list[tuple[str, Path]]:
    """Return package and path of every SQL file of that pattern."""
    return [(name, path) for name in SQL_PACKAGES for path in sorted(sql.folder_of(name).glob(pattern))]


def named_queries() -> list[sql.Query]:
    """Return every named statement."""
    return [
        query
        for name in SQL_PACKAGES
        if (sql.folder_of(name) / "queries.sql").is_file()
        for query in _load(name)
    ]


def _load(name: str) -> list[sql.Query]:
    return list(sql.load(name).values())


def bare(text: str) -> str:
    """Return SQL without comments and without the insides of strings."""
    return STRING.sub("''", COMMENT.sub("", text))
