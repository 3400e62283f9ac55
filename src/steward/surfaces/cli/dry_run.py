"""What `--dry-run` means to the commands that are no operations; of operations `kit.op` sees to it.

A command that stands nowhere here is one that changes something: what was forgotten is refused, not done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from steward.kit.errors import Invalid

# They only read, so there is nothing to try.
READ = frozenset({"completion", "config", "db status", "db verify", "logs", "sql", "status"})
# They have a dry run of their own.
TRY = frozenset({"connect", "disconnect", "import"})
# They read, unless an option makes them write.
MAY_CHANGE: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "db schema": lambda given: bool(given.get("output")),
    "db setup": lambda given: not given.get("print_sql"),
    "db url": lambda given: given.get("tcp") is not None,
    "export beads": lambda given: bool(given.get("output")),
    "export taskmaster": lambda given: bool(given.get("output")),
}
_LEAVE_OUT = "leave --dry-run out to do it"
# They change something and have no dry run: what to do instead. `key` and `open` make a key or a link.
CHANGE = {
    "db create": _LEAVE_OUT,
    "db migrate": "`steward db status` shows what is pending; leave --dry-run out to apply it",
    "db psql": "`steward sql` reads only; leave --dry-run out to enter",
    "db reset": _LEAVE_OUT,
    "db rollback": "`steward db status` shows what is applied; leave --dry-run out to take it back",
    "db seed": _LEAVE_OUT,
    "down": "`steward status` shows what runs; leave --dry-run out to stop it",
    "hooks replay": _LEAVE_OUT,
    "key": "leave --dry-run out to print it; where there is none, one is made",
    "mcp": _LEAVE_OUT,
    "open": "leave --dry-run out; `steward open --print` only makes the link",
    "run": "`steward --dry-run work claim --task TASK` tries the claim; leave --dry-run out to run the command",
    "up": "`steward status` shows what runs; leave --dry-run out to start it",
}
_HINTS = {
    "db setup": "`steward db setup --sql` prints what an administrator would have to run",
    "db schema": "leave --output out to print it",
    "db url": "leave --tcp and --no-tcp out to print it",
    "export beads": "leave --output out to print it",
    "export taskmaster": "leave --output out to print it",
}


def check(command_path: str, given: Mapping[str, Any]) -> None:
    """Refuse a dry run of a command that would change something for good.

    Args:
        command_path: the words that name the command, `steward` first.
        given: the values of its options.

    Raises:
        Invalid: the command has no dry run.
    """
    name = command_path.partition(" ")[2]
    if name in READ or name in TRY:
        return
    if name in MAY_CHANGE and not MAY_CHANGE[name](given):
        return
    refuse(name, CHANGE.get(name) or _HINTS.get(name, _LEAVE_OUT))


def refuse(name: str, hint: str) -> NoReturn:
    """Say that a command has no dry run.

    Raises:
        Invalid: always.
    """
    raise Invalid(f"--dry-run: `steward {name}` has no dry run, and nothing was done", hint=hint)
