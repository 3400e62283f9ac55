"""Spans that say something only together with others: a wait of a tool, a model's call within another one's."""

from __future__ import annotations

from collections.abc import Sequence

from steward.domains.telemetry import project_claude, project_codex, project_genai
from steward.domains.telemetry.fields import whole, words
from steward.domains.telemetry.projection import Projection
from steward.domains.telemetry.types_otlp import SpanRecord, StoredSpan
from steward.kit import packed
from steward.kit.db import Db

Key = tuple[bytes, bytes]
_BUCKETS = 64


def tell(db: Db, told: Projection, spans: Sequence[SpanRecord]) -> None:
    """Tell what new spans say.

    Args:
        db: the transaction that keeps them.
        told: where.
        spans: the new ones, kept already.
    """
    near = _Near(db, [each for each in spans if _needs_others(each)])
    new = {(each.trace_id, each.span_id) for each in spans}
    for record in spans:
        told.touch(record)
        if record.agent == "gemini-cli":
            continue
        if record.name in project_claude.SPANS:
            project_claude.SPANS[record.name](told, record)
        if record.name == project_claude.TOOL:
            _tool_waited(told, record, near)
        elif record.name == project_claude.WAITED:
            _waited(told, record, near)
        elif record.agent == "codex":
            project_codex.span(told, record)
        elif record.name not in project_claude.SPANS:
            _generic(told, record, near, new)


def lock_together(db: Db, spans: Sequence[SpanRecord]) -> None:
    """Wait for whoever keeps spans that these are understood with: either side has to see the other one.

    Args:
        db: the transaction that is going to keep them.
        spans: all of them.
    """
    buckets = {each.trace_id[-1] % _BUCKETS for each in spans if _has_others(each)}
    if buckets:
        db.run("telemetry.lock_traces", buckets=sorted(buckets))


def _generic(told: Projection, record: SpanRecord, near: _Near, new: set[Key]) -> None:
    if project_genai.is_call(record.attributes, record.kind):
        if not _told_by_another(record, near, new):
            project_genai.span(told, record)
    elif project_genai.is_tool(record.attributes):
        project_genai.tool(told, record)


def _has_others(record: SpanRecord) -> bool:
    """Tell whether a span needs others, or may be what another one needs."""
    return record.name in (project_claude.TOOL, project_claude.WAITED) or project_genai.is_call(
        record.attributes, record.kind
    )


def _needs_others(record: SpanRecord) -> bool:
    if record.name in (project_claude.TOOL, project_claude.WAITED):
        return record.session is not None
    if record.agent in ("codex", "gemini-cli") or record.name in project_claude.SPANS:
        return False
    return project_genai.is_call(record.attributes, record.kind) and not project_genai.response_id(
        record.attributes
    )


class _Near:
    """Parents and children of spans, as they are kept."""

    def __init__(self, db: Db, spans: Sequence[SpanRecord]) -> None:
        self.by_id: dict[Key, StoredSpan] = {}
        self.children: dict[Key, list[StoredSpan]] = {}
        if not spans:
            return
        parents = {each.parent_span_id for each in spans if each.parent_span_id}
        rows = db.all(
            "telemetry.near_spans",
            StoredSpan,
            traces=packed.blobs(sorted({each.trace_id for each in spans})),
            parents=packed.blobs(sorted(parents)),
            spans=packed.blobs(sorted({each.span_id for each in spans})),
        )
        for row in rows:
            self.by_id[row.trace_id, row.span_id] = row
            if row.parent_span_id is not None:
                self.children.setdefault((row.trace_id, row.parent_span_id), []).append(row)

    def parent(self, record: SpanRecord) -> StoredSpan | None:
        """Return the parent of a span, where it is kept already."""
        return self.by_id.get((record.trace_id, record.parent_span_id or b""))


def _told_by_another(record: SpanRecord, near: _Near, new: set[Key]) -> bool:
    """Tell whether a call that bears no response's id is told of by a call within it, or by one around it, earlier."""
    if project_genai.response_id(record.attributes):
        return False
    within = near.children.get((record.trace_id, record.span_id), ())
    if any(project_genai.is_call(each.attributes, each.kind) for each in within):
        return True
    around = near.parent(record)
    return (
        around is not None
        and (around.trace_id, around.span_id) not in new
        and project_genai.is_call(around.attributes, around.kind)
        and not project_genai.response_id(around.attributes)
    )


# --------------------------------------------------------------------------------- how long a tool waited for a person


def _waited(told: Projection, record: SpanRecord, near: _Near) -> None:
    """Tell of a wait whose span came: of its own call, else of the tool around it, if that came already."""
    attributes, parent = record.attributes, near.parent(record)
    if parent is not None and parent.name == project_claude.TOOL:
        record.attributes = parent.attributes | attributes
    wait_ms = whole(attributes.get("duration_ms"))
    project_claude.waited(told, record, _wait_of(wait_ms, record), words(attributes.get("decision"), 100))


def _wait_of(wait_ms: int | None, record: SpanRecord) -> int:
    return wait_ms if wait_ms is not None else max(record.end_ns - record.start_ns, 0) // 1_000_000


def _tool_waited(told: Projection, record: SpanRecord, near: _Near) -> None:
    """Tell of the waits within a tool that came before it, as the inner spans mostly do."""
    for each in near.children.get((record.trace_id, record.span_id), ()):
        if each.name == project_claude.WAITED:
            wait_ms = whole(each.attributes.get("duration_ms"))
            if wait_ms is None and each.duration_ms is not None:
                wait_ms = round(each.duration_ms)
            project_claude.waited(told, record, wait_ms, words(each.attributes.get("decision"), 100))
