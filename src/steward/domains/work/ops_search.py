"""The operation that finds anything by its words."""

from __future__ import annotations

import re
from uuid import UUID

from steward.domains.work.find import scope
from steward.domains.work.types_search import Found, Hit, SearchKind, Span
from steward.kit import cursor as cursors
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Page, Profile, op

MOST = 100
_WORD = re.compile(r"[^\W_]+")
_BLANKS = re.compile(r"\s+")
_BEFORE, _SNIPPET, _LOOKED_AT = 60, 220, 20_000
# A beginning shorter than this stands for itself: else `a` would mark half of a text.
_SHORT = 3


@op(profile=Profile.STANDARD)
def search(
    db: Db,
    *,
    text: str,
    project: str | None = None,
    kinds: list[SearchKind] | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Hit]:
    """Find epics, issues, tasks, comments and devlog entries by their words, best first.

    A reference such as ACME-42 comes before all. Looked at are titles, descriptions, contents and notes, not the
    details of tasks. Of each kind 25 (of a single one 120; of a common phrase perhaps fewer) that hold the words are
    ranked: those first whose title does, then the newest.

    Args:
        text: words that must all be there; "a phrase", or, -without; the last word may be a beginning.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        kinds: only these kinds.
        limit: how many at most, 1 to 100.
        cursor: next_cursor of the page before.
    """
    rank, last = cursors.decode(cursor, float, UUID)
    rows = db.all(
        "work.search",
        Found,
        text=text,
        project_id=scope(db, project),
        kinds=[str(one) for one in kinds] if kinds else None,
        limit=cursors.check_limit(limit, MOST),
        after_rank=rank,
        after_id=last,
    )
    if not rows and not db.value("work.has_words", text=text):
        raise Invalid(f"text: {text[:80]!r} holds no word to search for", hint="give at least one word")
    found = cursors.page(rows, limit, lambda row: (row.rank, row.id))
    return Page([_hit(row) for row in found.items], found.next_cursor)


def _hit(row: Found) -> Hit:
    part = snippet(row.body, row.marks)
    return Hit(
        kind=row.kind,
        id=row.id,
        ref=row.ref,
        project=row.project,
        title=row.title,
        status=row.status,
        snippet=part,
        rank=row.rank,
        title_spans=spans(row.title, row.marks),
        snippet_spans=spans(part, row.marks),
    )


def spans(text: str, marks: list[str]) -> list[Span]:
    """Return where words stand that begin with one of the marks."""
    short = {mark for mark in marks if len(mark) < _SHORT}
    long = tuple(mark for mark in marks if len(mark) >= _SHORT)
    return [
        Span(found.start(), found.end())
        for found in _WORD.finditer(text)
        if found[0].lower() in short or found[0].lower().startswith(long)
    ]


def snippet(body: str, marks: list[str]) -> str:
    """Return the part of a text where the first marked word stands, on one line."""
    text = _BLANKS.sub(" ", body[:_LOOKED_AT]).strip()
    first = next(iter(spans(text, marks)), Span(0, 0)).start
    start = 0 if first <= _BEFORE else text.find(" ", first - _BEFORE, first) + 1 or first
    part = text[start : start + _SNIPPET]
    if start + _SNIPPET < len(text):
        part = part[: part.rfind(" ")] if " " in part else part
    return ("… " if start else "") + part + (" …" if start + len(part) < len(text) else "")
