"""The documentation tells the truth: generated pages are up to date, links lead somewhere, names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import generate
from steward.kit import op
from steward.kit.db import Database
from steward.surfaces.cli.tree import HAND_WRITTEN

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
_COMMAND = re.compile(r"^(?:\$ )?(?:\w+=\S+ )*steward ([a-z][\w-]*)(?: ([a-z][\w-]*))?", re.MULTILINE)


def test_generated_pages_are_up_to_date(shared_database: Database) -> None:
    with shared_database.connection() as connection:
        made = generate.pages(connection)
    kept = {path.name: path.read_text("utf-8") for path in generate.REFERENCE.glob("*.md")}
    stale = [name for name, text in made.items() if kept.get(name) != text]
    assert not stale, f"run `make docs`: {', '.join(stale)}"
    assert set(kept) == set(made)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    lost = [link for link in _LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert not lost


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for block in re.findall(r"```(?:sh|shell)\n(.*?)```", text, re.DOTALL):
        yield from _COMMAND.findall(block)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(path: Path) -> None:
    verbs = {(spec.room, spec.verb.replace("_", "-")) for spec in op.operations()}
    wrong = [
        f"{first} {second}"
        for first, second in _commands(path.read_text("utf-8"))
        if first not in HAND_WRITTEN and (first, second) not in verbs
    ]
    assert not wrong


def test_every_page_is_reachable_from_the_index() -> None:
    seen, todo = set[Path](), [ROOT / "docs" / "index.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        todo += [(page.parent / link).resolve() for link in _LINK.findall(page.read_text("utf-8"))]
    unreachable = [path for path in PAGES if path not in seen and path.name != "README.md"]
    assert not unreachable
