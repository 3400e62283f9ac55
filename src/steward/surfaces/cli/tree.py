"""The commands: rooms and operations from the manifest, others from their modules, each built when asked for."""

from __future__ import annotations

import base64
import gc
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from steward.kit.errors import Invalid
from steward.surfaces.cli import contents, dry_run, params
from steward.surfaces.cli.state import State
from steward.surfaces.manifest import ParamEntry, RoomEntry, VerbEntry, load

_METAVARS = {
    "text": "TEXT",
    "integer": "NUMBER",
    "number": "NUMBER",
    "uuid": "UUID",
    "time": "TIME",
    "day": "DAY",
    "json": "JSON",
    "file": "FILE",
    "choice": "WORD",
}
_BRING = "`steward import PATH` or `steward work add TITLE --project NAME` brings some"
_NOTHING = {
    "work.next": f"nothing is ready; `steward work blocked` shows what waits, {_BRING}",
    "work.ready": f"nothing is ready; `steward work blocked` shows what waits, {_BRING}",
    "work.claim": f"nothing is ready; `steward work blocked` shows what waits, {_BRING}",
    "work.list": f"no tasks; {_BRING}",
    "work.blocked": "nothing is blocked",
    "work.progress": f"no tasks; {_BRING}",
    "projects.list": "no projects; `steward import PATH` or `steward projects add NAME` makes one",
    "agents.list": "no agents; one that claims is registered: `steward --agent NAME work claim`",
}
# name: (module, help, where in the overview)
HAND_WRITTEN = {
    "up": ("server", "Start the server and print its address.", "House"),
    "down": ("server", "Stop the server, then the database.", "House"),
    "status": ("server", "Show what runs, where, and whether it is well.", "House"),
    "open": ("server", "Open the pages in the browser, signed in.", "House"),
    "logs": ("server", "Show the server's log.", "House"),
    "key": ("setup", "Print the key that programs use to reach the server.", "House"),
    "config": ("setup", "Show every setting and where it comes from.", "House"),
    "completion": ("setup", "Print the completion script of a shell.", "House"),
    "mcp": ("setup", "Serve MCP over standard input and output.", "House"),
    "run": ("run", "Run a command for a task: claimed, attributed, given back when it fails.", "Work"),
    "connect": ("connect", "Connect a coding agent: telemetry, MCP, hooks, instructions.", "Agents"),
    "disconnect": ("connect", "Take a coding agent's connection back, byte for byte.", "Agents"),
    "hooks": ("connect", "Look after the events that hooks of coding agents sent.", "Agents"),
    "db": ("db", "Set up, migrate, check and enter the database.", "Data"),
    "import": (
        "import",
        "Import task files and transcripts of agents; each is found out by its content.",
        "Data",
    ),
    "export": ("data", "Give back the tasks of a project as a file of another tool.", "Data"),
    "sql": ("data", "Run one SQL statement, read-only by role.", "Data"),
}


def take_globals(ctx: Any) -> State:
    """Move the options that stand everywhere from a command's values into the state of the call."""
    state: State = ctx.find_root().obj
    for name in [name for name in ctx.params if name.startswith(params.PREFIX)]:
        value = ctx.params.pop(name)
        if value is not None:
            state.take({name.removeprefix(params.PREFIX): value})
    return state


class Command(TyperCommand):
    """A command that accepts the options that stand everywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"add_help_option": False})
        taken = frozenset(str(param.name) for param in self.params)
        for param in self.params:
            params.tell_kind(param)
        self.params = [*self.params, params.help_option(), *params.global_options(taken)]

    def invoke(self, ctx: Any) -> Any:
        """Take the options that stand everywhere, then run; a dry run only where there is one."""
        if take_globals(ctx).dry_run:
            dry_run.check(ctx.command_path, ctx.params)
        return super().invoke(ctx)


class _Lazy(TyperGroup):
    """A group whose commands are made when they are asked for."""

    names: dict[str, Callable[[], Any]]
    overview: Mapping[str, Any] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; `give_back` is understood as `give-back`."""
        if cmd_name in self.overview:
            return self.overview[cmd_name]
        name = cmd_name.replace("_", "-")
        return self.names[name]() if name in self.names else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which names are near: Typer looks for those among `commands`."""
        self.commands = dict.fromkeys(self.names)  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Take the options that stand everywhere, then run the command."""
        take_globals(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group of hand-written commands that accepts the options that stand everywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"add_help_option": False})
        self.params = [*self.params, params.help_option(), *params.global_options()]

    def invoke(self, ctx: Any) -> Any:
        """Take the options that stand everywhere, then run the command."""
        take_globals(ctx)
        return super().invoke(ctx)


class Root(_Lazy):
    """`steward` itself."""

    def __init__(self) -> None:
        options = [
            params.flag("version", ["--version"], "Print the version.", callback=_version, is_eager=True),
            params.help_option(),
            *params.global_options(),
        ]
        super().__init__(
            name="steward",
            params=options,
            no_args_is_help=True,
            help="The system of record for AI software engineering.",
            add_help_option=False,
        )
        self.names = {name: (lambda room=room: room_group(room)) for name, room in load().items()}  # type: ignore[misc]
        self.names |= {name: (lambda name=name: hand_written(name)) for name in HAND_WRITTEN}  # type: ignore[misc]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the overview without building a single group."""
        rooms = load().items()
        own = HAND_WRITTEN.items()
        self.overview = {
            **{name: TyperGroup(name=name, help=room.help, rich_help_panel="Rooms") for name, room in rooms},
            **{
                name: TyperCommand(name=name, help=text, rich_help_panel=panel)
                for name, (_, text, panel) in own
            },
        }
        super().format_help(ctx, formatter)


class Room(_Lazy):
    """The operations of one room."""

    def __init__(self, room: RoomEntry) -> None:
        options = [params.help_option(), *params.global_options()]
        super().__init__(
            name=room.name, help=room.help, no_args_is_help=True, params=options, add_help_option=False
        )
        verbs = {verb.replace("_", "-"): entry for verb, entry in room.verbs.items()}
        self.names = {name: (lambda entry=entry: verb_command(entry)) for name, entry in verbs.items()}  # type: ignore[misc]


def room_group(room: RoomEntry) -> Room:
    """Return the group of a room."""
    return Room(room)


def hand_written(name: str) -> Any:
    """Import and return a hand-written command or group; some of these run for days."""
    gc.enable()
    module = importlib.import_module(f"steward.surfaces.cli.commands_{HAND_WRITTEN[name][0]}")
    group: Any = typer.main.get_group(module.app)
    return group.commands[name]


def _version(ctx: Any, param: Any, value: Any) -> Any:
    if value and not ctx.resilient_parsing:
        from steward import __version__

        sys.stdout.write(f"steward {__version__}\n")
        raise typer.Exit
    return value


# ---------------------------------------------------------------------------------------- one operation as a command

_HIDDEN = "__as_option"


def positional(entry: VerbEntry) -> str | None:
    """Return the parameter that may stand without its name.

    The first required one that is one word; where nothing is required, the thing that the room is named after, so that
    `steward projects get acme` works.
    """
    words = [param for param in entry.params if not param.many and param.word not in ("json", "flag")]
    required = next((param.name for param in words if param.required), None)
    own = next((param.name for param in words if param.name == entry.room.removesuffix("s")), None)
    return required or own


def _flags(param: ParamEntry) -> list[str]:
    name = "--" + param.name.replace("_", "-")
    if param.word == "flag" and not param.many:
        return [f"{name}/--no-{name[2:]}"]
    if param.many and name.endswith("s") and not name.endswith(("ss", "us")):
        single = name[:-3] + "y" if name.endswith("ies") else name[:-1]
        return [single, name]
    return [name]


def _option(param: ParamEntry, name: str, hidden: bool) -> Any:
    text = param.help + (" (repeatable)" if param.many else "")
    default = None if param.default is None or param.many else str(param.default)
    if param.word == "flag" and not param.many:
        return params.flag(name, _flags(param), text)
    return params.option(
        name,
        _flags(param),
        text + (" Required." if param.required and not hidden else ""),
        metavar=_METAVARS[param.word],
        multiple=param.many,
        choices=param.choices,
        default=default,
        hidden=hidden,
    )


def _parameters(entry: VerbEntry) -> Iterator[Any]:
    first = positional(entry)
    for param in entry.params:
        if param.name == first:
            yield params.argument(param.name, param.help, param.name.upper(), param.choices)
            yield _option(param, param.name + _HIDDEN, hidden=True)
        else:
            yield _option(param, param.name, hidden=False)
    yield params.option(
        "__input", ["--input"], "Read arguments as a JSON object from a file, or - for standard input."
    )
    if contents.gives_content(entry):
        text = "Save the content in this file."
        yield params.option(contents.OUTPUT, ["--output", "-o"], text, metavar="FILE")
    if entry.waits:
        text = "Wait up to so many seconds for a result."
        yield params.option("__wait", ["--wait"], text, metavar="SECONDS")


def verb_command(entry: VerbEntry) -> Command:
    """Return the command of an operation."""
    text = entry.help + (f"\n\n{entry.description}" if entry.description else "")
    name = entry.verb.replace("_", "-")
    made = Verb(name=name, help=params.plain(text), short_help=entry.help, params=list(_parameters(entry)))
    made.entry = entry
    return made


class Verb(Command):
    """The command of one operation."""

    entry: VerbEntry

    def invoke(self, ctx: Any) -> Any:
        """Call the operation and show its result."""
        _run(self.entry, take_globals(ctx), dict(ctx.params))


def _run(entry: VerbEntry, state: State, values: dict[str, Any]) -> None:
    wait_s = _seconds(values.pop("__wait", None))
    arguments = _input(values.pop("__input", None)) | _arguments(entry, values)
    if contents.gives_content(entry):
        _read(entry, state, arguments, values.get(contents.OUTPUT))
        return
    key = state.request_key
    if entry.write and key is None:
        # With a key of its own a write may be sent again when the connection breaks.
        from uuid import uuid4

        key = f"cli-{uuid4()}"
    result = state.caller.call(entry.name, arguments, request_key=key, wait_s=wait_s, dry_run=state.dry_run)
    state.show(result, empty=_empty(entry))


def _read(entry: VerbEntry, state: State, arguments: dict[str, Any], output: str | None) -> None:
    if state.dry_run and output is not None:
        dry_run.refuse(f"{entry.room} {entry.verb.replace('_', '-')}", "leave --output out")

    def call(given: Mapping[str, Any]) -> Any:
        return state.caller.call(entry.name, given, request_key=None)

    contents.hand_over(state, call, arguments, output)


def _empty(entry: VerbEntry) -> str:
    """Return what to say where there is no result: a person who sees nothing is told what to do about it."""
    usual = "done" if entry.write and not entry.waits else "nothing"
    return _NOTHING.get(entry.name, usual)


def _seconds(word: str | None) -> float:
    if word is None:
        return 0.0
    from steward.kit.convert import load as convert

    return max(0.0, float(convert(float, word, "--wait")))


def _arguments(entry: VerbEntry, values: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that were given, JSON text parsed."""
    found: dict[str, Any] = {}
    for param in entry.params:
        value = values.get(param.name)
        if value is None:
            value = values.get(param.name + _HIDDEN)
        if value is not None:
            found[param.name] = _value(param, value)
        if value is not None and param.word == "file" and any(one.name == "name" for one in entry.params):
            found.setdefault("name", Path(value).name)
    return found


def _value(param: ParamEntry, value: Any) -> Any:
    if param.word == "file":
        return _file(value, param.name)
    if param.many and len(value) == 1 and value[0].lstrip().startswith("["):
        return _json(value[0], param.name)
    return _json(value, param.name) if param.word == "json" else value


def _file(path: str, place: str) -> str:
    """Return the content of a file of this machine as base64."""
    try:
        return base64.b64encode(Path(path).expanduser().read_bytes()).decode()
    except OSError as exc:
        raise Invalid(f"{place}: {path}: {exc.strerror}", hint="name a readable file") from None


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Invalid(f"{place}: {text[:60]!r} is no JSON: {exc}", hint="quote it: '{\"a\": 1}'") from None


def _input(source: str | None) -> dict[str, Any]:
    if source is None:
        return {}
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise Invalid(
            f"--input: {source}: {exc}", hint="name a readable file, or - for standard input"
        ) from None
    data = _json(text, "--input")
    if not isinstance(data, dict):
        raise Invalid("--input: not a JSON object", hint='give {"name": value, …}')
    return data
