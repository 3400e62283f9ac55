"""`steward db status`: what server, what database, at what revision; an answer also when the server is down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from steward.kit import package, sql
from steward.kit.config import Settings
from steward.kit.errors import StewardError
from steward.kit.rows import row_factory
from steward.kit.types import Notice, Notices
from steward.operate import place
from steward.operate.types import Applied, Figures, Foundation, Standing


@dataclass(frozen=True, slots=True)
class EmbeddedStatus:
    """The process of our own server."""

    running: bool
    pid: int | None
    data_dir: str
    socket_dir: str
    tcp_port: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `steward db status` tells; figures are None while there is no connection."""

    kind: str
    where: str
    reachable: bool
    problem: str | None
    remedy: str | None
    revision: str | None
    newest: str
    pending: list[str]
    code: str
    figures: Figures | None = None
    uptime_s: int | None = None
    applied: list[Applied] = field(default_factory=list)
    embedded: EmbeddedStatus | None = None
    notices: Notices = field(default_factory=Notices)


def status(settings: Settings) -> Status:
    """Describe server and database; nothing is started, nothing changed."""
    own = _embedded(settings) if settings.embedded else None
    kind = "embedded" if own else "external"
    base: dict[str, Any] = {
        "kind": kind,
        "where": where(settings),
        "newest": package.newest_revision(),
        "embedded": own,
    }
    if own is not None and not own.running:
        return _away(base, "the server is down", "run `steward up`")
    try:
        with psycopg.connect(place.administrator(settings), autocommit=True, connect_timeout=5) as connection:
            return _asked(connection, settings, base)
    except psycopg.Error as exc:
        problem = place.unreachable(settings, exc)
    except StewardError as exc:
        problem = exc
    return _away(base, problem.message, problem.hint)


def where(settings: Settings) -> str:
    """Return the address of the database, without a password."""
    parts = conninfo_to_dict(place.login(settings, place.APP).conninfo)
    host = str(parts.get("host") or "localhost")
    port = parts.get("port") or 5432
    name = parts.get("dbname") or parts.get("user") or ""
    return f"{name} at {host} port {port}"


def _away(base: dict[str, Any], problem: str, remedy: str | None) -> Status:
    pending = list(package.revision_names())
    return Status(
        **base,
        reachable=False,
        problem=problem,
        remedy=remedy,
        revision=None,
        pending=pending,
        code="unknown",
    )


def _asked(connection: psycopg.Connection[Any], settings: Settings, base: dict[str, Any]) -> Status:
    cursor = connection.cursor(row_factory=row_factory(Figures))
    figures = cursor.execute(sql.get("operate.figures").text).fetchall()[0]
    found = place.look(connection)
    standing = _standing(connection, found)
    known = package.revision_names()
    problem = _problem(settings, found, standing)
    return Status(
        **base,
        reachable=True,
        problem=problem.message if problem else None,
        remedy=problem.hint if problem else None,
        revision=standing.revision,
        pending=[name for name in known if standing.revision is None or name > standing.revision],
        code=_code(standing),
        figures=figures,
        uptime_s=int((datetime.now(UTC) - figures.started_at).total_seconds()),
        applied=_applied(connection, found),
        notices=Notices() if problem else _notices(connection),
    )


def _notices(connection: psycopg.Connection[Any]) -> Notices:
    cursor = connection.cursor(row_factory=row_factory(Notice))
    shown = cursor.execute(sql.get("kit.open_notices").text).fetchall()
    (open_,) = connection.execute(sql.get("kit.count_notices").text).fetchall()[0]
    return Notices(shown, open_ - len(shown))


def _standing(connection: psycopg.Connection[Any], found: Foundation) -> Standing:
    if not found.has_revisions:
        return Standing(found.server, found.vector, None, None)
    cursor = connection.cursor(row_factory=row_factory(Standing))
    return cursor.execute(sql.get("operate.standing").text).fetchall()[0]


def _applied(connection: psycopg.Connection[Any], found: Foundation) -> list[Applied]:
    if not found.has_steward:
        return []
    cursor = connection.cursor(row_factory=row_factory(Applied))
    return cursor.execute(sql.get("operate.applied").text).fetchall()


def _problem(settings: Settings, found: Foundation, standing: Standing) -> StewardError | None:
    refused = place.refuse_foreign(settings, found)
    if refused is not None:
        return refused
    if not found.has_steward or found.lacks_role:
        return place.NotSetUp("this database holds no Steward yet", hint="run `steward db setup`")
    try:
        place.check_standing(standing)
    except StewardError as exc:
        return exc
    return None


def _code(standing: Standing) -> str:
    if standing.code is None:
        return "none"
    return "current" if standing.code == package.code_checksum() else "another release"


def _embedded(settings: Settings) -> EmbeddedStatus:
    found = place.server(settings).status()
    port = found.port if found.tcp else None
    return EmbeddedStatus(found.running, found.pid, str(found.data_dir), str(found.socket_dir), port)
