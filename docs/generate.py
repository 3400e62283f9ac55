"""Writes docs/reference/ from the code and the database: operations, commands, settings, errors, tables, seeds' names.

Run `make docs` after a change of an operation, a setting, an error or the schema; a test fails until then.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import psycopg

import steward
from docs import catalog, seeds
from steward.kit import errors, op
from steward.kit.config import Settings
from steward.surfaces.cli.params import PREFIX as EVERYWHERE
from steward.surfaces.cli.tree import HAND_WRITTEN, hand_written
from steward.surfaces.shape import python_name, shape_of

REFERENCE = Path(__file__).with_name("reference")
# Packages with errors of their own, beside the rooms and the kit.
_WITH_ERRORS = (
    "steward.importers",
    "steward.operate.setup",
    "steward.surfaces.hooks",
    "steward.surfaces.otlp",
    "steward.surfaces.rest.guard",
)
_MARK = "<!-- Written by `make docs` from the code; change it there. -->\n"

# What each setting is for; a setting without a line here is an error, so that none stays undocumented.
SETTINGS = {
    "home": "Where Steward keeps its configuration, key, logs and (unless run by root) its database.",
    "database_url": "`embedded` for the server that comes with the package, else the address of your PostgreSQL.",
    "database_direct_url": "The address that goes around a pooler such as pgbouncer; migrations use it.",
    "pool_size": "How many connections one process opens at most.",
    "files_dir": "Where attached files are kept; `files` in the home when not set. Servers of one database share it.",
    "attachment_limit_mib": "How large an attached file may be.",
    "pool_idle_s": "After so many seconds without use a connection is closed.",
    "connect_timeout_s": "How long to wait for a connection.",
    "statement_timeout_ms": "How long one statement may run.",
    "slow_query_ms": "Statements that take longer are logged.",
    "lock_timeout_ms": "How long a migration waits for a lock.",
    "host": "The address on which the web server listens.",
    "port": "Its port; the first free one from 7717 on is taken and kept at the first start.",
    "url": "Send operations of the command line to the server at this address instead of working in this process.",
    "key": "The key to show to that server; else the one kept in the home.",
    "project": "The project in hand.",
    "agent": "Act as this agent.",
    "timezone": "What a day is.",
    "log_level": "debug, info, warning or error.",
    "mcp_profile": "How many tools MCP offers: core, standard or all.",
    "allowed_hosts": "Further names that the web server answers to, comma-separated.",
}
# Others' variables that are understood, weakest of all.
FOREIGN = {
    "DATABASE_URL": "database_url, if that database is empty or Steward's already",
    "PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD": "database_url, the same",
    "DB_SSL": "sslmode of that address",
    "DB_POOL_SIZE": "pool_size",
    "DB_TIMEOUT": "statement_timeout_ms",
}


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


Row = tuple[object, ...]


def table(head: tuple[str, ...], rows: Sequence[Row]) -> Iterator[str]:
    """Give the lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


# ---------------------------------------------------------------------------------------------------- operations


def _default(param: op.Param) -> str:
    if param.required:
        return "required"
    if param.default is None:
        return ""
    value = param.default
    word = (
        value.name.lower()
        if isinstance(value, IntEnum)
        else value.value
        if isinstance(value, Enum)
        else value
    )
    return f"`{word}`"


def _kind(param: op.Param) -> str:
    shape = shape_of(param.kind)
    word = " ".join(f"`{choice}`" for choice in shape.choices) or shape.word
    return f"{word}, many" if shape.many else word


def _command(spec: op.Operation) -> str:
    words = [f"steward {spec.room} {spec.verb.replace('_', '-')}"]
    words += [f"{param.name.upper()}" for param in spec.params if param.required][:1]
    words += [f"--{param.name.replace('_', '-')} …" for param in spec.params if param.required][1:]
    return " ".join(words)


def _operation(spec: op.Operation) -> Iterator[str]:
    yield f"### {spec.name}\n"
    yield f"{spec.summary}\n"
    if spec.description:
        yield f"{spec.description}\n"
    yield from table(
        ("surface", "call"),
        [
            ("command line", f"`{_command(spec)}`"),
            ("REST", f"`{spec.method} {spec.path}`"),
            ("MCP", f"`{spec.tool}` (profile {spec.profile})"),
            ("Python", f"`s.{spec.room}.{spec.verb}(…) -> {python_name(spec.returns)}`"),
            ("permission", f"`{spec.permission}`"),
        ],
    )
    if spec.params:
        rows = [(f"`{param.name}`", _kind(param), _default(param), param.help) for param in spec.params]
        yield from table(("argument", "kind", "default", "what it is"), rows)
    if spec.waits:
        yield "May wait: `--wait SECONDS` on the command line, `wait` in REST and MCP.\n"


def operations() -> Iterator[str]:
    """Give the page of operations."""
    yield "# Operations\n"
    yield "An operation is written once; the command line, REST, MCP and Python all call the same one. On the command"
    yield "line the first required argument may stand without its name, and every argument is an option too. Over REST"
    yield "reads take their arguments in the query, writes as a JSON object. `--input FILE` reads them as JSON.\n"
    for room in op.ROOMS:
        found = op.operations(room)
        text = (sys.modules[f"steward.domains.{room}"].__doc__ or room).strip()
        yield f"## {room}\n"
        yield f"```text\n{text}\n```\n"
        for spec in found:
            yield from _operation(spec)


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Give a command, or those of a group."""
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
        return
    for word, each in inner.items():
        yield from _leaves(f"{name} {word}", each)


def _option_rows(command: Any) -> Iterator[Row]:
    for param in command.params:
        if param.name.startswith(EVERYWHERE) or getattr(param, "hidden", False):
            continue
        is_argument = param.param_type_name == "argument"
        words = (
            [(param.metavar or param.name).upper()] if is_argument else [*param.opts, *param.secondary_opts]
        )
        yield (" ".join(f"`{word}`" for word in words), (param.help or "").replace("\\[", "["))


def commands() -> Iterator[str]:
    """Give the page of commands that are no operations."""
    yield "# Commands\n"
    yield "Rooms and their operations are commands too: see [operations](operations.md). These run the house. Each"
    yield "takes `--json`, `--quiet`, `--home`, `--project`, `--agent` and `--request-key` wherever they stand on the"
    yield "line, and `--help`.\n"
    for top in HAND_WRITTEN:
        for name, command in _leaves(top, hand_written(top)):
            yield f"## steward {name}\n"
            yield re.sub(r"(?<!\n)\n(?!\n)", " ", command.help or "") + "\n"
            rows = list(_option_rows(command))
            if rows:
                yield from table(("option", "what it does"), rows)


# -------------------------------------------------------------------------------------------- settings and errors


def _type_name(kind: Any) -> str:
    parts = (
        [part for part in get_args(kind) if part is not type(None)]
        if get_origin(kind) is types.UnionType
        else [kind]
    )
    return ", ".join(
        {"str": "text", "int": "number", "float": "number", "Path": "folder"}[part.__name__] for part in parts
    )


def settings() -> Iterator[str]:
    """Give the page of settings."""
    yield "# Settings\n"
    yield "Order of strength: a flag of the command line, a `STEWARD_…` variable, `config.toml` in the home, then"
    yield "the variables of other programs. `steward config` shows every value and its source, without secrets.\n"
    kinds = get_type_hints(Settings)
    rows: list[Row] = []
    for item in dataclasses.fields(Settings):
        if item.name in ("sources", "database_foreign"):
            continue
        default = "" if item.default in (None, dataclasses.MISSING, "") else f"`{item.default}`"
        variable = f"`STEWARD_{item.name.upper()}`"
        rows.append((f"`{item.name}`", variable, _type_name(kinds[item.name]), default, SETTINGS[item.name]))
    yield from table(("setting", "variable", "kind", "default", "what it does"), rows)
    yield "`STEWARD_ROOT_DIR` (`/var/lib/steward`) is where servers stand that root starts; it is a variable only.\n"
    yield "## Variables of other programs\n"
    yield from table(("variable", "means"), [(f"`{name}`", text) for name, text in FOREIGN.items()])


def _tree(cls: type[errors.StewardError]) -> Iterator[type[errors.StewardError]]:
    yield cls
    for child in sorted(cls.__subclasses__(), key=lambda each: each.code):
        yield from _tree(child)


def _shipped(cls: type[errors.StewardError]) -> bool:
    """Tell whether a class belongs to the package and not to whoever imports us."""
    return cls.__module__.split(".")[0] == steward.__name__


def error_codes() -> Iterator[str]:
    """Give the page of errors and exit statuses."""
    op.operations()
    for name in _WITH_ERRORS:
        importlib.import_module(name)
    yield "# Errors and exit statuses\n"
    yield "An error has a stable `code`, says what is wrong with the value, and hints what to do. The same error leaves"
    yield "the command line with an exit status, REST with a problem document (RFC 9457), MCP as a result marked as an"
    yield "error, and Python as an exception of the class.\n"
    found = {
        cls.code: cls
        for cls in _tree(errors.StewardError)
        if _shipped(cls) and cls is not errors.StewardError
    }
    rows = [
        (
            f"`{code}`",
            f"`{cls.__name__}`",
            cls.status,
            cls.exit_status,
            cls.sqlstate or "",
            (cls.__doc__ or "").strip(),
        )
        for code, cls in sorted(found.items(), key=lambda each: (each[1].status, each[0]))
    ]
    yield from table(("code", "class", "HTTP", "exit", "SQLSTATE", "when"), [tuple(row) for row in rows])
    yield "Further exit statuses: 0 all went well, 1 a defect of Steward, 130 Ctrl-C, 141 the reader of our output"
    yield "went away. `steward db verify` ends with 5 when it finds differences, `steward status` with 7 when a part is"
    yield "down, `steward import` with 2 when it refused a file.\n"


# ----------------------------------------------------------------------------------------------------------- pages


def database(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Give the page of tables, views and functions."""
    yield "# Database\n"
    yield "Views and functions are the stable contract for SQL; base tables may change with any release. The search"
    yield "path of the database lists every schema, so that `select * from task_list` finds it.\n"
    yield from catalog.page(connection, table)


Page = Callable[[], Iterator[str]]
PAGES: dict[str, Page] = {
    "operations.md": operations,
    "commands.md": commands,
    "settings.md": settings,
    "errors.md": error_codes,
    "seed-map.md": lambda: seeds.page(table),
}


def render(lines: Iterator[str]) -> str:
    """Return a page as the text of its file."""
    text = _MARK + "\n" + "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def pages(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return every generated page by its file name."""
    made = {name: render(page()) for name, page in PAGES.items()}
    return made | {"database.md": render(database(connection))}


def main() -> None:
    """Write the pages; a database made for it tells what the package makes, whatever yours holds."""
    from bench.harness import House

    REFERENCE.mkdir(exist_ok=True)
    with House("reference") as house:
        house.steward("db", "setup").checked()
        with house.connection("owner") as connection:
            made = pages(connection)
    for name, text in made.items():
        (REFERENCE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
