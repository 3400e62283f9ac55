"""Small beads files, built in code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from steward.importers.beads import export_text, parse_file
from steward.importers.model import ExportRow, Link, ParsedFile, ParsedTask

Change = Callable[[list[ExportRow]], list[ExportRow]]
NAME = "issues.jsonl"


def issue(id: Any, *depends: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Make an issue; its dependencies are pairs of target and type."""
    item: dict[str, Any] = {
        "id": id,
        "title": f"Issue {id}",
        "description": "",
        "status": "open",
        "priority": 2,
        "issue_type": "task",
        "created_at": "2025-12-01T10:00:00Z",
        "updated_at": "2025-12-02T10:00:00.123456-08:00",
    }
    if more.get("status") == "closed":
        item["closed_at"] = "2025-12-03T10:00:00Z"
    if depends:
        item["dependencies"] = [
            {"issue_id": id, "depends_on_id": target, "type": type, "created_at": "2025-12-01T10:00:00Z"}
            for target, type in depends
        ]
    return item | more


def jsonl(*issues: Any) -> str:
    return "".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n" for each in issues)


def parsed(*issues: Any) -> ParsedFile:
    return parse_file(jsonl(*issues).encode(), NAME)


def by_ref(file: ParsedFile) -> dict[str, ParsedTask]:
    return {found.ref: found for found in file.tasks}


def only(**more: Any) -> ParsedTask:
    return parsed(issue("bd-1", **more)).tasks[0]


def edges(file: ParsedFile) -> list[tuple[str, str, str, str | None]]:
    return [(edge.ref, edge.depends_on, edge.type, edge.source_type) for edge in file.tags[0].edges]


def parents(file: ParsedFile) -> dict[str, str]:
    return {found.ref: found.parent_ref for found in file.tasks if found.parent_ref is not None}


def rows_of(original: bytes) -> list[ExportRow]:
    """The rows as they stand right after an import."""
    file = parse_file(original, NAME)
    links: dict[str, list[Link]] = {}
    for edge in file.tags[0].edges:
        links.setdefault(edge.ref, []).append(Link(edge.depends_on, edge.type, edge.source_type))
    return [
        ExportRow(
            found.ref,
            "beads",
            found.ref,
            found.parent_ref,
            found.fields,
            (),
            found.gone,
            tuple(links.get(found.ref, ())),
        )
        for found in file.tasks
    ]


def exported(*issues: Any, change: Change = lambda rows: rows) -> list[dict[str, Any]]:
    original = jsonl(*issues).encode()
    return [json.loads(line) for line in export_text(original, NAME, change(rows_of(original))).splitlines()]


def editing(row_id: str, **more: Any) -> Change:
    return lambda rows: [
        replace(row, fields=replace(row.fields, **more)) if row.id == row_id else row for row in rows
    ]


def changing(row_id: str, **more: Any) -> Change:
    return lambda rows: [replace(row, **more) if row.id == row_id else row for row in rows]
