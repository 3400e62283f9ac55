"""Nothing of the four systems is forgotten: every name has its place here, every column its column or its reason."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import steward
from docs import seeds
from steward.kit import op
from steward.kit.db import Database
from steward.surfaces.cli.tree import HAND_WRITTEN, hand_written
from tests.house.sources import ROOT

SEEDS = Path(os.environ.get("STEWARD_TEST_DATA") or ROOT.parent / "shared" / "data").parent / "seeds"
ROOMS = (*op.ROOMS, "evidence", "telemetry", "timing", "knowledge", "secrets", "ports", "monitoring", "redis")
NAMES = [
    (system, name, text)
    for system, kinds in seeds.known()["names"].items()
    for names in kinds.values()
    for name, text in names.items()
]
# Tables whose name there is not their name here.
_HERE = {
    "schema_migrations": "kit.schema_migrations",
    "task_comments": "work.task_comments",
    "chat_sessions": "telemetry.chat_sessions",
}
_RELATIONS = """
select n.nspname || '.' || c.relname, c.relkind in ('v', 'm'), array_agg(a.attname::text)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm')
group by 1, 2
"""


class Catalog:
    """What the database has."""

    def __init__(self, database: Database) -> None:
        schemas = ["kit", *op.ROOMS]
        functions = """
            select n.nspname || '.' || p.proname
            from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where n.nspname = any (%s)
        """
        with database.connection() as connection:
            rows = connection.execute(_RELATIONS, (schemas,)).fetchall()
            self.functions = {name for (name,) in connection.execute(functions, (schemas,)).fetchall()}
        self.tables = {name: set(columns) for name, is_view, columns in rows if not is_view}
        self.views = {name: set(columns) for name, is_view, columns in rows if is_view}


@pytest.fixture(scope="module")
def catalog(shared_database: Database) -> Catalog:
    return Catalog(shared_database)


def _is_there(kind: str, what: str, catalog: Catalog) -> bool:
    if kind == "steward":
        top, _, inner = what.partition(" ")
        return top in HAND_WRITTEN and (not inner or inner in getattr(hand_written(top), "commands", {}))
    found = {
        "table": catalog.tables,
        "view": catalog.views,
        "function": catalog.functions,
        "operation": {spec.name for spec in op.operations()},
        "later": ROOMS,
    }
    if kind == "python":
        return what.partition(".")[2] in steward.__all__
    return kind == "none" or what in found[kind]


def test_every_place_exists(catalog: Catalog) -> None:
    lost = [
        f"{system} {name}: {kind} {what}"
        for system, name, text in NAMES
        for kind, what in seeds.places(text)
        if not _is_there(kind, what, catalog)
    ]
    assert not lost, ", ".join(lost)


def test_what_is_built_is_not_called_later(catalog: Catalog) -> None:
    """A table, view or function that has come to be has its place."""
    here = {name.partition(".")[2] for name in (*catalog.tables, *catalog.views, *catalog.functions)}
    assert [name for _, name, text in NAMES if text.startswith("later") and name in here] == []


# --------------------------------------------------------------------------------------------------- the seeds' texts


def _found(system: str, text: str) -> Iterator[str]:
    """Give the names that a text of a system gives to its things."""
    for words in re.findall(r"^import \{ ([^}]+) \} from", text, re.M):
        yield from words.split(", ")
    yield from re.findall(r"npm run ([\w:-]+)", text)
    yield from re.findall(r"(?i)create (?:materialized view|view|table|function) (\w+)", text)
    yield from (f for f in _OF[system](text))


def _of_s1(text: str) -> Iterator[str]:
    yield from re.findall(r"^\*\*([a-z_]+)(?:\*\*|\()", text, re.M)
    yield from re.findall(r"^- ([a-z]+_[a-z_]+)(?:\(\))?$", text, re.M)
    yield from re.findall(r"\b(test-[\w-]+\.(?:sh|ts))", text)


def _of_s2(text: str) -> Iterator[str]:
    yield from re.findall(r"\bdb\.(\w+)\(", text)
    yield from re.findall(r"\b(\w+_\w+\.js)\b", text)
    for heading in re.findall(r"^#### (.+) Table$", text, re.M):
        yield heading.lower().replace(" ", "_")
    yield from re.findall(r" ON (\w+)(?:\(| USING)", text)


def _of_s3(text: str) -> Iterator[str]:
    yield from re.findall(r"^(?:\d+\. |- )\*\*@?(\w+)\*\*(?: \(| -|:)", text, re.M)


def _of_s4(text: str) -> Iterator[str]:
    models = text.partition("Key Models Implemented")[2].partition("---")[0]
    for line in models.splitlines():
        yield from re.findall(r"\b([A-Z]\w+)\b", line.partition("(")[0])
    yield from re.findall(r"scripts/(?:database/)?([\w-]+\.(?:sql|sh))", text)


_OF = {"S1": _of_s1, "S2": _of_s2, "S3": _of_s3, "S4": _of_s4}
# Words in bold that name no thing.
_NO_NAMES = {
    *("Fields", "Level", "Sync", "Benefit", "Example", "Total", "Implementation", "Compliance", "Forensics"),
    *("Performance", "Design", "Tracking", "Purpose", "Tables", "Logging", "JSONB", "Version", "Why"),
    *("Idempotency", "Routing", "Timestamps", "statements", "Scalability", "Auditability", "Flexibility"),
    *("Security", "Documentation"),
}


@pytest.mark.skipif(not SEEDS.is_dir(), reason=f"no texts of the four systems at {SEEDS}")
@pytest.mark.parametrize("system", seeds.known()["systems"])
def test_no_name_of_a_seed_is_forgotten(system: str) -> None:
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob(f"{system}-*.txt"))]
    found = {name for text in texts for name in _found(system, text)} - _NO_NAMES
    mapped = {name for of, name, _ in NAMES if of == system}
    assert len(found) > 10
    assert sorted(found - mapped) == []


# ------------------------------------------------------------------------------------------------------------ columns


@cache
def _told() -> set[str]:
    """Return the columns that decision 6 tells of, as table and column."""
    text = (ROOT / "docs" / "decisions" / "0006-seeds-we-leave.md").read_text("utf-8")
    told: set[str] = set()
    for line in text.partition("### Columns that are not")[2].splitlines():
        cells = line.split("|")
        if len(cells) < 4:
            continue
        table = ""
        for name in re.findall(r"`([\w.]+)`", cells[2]):
            table = name.partition(".")[0] if "." in name else table
            told.add(f"{table}.{name.partition('.')[2] or name}")
    return told


def _columns() -> Iterator[tuple[str, str, str]]:
    for system, tables in seeds.known()["columns"].items():
        for table, columns in tables.items():
            yield from ((system, table, column) for column in columns.split())


def test_every_column_of_a_seed_is_here_or_told(catalog: Catalog) -> None:
    by_name = {name.partition(".")[2]: columns for name, columns in catalog.tables.items()}
    by_name |= {name: catalog.views[view] for name, view in _HERE.items()}
    lost = [
        f"{system} {table}.{column}"
        for system, table, column in _columns()
        if column not in by_name[table] and f"{table}.{column}" not in _told()
    ]
    assert not lost, ", ".join(lost)


def test_every_table_of_a_built_room_has_its_columns_listed() -> None:
    listed = {(system, table) for system, table, _ in _columns()}
    named = {
        (system, name)
        for system, name, text in NAMES
        if text.startswith(("table ", "view kit.")) and name == name.lower()
    }
    assert named <= listed


# ------------------------------------------------------------------------------------------------------------ defects


@pytest.mark.parametrize("number", seeds.known()["defects"])
def test_a_defect_names_tests_that_there_are(number: str) -> None:
    for test in seeds.known()["defects"][number]["tests"]:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
