"""Steward: the system of record for AI software engineering.

    import steward

    with steward.connect() as s:
        task = s.work.next()

`connect` returns the operations of every room as typed methods; `steward.errors` holds what they raise.
"""

from __future__ import annotations

# Not from typing: the hook client, for which an agent waits at every step, starts without it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steward.client import Steward, connect
    from steward.kit import errors

    __version__: str

__all__ = ["Steward", "__version__", "connect", "errors"]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line imports this package and must start fast."""
    if name in ("connect", "Steward"):
        from steward import client

        return getattr(client, name)
    if name == "errors":
        from steward.kit import errors

        return errors
    if name == "__version__":
        from importlib.metadata import version

        return version("agent-steward")
    raise AttributeError(f"module 'steward' has no attribute {name!r}")
