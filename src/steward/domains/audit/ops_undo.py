"""The operation that takes a change back."""

from __future__ import annotations

from steward.domains.audit.types import FieldChange, Undone, UndoneRow
from steward.kit.db import Db
from steward.kit.errors import NotFound
from steward.kit.op import op


@op(write=True, permission="audit:read", destructive=True)
def undo(db: Db, *, request: str) -> Undone:
    """Undo a request, unless something of what it changed has changed since; that is recorded like any change.

    Old values are put back, what was made is put away, what was deleted comes back: all of it or nothing, of at most
    100 things. Whoever did it may undo it, and administrators.

    Args:
        request: the id of a request, or of one entry of the audit; `audit list` shows both.
    """
    rows = db.all("audit.undo_request", UndoneRow, request=request.strip())
    if not rows:
        hint = "`steward audit list` shows requests and entries"
        raise NotFound(f"no request {request[:80]} has changed anything that is left to undo", hint=hint)
    *others, first = rows
    names = sorted({*first.before, *first.after})
    changes = [FieldChange(name, first.after.get(name), first.before.get(name)) for name in names]
    kept = [one for one in changes if one.old != one.new]
    beside = [
        " ".join(filter(None, (row.resource_type, row.action, row.resource_name))) for row in others[::-1]
    ]
    return Undone(first.resource_type, first.resource_id, first.resource_name, first.action, kept, beside)
