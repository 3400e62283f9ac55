"""The SQL of the house as text: sizes, comments, listed columns, and each room writing its own schema alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.kit import sql
from steward.kit.package import SCHEMAS
from tests.house.sources import bare, named_queries, revision_files, short, sql_files

WRITE = re.compile(
    r"\b(?:insert\s+into|merge\s+into|delete\s+from|truncate(?:\s+table)?|update|alter\s+table|drop\s+table|create\s+table"
    r"|create\s+(?:or\s+replace\s+)?(?:function|procedure|view)|drop\s+(?:function|view)|create\s+(?:unique\s+)?index\s+\w+\s+on)"
    r"\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?P<schema>[a-z_]+)\.(?P<name>[a-z_]+)",
    re.I,
)
FUNCTION = re.compile(r"^create (?:or replace )?(?:function|procedure) (?P<name>[\w.]+)", re.M | re.I)
VIEW = re.compile(r"^create (?:or replace )?(?:materialized )?view (?P<name>[\w.]+)", re.M | re.I)
STAR = re.compile(r"\bselect\s+(?:distinct\s+)?(?:\w+\.)?\*", re.I)

# What is written beside the own schema, and why.
DECLARED = {
    ("kit", "audit"): "capture of changes is a function of the kit",
    ("importers", "work"): "importers have no schema: they load rooms in bulk, as the acting user",
    ("importers", "projects"): "they keep an imported configuration in the project's settings",
}


def _writes(text: str) -> Iterator[tuple[str, str]]:
    for found in WRITE.finditer(bare(text)):
        yield found["schema"].lower(), found["name"].lower()


@pytest.mark.parametrize("room", [*SCHEMAS, "importers", "operate"])
def test_a_room_writes_its_own_schema_alone(room: str) -> None:
    strange = [
        f"{short(path)}: {schema}.{name}"
        for owner, path in sql_files()
        if owner == room and path.name != "sample.sql"
        for schema, name in _writes(path.read_text("utf-8"))
        if schema != room and schema in SCHEMAS and not _declared(room, schema, name)
    ]
    assert strange == []


def _declared(room: str, schema: str, name: str) -> bool:
    # Whoever has something to tell the installation's people adds a notice.
    return (room, schema) in DECLARED or (schema, name) == ("kit", "notices")


def test_no_select_star() -> None:
    stars = [
        f"{short(path)}: {found[0]}"
        for _, path in sql_files()
        for found in STAR.finditer(bare(path.read_text("utf-8")))
    ]
    stars += [short(path) for path in revision_files() if STAR.search(bare(path.read_text("utf-8")))]
    assert stars == []


def test_every_function_and_view_has_a_comment_above() -> None:
    silent = []
    for _, path in sql_files("code*.sql"):
        text = path.read_text("utf-8")
        for pattern in (FUNCTION, VIEW):
            silent += [
                f"{short(path)}: {found['name']}"
                for found in pattern.finditer(text)
                if not _told(text, found.start())
            ]
    assert silent == []


def _told(text: str, at: int) -> bool:
    before = text[:at].rstrip("\n").rsplit("\n", 1)[-1]
    return before.startswith("--")


def test_every_named_query_says_what_it_does() -> None:
    assert [query.name for query in named_queries() if not query.text.startswith("--")] == []


def _statement(query: sql.Query) -> str:
    return "\n".join(line for line in query.text.splitlines() if not line.startswith("--"))


def test_named_queries_are_short() -> None:
    long = {
        query.name: size for query in named_queries() if (size := len(_statement(query).splitlines())) > 30
    }
    assert long == {}


def _function_sizes(path: Path) -> Iterator[tuple[str, int]]:
    text = path.read_text("utf-8")
    for found in FUNCTION.finditer(text):
        rest = text[found.start() :]
        end = re.search(r"^\$\w*\$;?$|^end;$", rest, re.M)
        yield found["name"], rest[: end.end() if end else len(rest)].count("\n") + 1


def test_sql_functions_are_short() -> None:
    sizes = {name: size for _, path in sql_files("code*.sql") for name, size in _function_sizes(path)}
    assert len(sizes) > 20
    assert {name: size for name, size in sizes.items() if size > 60} == {}


def test_sql_files_are_short() -> None:
    sizes = {short(path): path.read_text("utf-8").count("\n") for _, path in sql_files()}
    assert {name: size for name, size in sizes.items() if size > 600} == {}


def test_statements_are_lower_case() -> None:
    loud = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|JOIN)\b")
    shouting = [short(path) for _, path in sql_files() if loud.search(_code(path))]
    assert shouting == []


def _code(path: Path) -> str:
    return bare(path.read_text("utf-8"))


def test_revisions_say_what_they_do_and_go_both_ways() -> None:
    from steward.kit import migrate

    for script in migrate.revisions():
        assert script.doc, script.revision
        module = script.module
        assert module.UP.strip(), script.revision
        assert module.DOWN.strip(), script.revision
        assert Path(script.path).name.startswith(f"{script.revision}_")
