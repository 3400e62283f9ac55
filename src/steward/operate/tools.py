"""The doors for other programs: address, psql, pg_dump, and TCP for those that know no socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict

from steward.kit import sql
from steward.kit.config import Settings
from steward.kit.errors import Invalid, Unavailable
from steward.kit.package import SCHEMAS
from steward.operate import place
from steward.operate.setup import mapped

_NOISE = re.compile(
    r"^(?:\\(?:un)?restrict\b.*|-- Dumped .*|--|-- PostgreSQL database dump(?: complete)?|SET .*"
    r"|SELECT pg_catalog\.set_config.*)$"
)
_BANNER = re.compile(r"^-- Name: (?P<name>.+); Type: (?P<type>[^;]+); Schema: (?P<schema>[^;]+); Owner: .*$")
_HEADER = """\
-- The whole database on one page: what the revisions and the code files make. Written by `make schema`.
-- Needed first: the roles steward_owner, steward_app, steward_agent, steward_readonly and steward_backup, and the
-- extension vector. This page is for reading: a database to work with comes from `steward db setup`.
"""


def role_named(name: str) -> str:
    """Return the database role of a short or full name.

    Raises:
        Invalid: there is no such role.
    """
    wanted = name if name.startswith("steward_") else f"steward_{name}"
    if wanted not in place.ROLES:
        known = ", ".join(role.removeprefix("steward_") for role in place.ROLES)
        raise Invalid(f"role: {name!r} is none of Steward's", hint=f"choose one of {known}")
    return wanted


def url(settings: Settings, role: str = place.READONLY, show: bool = False) -> str:
    """Return the address for other programs.

    Args:
        settings: where the database is.
        role: as whom; on an external server the login stays the one that was given.
        show: with the password instead of ***.
    """
    role = role_named(role)
    if settings.embedded:
        return _embedded_url(settings, role, show)
    parts = place.external(settings, direct=True)
    password = parts.pop("password", None)
    secret = (f":{quote(password, safe='')}" if show else ":***") if password else ""
    login = quote(parts.pop("user", ""), safe="") + secret
    host, port, name = parts.pop("host", ""), parts.pop("port", ""), parts.pop("dbname", "")
    parts.pop("application_name", None)
    return _compose(login, host, port, name, parts)


def _compose(login: str, host: str, port: str, name: str, more: dict[str, str]) -> str:
    if host.startswith("/") or "," in host:
        more, host, port = {"host": host} | ({"port": port} if port else {}) | more, "", ""
    place_part = f"[{host}]" if ":" in host else host
    query = f"?{urlencode(more, quote_via=quote)}" if more else ""
    at = f"{login}@" if login else ""
    return f"postgresql://{at}{place_part}{f':{port}' if port else ''}/{quote(name, safe='')}{query}"


def _embedded_url(settings: Settings, role: str, show: bool) -> str:
    server = place.server(settings)
    found = server.status()
    if found.tcp:
        password = quote(server.tcp_password(), safe="") if show else "***"
        return f"postgresql://{role}:{password}@127.0.0.1:{found.port}/{place.DATABASE}"
    parts = conninfo_to_dict(server.conninfo(place.DATABASE, role))
    return _compose(role, str(parts["host"]), str(parts["port"]), place.DATABASE, {})


def open_tcp(
    settings: Settings,
    enable: bool,
    port: int | None = None,
    roles: Iterable[str] = (place.READONLY,),
    progress: place.Progress = place.quiet,
) -> str | None:
    """Open the embedded server on 127.0.0.1 for pgAdmin, psql, Grafana and the like, or close it again.

    Args:
        settings: whose server.
        enable: whether it listens.
        port: the port; a free one when None.
        roles: who may come that way, with the password in the home's private file; all others may not.
        progress: told what is waited for.

    Returns:
        The address with the password masked, None when closed.

    Raises:
        Invalid: the database is not the embedded one.
    """
    if not settings.embedded:
        raise Invalid("the database is an external one", hint="its administrator decides who reaches it")
    server = place.server(settings)
    server.start(progress)
    server.tcp(enable, port, progress)
    allowed = {role_named(role) for role in roles} if enable else set()
    with mapped(settings), psycopg.connect(place.administrator(settings), autocommit=True) as connection:
        for role in place.ROLES:
            _set_password(connection, role, server.tcp_password() if role in allowed else None)
    return url(settings, next(iter(sorted(allowed)))) if allowed else None


def _set_password(connection: psycopg.Connection[object], role: str, password: str | None) -> None:
    """Give a role its password as a hash made here, so that no log of the server shows it."""
    hashed = None
    if password is not None:
        hashed = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
    statement = compose.SQL(sql.get("operate.set_password").text)
    connection.execute(statement.format(role=compose.Identifier(role), password=compose.Literal(hashed)))


def program(settings: Settings, name: str) -> Path:
    """Return the path of psql, pg_dump or another program of PostgreSQL.

    Raises:
        Unavailable: it is not on this machine.
    """
    if settings.embedded:
        return place.server(settings).bin_dir / name
    found = shutil.which(name)
    if found:
        return Path(found)
    from steward.kit.embedded.binaries import wheel_bin

    path = wheel_bin() / name
    if not path.is_file():
        raise Unavailable(f"{name} is not on this machine", hint="install the client programs of PostgreSQL")
    return path


def psql(settings: Settings, role: str = place.READONLY, arguments: Iterable[str] = ()) -> None:
    """Become psql, connected as a role; does not return.

    Args:
        settings: where the database is.
        role: as whom.
        arguments: further arguments of psql.
    """
    if settings.embedded:
        place.server(settings).start()
    command = program(settings, "psql")
    conninfo, environment = _with_password_aside(place.conninfo(settings, role_named(role)))
    os.execve(command, [str(command), "-d", conninfo, *arguments], environment)  # noqa: S606 - no shell is wanted


def _with_password_aside(conninfo: str) -> tuple[str, dict[str, str]]:
    """Move a password from the command line, which everybody can read, to the environment."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    password = parts.pop("password", None)
    environment = dict(os.environ) | ({"PGPASSWORD": password} if password else {})
    return psycopg.conninfo.make_conninfo(**parts), environment


def schema(settings: Settings) -> str:
    """Return the schema of the database as SQL, without what was made at run time and without a dump's noise."""
    conninfo, environment = _with_password_aside(place.conninfo(settings, place.OWNER))
    with mapped(settings), psycopg.connect(place.conninfo(settings, place.OWNER)) as connection:
        made = [row[0] for row in connection.execute(sql.get("operate.runtime_objects").text).fetchall()]
    return dump_schema(program(settings, "pg_dump"), conninfo, made, environment)


def dump_schema(
    pg_dump: Path, conninfo: str, without: Iterable[str], environment: dict[str, str] | None = None
) -> str:
    """Return what pg_dump tells of our schemas, cleaned.

    Args:
        pg_dump: the program.
        conninfo: how it connects.
        without: tables that were made at run time.
        environment: the program's; this process's when None.
    """
    command = [str(pg_dump), "--schema-only", "--no-owner", "-d", conninfo]
    command += [f"--schema={schema}" for schema in SCHEMAS] + [f"--exclude-table={name}" for name in without]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise Unavailable(
            f"pg_dump failed: {done.stderr.strip()}", hint="is its version that of the server or newer?"
        )
    return _HEADER + _clean(done.stdout)


def _clean(text: str) -> str:
    """Drop what differs between releases of the programs and says nothing about the schema."""
    lines: list[str] = []
    for line in text.splitlines():
        banner = _BANNER.match(line)
        if banner:
            line = "" if banner["type"] == "ACL" else f"-- {banner['type'].lower()} {banner['name']}"
        elif _NOISE.match(line):
            line = ""
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n" + "\n".join(lines).strip() + "\n"
