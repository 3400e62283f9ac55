"""The decision records: one for each number, snippets that run, and every dependency with its reason."""

from __future__ import annotations

import re
import tomllib

from steward.operate import place, tools
from tests.house.sources import ROOT
from tests.servers import Server

FOLDER = ROOT / "docs" / "decisions"


def test_numbers_have_no_gap_and_no_double() -> None:
    numbers = sorted(int(path.name[:4]) for path in FOLDER.glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_record_is_a_page() -> None:
    for path in FOLDER.glob("[0-9]*.md"):
        text = path.read_text("utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert "## Decision" in text, path.name
        assert len(text.splitlines()) <= 120, path.name


def test_every_dependency_has_its_reason() -> None:
    text = (FOLDER / "0001-dependencies.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[\[<>=; ]", each)[0] for each in project["dependencies"]}
    told = set(re.findall(r"^\| `([a-z0-9-]+)`", text, re.M))
    assert told == names


def test_the_schema_can_be_reflected(server: Server, template: str) -> None:
    name = server.clone(template)
    text = (FOLDER / "0002-no-orm.md").read_text("utf-8")
    snippet = text.split("```python\n")[1].split("```")[0]
    seen: dict[str, object] = {"url": tools.url(server.settings(name, place.READONLY))}
    exec(compile(snippet, "0002-no-orm.md", "exec"), seen)
    assert seen["ready"] == []
    house = seen["house"]
    assert {"work.tasks", "work.task_summary", "projects.projects"} <= set(house.tables)  # type: ignore[attr-defined]
    seen["engine"].dispose()  # type: ignore[attr-defined]
    server.drop(name)
