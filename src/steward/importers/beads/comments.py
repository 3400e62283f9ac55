"""Writes comments into issues: those of the file as they stand there, with what was said and unsaid since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from steward.importers.beads.map import remark_ref
from steward.importers.beads.write import put, stamp
from steward.importers.said import Said, written_number
from steward.importers.text import clean


def has_numbers(comments: Iterable[Any]) -> bool:
    """Tell whether a file gives its comments numbers, as beads did before it gave them unique ids."""
    ids = [item.get("id") for item in comments if isinstance(item, dict)]
    return any(type(each) is int for each in ids) and not any(isinstance(each, str) for each in ids)


def say(item: dict[str, Any], said: Sequence[Said], *, numbers: bool) -> list[datetime]:
    """Bring the comments of an issue in line with those of its row.

    Args:
        item: the issue, changed in place.
        said: the comments of its row in their order, deleted ones too.
        numbers: comments that are new get numbers as ids.

    Returns:
        When each comment changed that is written anew, added or left out.
    """
    given = item.get("comments")
    entries = given if isinstance(given, list) else []
    refs = [remark_ref(entry, place) for place, entry in enumerate(entries)]
    kept, changed = _kept(entries, refs, said)
    known = set(refs)
    fresh = [each for each in said if not each.deleted and known.isdisjoint(each.refs)]
    changed += fresh
    if changed:
        now = [*_with_ids(kept), *(_entry(each, item.get("id"), numbers) for each in fresh)]
        if isinstance(item.get("comment_count"), int):
            item["comment_count"] = max(0, item["comment_count"] + len(now) - len(entries))
        put(item, "comments", now)
    return [each.updated_at for each in changed]


def _kept(
    entries: list[Any], refs: list[str | None], said: Sequence[Said]
) -> tuple[list[tuple[str | None, Any]], list[Said]]:
    """Return the entries that stay, with what each is known by, and the rows that differ from them."""
    here = {ref: each for each in said for ref in each.refs[::-1]}
    here |= {each.ref: each for each in said if each.ref is not None}
    # Of two entries of one id the later one was imported.
    last = {ref: place for place, ref in enumerate(refs)}
    kept: list[tuple[str | None, Any]] = []
    changed: dict[str, Said] = {}
    for place, (ref, entry) in enumerate(zip(refs, entries, strict=True)):
        row = here.get(ref) if ref is not None else None
        if row is not None and row.deleted:
            changed[row.id] = row
            continue
        if row is not None and place == last[ref] and row.text != clean(entry["text"]):
            changed[row.id] = row
            entry = entry | {"text": row.text}
        kept.append((ref, entry))
    return kept, list(changed.values())


def _with_ids(kept: list[tuple[str | None, Any]]) -> list[Any]:
    """Return the entries; one without an id is known by its place, so one that moves up must say what it was."""
    return [
        entry if ref is None or remark_ref(entry, place) == ref else {"id": ref} | entry | {"id": ref}
        for place, (ref, entry) in enumerate(kept)
    ]


def _entry(said: Said, issue_id: Any, numbers: bool) -> dict[str, Any]:
    return {
        "id": _id(said, numbers),
        "issue_id": issue_id,
        "author": said.author,
        "text": said.text,
        "created_at": stamp(said.created_at),
    }


def _id(said: Said, numbers: bool) -> int | str:
    """A comment that the file once held gets its id back; a mere place is none."""
    if said.ref is None or said.ref.startswith("~"):
        return written_number(said.id) if numbers else said.id
    return int(said.ref) if numbers and said.ref.isdecimal() else said.ref
