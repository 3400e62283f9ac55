"""The operation that takes a change back."""

from __future__ import annotations

from steward.domains.audit.types import FieldChange, Undone, UndoneRow
from steward.kit.db import Db
from steward.kit.op import op


@op(write=True, permission="audit:read", destructive=True)
def undo(db: Db, *, request: str) -> Undone:
    """Undo a request that changed one thing, unless the thing has changed since; that is recorded like any change.

    Old values are put back, what was made is put away, what was deleted comes back. Whoever did it may undo it, and
    administrators.

    Args:
        request: the id of a request, or of one entry of the audit; `audit list` shows both.
    """
    row = db.one("audit.undo_request", UndoneRow, request=request.strip())
    names = sorted({*row.before, *row.after})
    changes = [FieldChange(name, row.after.get(name), row.before.get(name)) for name in names]
    kept = [one for one in changes if one.old != one.new]
    return Undone(row.resource_type, row.resource_id, row.resource_name, row.action, kept)
