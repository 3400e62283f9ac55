"""`connect`, `disconnect`, `hooks`: coding agents and this house."""

from __future__ import annotations

import os
import socket
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steward.kit.errors import Conflict, Invalid, NotFound, StewardError, Unavailable
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command, Group

if TYPE_CHECKING:
    from steward.domains.telemetry import HookTold
    from steward.operate.connect import Plan, Restored, Site
    from steward.operate.hooks import Replay

app = typer.Typer()
hooks = typer.Typer(
    cls=Group, help="Look after the events that hooks of coding agents sent.", no_args_is_help=True
)
app.add_typer(hooks, name="hooks")


class Client(StrEnum):
    """Coding agents that can be connected."""

    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"


class For(StrEnum):
    """For whom a client is connected."""

    USER = "user"
    PROJECT = "project"


_CLIENT = typer.Argument(help="Which coding agent.")
_SCOPE = typer.Option("--scope", help="For all of your work, or for the working folder alone.")
_YES = typer.Option("--yes", "-y", help="Do not ask.")
_DRY = typer.Option("--dry-run", help="Only show what would change.")
_NEW_KEY = "stw_" + "new00000" + "_" + "x" * 43


@app.command(cls=Command)
def connect(
    ctx: typer.Context,
    client: Annotated[Client, _CLIENT],
    scope: Annotated[For, _SCOPE] = For.USER,
    content: Annotated[
        bool, typer.Option("--content", help="Let prompts and details of tools be exported too.")
    ] = False,
    yes: Annotated[bool, _YES] = False,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Connect a coding agent: its telemetry, its MCP entry, its hooks and a short word to the agent.

    What would change is shown first. Your own settings stay as they are, and `steward disconnect` brings every byte
    back. Connecting again changes nothing, unless address or key changed.
    """
    from steward.operate import connect as connecting

    state: State = ctx.obj
    dry_run = dry_run or state.dry_run
    where = connecting.Scope(scope.value)
    kept_in = connecting.folder_of(state.settings, client.value, where, Path.cwd())
    key = _known_key(state, client.value)
    plan = connecting.make_plan(client.value, _site(state, where, content, key or _NEW_KEY), kept_in)
    _show_diff(state, plan, key or _NEW_KEY)
    if dry_run or not _changes(plan):
        _report(state, plan, written=False)
        return
    _ask(yes, "Write this?")
    if key is None:
        key = _make_key(state, client.value)
        plan = connecting.make_plan(client.value, _site(state, where, content, key), kept_in)
    connecting.apply(plan, kept_in)
    _report(state, plan, written=True)


def _changes(plan: Plan) -> bool:
    """Tell whether a plan changes anything."""
    return any(change.changes for change in plan.changes)


def _site(state: State, scope: Any, content: bool, key: str) -> Site:
    from steward.kit.config import default_home
    from steward.operate import connect as connecting

    settings = state.settings
    bare = {name: value for name, value in os.environ.items() if name != "STEWARD_HOME"}
    return connecting.Site(
        url=_address(state),
        key=key,
        home=settings.home,
        user=connecting.user_home(os.environ),
        folder=Path.cwd(),
        scope=scope,
        content=content,
        default_home=settings.home == default_home(bare),
        environ=os.environ,
    )


def _address(state: State) -> str:
    """Return the address that clients get: the server's own, which stays the same once it was started."""
    from steward.operate import server

    settings = state.settings
    if settings.url:
        return settings.url.rstrip("/")
    found = server.running(settings)
    if found is not None:
        return found.url
    if settings.port is None:
        raise Unavailable(
            "the address of the server is not known yet", hint="start it once with `steward up --detach`"
        )
    return server.Running(0, 0.0, settings.host, settings.port).url


# ------------------------------------------------------------------------------------------------------------- keys


def _known_key(state: State, client: str) -> str | None:
    """Return the key of an earlier connection, if it still works."""
    from steward.operate import connect as connecting

    try:
        key = connecting.key_file(state.settings, client).read_text("utf-8").strip()
    except OSError:
        return None
    found = state.caller.call("accounts.list_keys", {"limit": 500}, request_key=None)
    good = [each["key_prefix"] for each in found["items"] if each["is_active"]]
    return key if any(key.startswith(f"{prefix}_") for prefix in good) else None


def _make_key(state: State, client: str) -> str:
    """Make a key for a client of this machine, bound to no agent, and keep it for the client's hooks."""
    from steward.kit.config import write_private
    from steward.operate import connect as connecting

    name = f"{client} on {socket.gethostname()}"[:200]
    made = state.caller.call("accounts.create_key", {"name": name}, request_key=None)
    write_private(connecting.key_file(state.settings, client), made["key"] + "\n")
    return str(made["key"])


def _end_key(state: State, client: str) -> str | None:
    """Revoke the key of a client that is connected nowhere any more; return what could not be done."""
    from steward.operate import connect as connecting

    path = connecting.key_file(state.settings, client)
    key = _known_key(state, client)
    try:
        if key is not None:
            state.caller.call("accounts.revoke_key", {"key": "_".join(key.split("_")[:2])}, request_key=None)
    except StewardError as exc:
        return f"the key of {client} was not revoked: {exc.message}"
    path.unlink(missing_ok=True)
    return None


# ---------------------------------------------------------------------------------------------------------- talking


def _show_diff(state: State, plan: Plan, key: str) -> None:
    from steward.operate.connect import diff

    if state.json or state.quiet:
        return
    for change in plan.changes:
        for line in diff(change, key).splitlines():
            state.say(_clean(line))


def _ask(yes: bool, question: str) -> None:
    """Ask a person; without one only --yes lets it pass.

    Raises:
        Invalid: there is nobody to ask.
        Conflict: the person said no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = "look at what would change, then repeat with --yes"
        raise Invalid("nothing was written: there is no terminal to ask on", hint=hint)
    if not typer.confirm(question):
        raise Conflict("nothing was written", hint="--dry-run only shows what would change")


def _report(state: State, plan: Plan, *, written: bool) -> None:
    files = [{"file": str(each.target.path), "change": _word(each, written)} for each in plan.changes]
    notes = [note for change in plan.changes for note in change.notes]
    notes += plan.notes if _changes(plan) else []
    if state.json:
        state.show({"client": plan.client, "scope": plan.scope.value, "files": files, "notes": notes})
        return
    for each in files:
        state.say(_clean(f"{each['change']}: {each['file']}"))
    for note in notes:
        state.say(_clean(f"note: {note}"))
    if written:
        state.say(f"{plan.client} is connected; a session that runs already has to be started anew")


def _word(change: Any, written: bool) -> str:
    if not change.changes:
        return "as it should be"
    word = "created" if change.current is None else "changed"
    return word if written else f"would be {word}"


def _clean(text: str) -> str:
    from steward.surfaces.cli.cells import clean

    return clean(text)


@app.command(cls=Command)
def disconnect(
    ctx: typer.Context,
    client: Annotated[Client, _CLIENT],
    scope: Annotated[For, _SCOPE] = For.USER,
    yes: Annotated[bool, _YES] = False,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Take a coding agent's connection back: every file that you left alone gets its old bytes.

    Of a file that you changed since, only what Steward had added is taken out. The client's key is revoked.
    """
    from steward.operate import connect as connecting

    state: State = ctx.obj
    where = connecting.Scope(scope.value)
    kept_in = connecting.folder_of(state.settings, client.value, where, Path.cwd())
    if not connecting.is_connected(state.settings, client.value, where, Path.cwd()):
        raise NotFound(
            f"{client.value} is not connected for this {where.value}",
            hint="`steward connect` connects it; --scope says for whom",
        )
    if dry_run or state.dry_run:
        _tell_restored(state, client, where.value, connecting.would_restore(kept_in), would=True)
        return
    _ask(yes or not sys.stdin.isatty(), f"Disconnect {client.value}?")
    results = connecting.restore(kept_in)
    problem = None
    if not connecting.connections(state.settings, client.value):
        problem = _end_key(state, client.value)
    _tell_restored(state, client, where.value, results, problem)


_WOULD = {"restored": "would be restored", "cleaned": "would be cleaned"}


def _tell_restored(
    state: State,
    client: Client,
    scope: str,
    results: list[Restored],
    problem: str | None = None,
    *,
    would: bool = False,
) -> None:
    """Tell what became of each file, or what would become of it."""
    notes = [note for each in results for note in each.notes] + ([problem] if problem else [])
    words = _WOULD if would else {}
    files = [{"file": str(each.path), "outcome": words.get(each.outcome, each.outcome)} for each in results]
    if state.json:
        state.show({"client": client.value, "scope": scope, "files": files, "notes": notes})
        return
    for file in files:
        state.say(_clean(f"{file['outcome']}: {file['file']}"))
    for note in notes:
        state.say(_clean(f"note: {note}"))


# ------------------------------------------------------------------------------------------------------------ hooks


@hooks.command("replay", cls=Command)
def replay(ctx: typer.Context) -> None:
    """Take in the events that wait in the spool because the server was away; a server does that by itself.

    With STEWARD_URL set they are sent there.
    """
    from steward.kit.convert import dump

    state: State = ctx.obj
    report = _replay_there(state) if state.settings.url else _replay_here(state)
    if state.json:
        state.show(dump(report))
        return
    state.say(f"{report.taken} events taken in, {report.known} were known already")
    for count, text in (
        (report.damaged, "lines could not be read; they are kept in the spool's file `damaged`"),
        (report.dropped, "events had found no room in the spool"),
        (report.left, "events wait on"),
    ):
        if count:
            state.say(f"{count} {text}")
    for problem in report.problems:
        state.say(_clean(f"note: {problem}"))


def _replay_here(state: State) -> Replay:
    from steward.operate.hooks import replay_here
    from steward.surfaces.cli.client import LocalCaller

    database, actor = LocalCaller(state.settings).open()
    with database:
        return replay_here(database, state.settings, actor)


def _replay_there(state: State) -> Replay:
    from steward.operate import hooks as spool
    from steward.surfaces.cli.client import HttpCaller

    caller = state.caller
    assert isinstance(caller, HttpCaller)  # noqa: S101 - with an address set it is no other

    def send(told: HookTold) -> None:
        words = {name: getattr(told, name) for name in ("task", "execution", "agent", "project")}
        headers = {"Event": str(told.event_id), "Time": told.at.isoformat(), **words}
        caller.send_event(told.client.value, told.payload, headers)

    return spool.replay(spool.spool_folder(state.settings), send)
