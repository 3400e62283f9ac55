"""Optimistic locking: an update may say which version of the row it was based on."""

from __future__ import annotations

from steward.kit.errors import StaleVersion


def check_version(what: str, wanted: int | None, current: int) -> None:
    """Refuse an update of a row that has changed since the caller saw it.

    Args:
        what: names the row in the message, such as `project acme`.
        wanted: the version the caller saw; None asks nothing.
        current: the version of the row, which is locked.

    Raises:
        StaleVersion: the versions differ.
    """
    if wanted is not None and wanted != current:
        raise StaleVersion(
            f"{what} is at version {current}, not {wanted}",
            hint="somebody changed it: read it again, then repeat the change",
            detail={"version": current},
        )
