"""The error of a file that is not imported."""

from __future__ import annotations

from typing import Any

from steward.kit.errors import Invalid


class Refused(Invalid):
    """A file cannot be imported without loss; nothing of it was."""

    code = "import_refused"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        line: int | None = None,
        column: int | None = None,
        place: str | None = None,
        kind: str = "unreadable",
    ) -> None:
        where: dict[str, Any] = {"line": line, "column": column, "place": place, "kind": kind}
        super().__init__(
            message, hint=hint, detail={key: value for key, value in where.items() if value is not None}
        )
        self.line = line
        self.column = column
        self.place = place
        self.kind = kind
