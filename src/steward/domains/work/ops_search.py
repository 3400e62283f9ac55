"""The operation that finds anything by its words."""

from __future__ import annotations

from steward.domains.work.find import scope
from steward.domains.work.types_talk import Hit, SearchKind
from steward.kit.db import Db
from steward.kit.errors import Invalid
from steward.kit.op import Profile, op


@op(profile=Profile.STANDARD)
def search(
    db: Db,
    *,
    text: str,
    project: str | None = None,
    kinds: list[SearchKind] | None = None,
    limit: int = 20,
) -> list[Hit]:
    """Find epics, issues, tasks, comments and devlog entries by their words, best first.

    Args:
        text: words that must all be there; "a phrase", or, -without; the last word may be a beginning.
        project: slug, key or id; the project in hand when left out, `all` for every project.
        kinds: only these kinds.
        limit: how many at most, 1 to 100.
    """
    if not 1 <= limit <= 100:
        raise Invalid(f"limit: {limit} is not between 1 and 100", hint="give 1 to 100")
    if not db.value("work.has_words", text=text):
        raise Invalid(f"text: {text[:80]!r} holds no word to search for", hint="give at least one word")
    return db.all(
        "work.search",
        Hit,
        text=text,
        project_id=scope(db, project),
        kinds=[str(one) for one in kinds or []],
        limit=limit,
    )
