"""`steward sql`: one statement that only reads, as a role that can do nothing else.

What holds a statement in: the extended protocol takes one statement, the transaction is read-only, the role
steward_readonly owns nothing and may not call `set_config`, so it cannot change role, time limit or transaction mode.
The list of first words keeps out what the rest would allow: `set`, `do`, `copy`, `listen`, `lock`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import psycopg

from steward.kit import sql
from steward.kit.config import Settings
from steward.kit.errors import Denied, Invalid
from steward.operate import place
from steward.operate.setup import mapped

FIRST_WORDS = ("select", "with", "values", "table", "explain", "show")
_BLANK = re.compile(r"(?:\s+|--[^\n]*(?:\n|$))*")
_WORD = re.compile(r"[A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement gave."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


def user_sql(
    settings: Settings, text: str, *, limit: int = 1000, timeout_ms: int | None = None, admin: bool = True
) -> SqlResult:
    """Run one reading statement of the user's.

    Args:
        settings: where the database is.
        text: the statement: select, with, values, table, explain or show.
        limit: how many rows at most.
        timeout_ms: how long it may take; the statement time limit of the settings when None.
        admin: the caller is an administrator; asked where the server does not let `set_config` be closed.

    Raises:
        Invalid: it is none of these, more than one, or wrong.
        Denied: the role may not read that, or the statement tried to write.
        Unavailable: it took too long.
    """
    _check_first_word(text)
    found = place.login(settings, place.READONLY)
    with mapped(settings), psycopg.connect(found.conninfo, connect_timeout=10) as connection:
        connection.read_only = True
        with connection.transaction(force_rollback=True):
            _confine(connection, found.role, admin, timeout_ms or settings.statement_timeout_ms)
            return _run(connection, text, limit)


def _confine(connection: psycopg.Connection[Any], role: str | None, admin: bool, timeout_ms: int) -> None:
    row = connection.execute(sql.get("operate.may_set").text).fetchone()
    if row and row[0] and not admin:
        raise Denied(
            "this server lets every role change its settings, so `steward sql` is for administrators",
            hint="a superuser runs: revoke execute on function pg_catalog.set_config(text, text, boolean) from public",
        )
    connection.execute(sql.get("operate.limit_time").text.format(milliseconds=int(timeout_ms)))
    if role is not None:
        connection.execute(sql.get("operate.become_readonly").text)


def _run(connection: psycopg.Connection[Any], text: str, limit: int) -> SqlResult:
    with connection.cursor() as cursor, _whole(cursor, text) as rows:
        found = list(islice(rows, limit + 1))
        columns = [column.name for column in cursor.description or ()]
    return SqlResult(columns, found[:limit], len(found) > limit)


@contextmanager
def _whole(cursor: psycopg.Cursor[Any], text: str) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Stream the rows: that takes the extended protocol even without parameters, and not more than is read."""
    stream = cast(Generator[tuple[Any, ...], None, None], cursor.stream(text))
    try:
        yield stream
    except (psycopg.errors.SyntaxError, psycopg.errors.ProtocolViolation) as exc:
        raise Invalid(f"sql: {exc.diag.message_primary}", hint="one statement, without parameters") from None
    except psycopg.errors.ReadOnlySqlTransaction as exc:
        raise Denied(f"sql: {exc.diag.message_primary}", hint="`steward sql` only reads") from None
    except psycopg.ProgrammingError as exc:
        if exc.sqlstate is None or (exc.sqlstate.startswith("42") and exc.sqlstate != "42501"):
            raise Invalid(f"sql: {exc.diag.message_primary or exc}", hint=exc.diag.message_hint) from None
        raise
    finally:
        stream.close()


def _check_first_word(text: str) -> None:
    word = _WORD.match(_bare(text).lstrip("( \t\r\n"))
    if word is None or word[0].lower() not in FIRST_WORDS:
        shown = word[0].lower() if word else text.strip()[:20]
        raise Invalid(
            f"sql: a statement that begins with {shown!r} is not run", hint=f"use {', '.join(FIRST_WORDS)}"
        )


def _bare(text: str) -> str:
    """Return the text without the comments and blanks at its beginning; block comments may be nested."""
    while True:
        text = text[_blank_end(text) :]
        if not text.startswith("/*"):
            return text
        text = _after_comment(text)


def _blank_end(text: str) -> int:
    found = _BLANK.match(text)
    return found.end() if found else 0


def _after_comment(text: str) -> str:
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return text[mark.end() :]
    return ""
