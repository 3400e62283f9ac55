"""`up`, `down`, `status`, `open`, `logs`: the server as a process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from steward.kit.errors import NotFound, Unavailable
from steward.operate import server
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

app = typer.Typer()


def _with_place(state: State, host: str | None, port: int | None) -> None:
    """Let --host and --port be settings of this call."""
    from steward.kit.config import load_settings

    flags = {"home": state.home, "project": state.project, "agent": state.agent, "host": host, "port": port}
    state.__dict__["settings"] = load_settings(flags)


@app.command(cls=Command)
def up(
    ctx: typer.Context,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the server running and return.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Fill the first screen with sample rows.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Listen here, and keep it.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen on this address; 127.0.0.1 unless told.")] = None,
) -> None:
    """Start the server and print its address; safe to repeat.

    The database is set up at the first start. In the foreground Ctrl-C stops the web server; the database goes on
    until `steward down`.
    """
    state: State = ctx.obj
    _with_place(state, host, port)
    with server.starting(state.settings):
        _set_up(state, demo)
        found = _usable(state)
        if found is None and detach:
            found = server.start_detached(state.settings, server.serve_command(state.settings))
        if found is not None:
            _announce(state, found)
            return
        foreground = _Foreground(state)
    foreground.serve()


def _usable(state: State) -> server.Running | None:
    """Return the server that runs, if it can stay: one of another release makes room for this one."""
    found = server.running(state.settings)
    if found is None:
        return None
    if server.is_older(found):
        server.stop(state.settings)
        sys.stderr.write(
            f"the server of release {found.version or 'unknown'} was stopped; this one takes its place\n"
        )
        return None
    server.refuse_move(state.settings, found)
    return found


class _Foreground:
    """The server in this process; the lock of starting is held until it listens."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.bound = server.listen(state.settings)

    def serve(self) -> None:
        """Serve until Ctrl-C or a signal."""
        from steward.surfaces.rest.serve import serve

        serve(self.state.settings, bound=self.bound, ready=lambda running: _announce(self.state, running))


def _set_up(state: State, demo: bool) -> None:
    """Bring the database up to this package, with a key for this home and sample rows when asked."""
    if demo:
        from steward.operate import setup

        _opened(state).close()
        setup.seed(state.settings, sample=True)
    from steward.operate import acting

    with _opened(state) as database:
        actor = acting.actor_for_cli(database, state.settings)
        if actor.user_id is not None and not actor.agent_bound:
            acting.ensure_key_file(database, state.settings, actor.user_id)


def _opened(state: State) -> Any:
    """Open the database, set up or migrated first where that is the remedy."""
    from steward.operate import place

    progress = _progress(state)
    try:
        return place.open_database(state.settings, progress=progress)
    except Unavailable as exc:
        if not _can_mend(exc, state):
            raise
    from steward.operate import setup

    setup.setup(state.settings, progress)
    return place.open_database(state.settings, progress=progress)


def _can_mend(exc: Unavailable, state: State) -> bool:
    """Tell whether setting up is the remedy; another's server is migrated only when told to."""
    return exc.code == "not_set_up" or (state.settings.embedded and "db migrate" in (exc.hint or ""))


def _progress(state: State) -> Any:
    def tell(text: str) -> None:
        if not (state.quiet or state.json) and sys.stderr.isatty():
            sys.stderr.write(f"{text}\n")

    return tell


def _announce(state: State, found: server.Running) -> None:
    """Print where the server is, with a one-time link that signs the browser in."""
    link = server.sign_in_link(state.settings, found)
    if state.json:
        state.show({"url": found.url, "sign_in": link, "pid": found.pid, "log": found.log})
        sys.stdout.flush()
        return
    state.say(f"Steward is at {found.url}")
    if link:
        state.say(f"sign in:      {link}")
    state.say("bring tasks:  steward import PATH")
    if not state.quiet:
        sys.stdout.flush()


@app.command(cls=Command)
def down(ctx: typer.Context) -> None:
    """Stop the web server, then the embedded database; safe to repeat."""
    state: State = ctx.obj
    stopped = server.stop(state.settings)
    database = False
    if state.settings.embedded:
        from steward.operate import place

        embedded = place.server(state.settings)
        database = embedded.is_running()
        embedded.stop()
    if state.json:
        state.show({"web": stopped is not None, "database": database})
        return
    state.say("the web server is stopped" if stopped else "no web server was running")
    if state.settings.embedded:
        state.say("the database is stopped" if database else "the database was not running")


@app.command(cls=Command)
def status(ctx: typer.Context) -> None:
    """Show what runs, where, and whether it is well; status 7 when something is not."""
    state: State = ctx.obj
    from steward.kit.convert import dump
    from steward.operate.status import status as database_status

    found = server.running(state.settings)
    report = database_status(state.settings)
    data = {"home": str(state.settings.home), "web": _web(found), "database": dump(report)}
    state.show(data if state.json else _rows(data))
    if not state.json:
        _tell(state, data["database"]["notices"])
    if report.problem is not None or (found is not None and data["web"]["status"] != "running"):
        raise typer.Exit(7)


def _tell(state: State, told: dict[str, Any]) -> None:
    """Print what people are told, a line each; texts of others cannot act on the terminal."""
    from steward.surfaces.cli.cells import clean

    for each in told["notices"]:
        state.say(f"{each['level']}: {clean(each['message'])}")
    if told["more"]:
        state.say(f"and {told['more']} more: those above are the newest")


def _web(found: server.Running | None) -> dict[str, Any]:
    if found is None:
        return {"status": "stopped"}
    well = "running" if server.is_ready(found) else "not ready"
    uptime = max(0, round(time.time() - found.started))
    return {"status": well, "url": found.url, "pid": found.pid, "uptime_s": uptime, "log": found.log}


def _rows(data: dict[str, Any]) -> dict[str, Any]:
    """Return the report as a person wants it: is it well, where is it; `db status` tells more of the database."""
    web, database = data["web"], data["database"]
    figures = database["figures"] or {}
    well = database["problem"] or "running"
    found = {
        "pages": f"{web['status']} at {web['url']}" if "url" in web else "stopped; `steward up` starts them",
        "database": ", ".join(filter(None, [well, database["kind"], figures.get("server_version")])),
        "remedy": database["remedy"],
        "revision": f"{database['revision'] or 'none'}, newest {database['newest']}, code {database['code']}",
        "pending": database["pending"],
        "up for": str(timedelta(seconds=web["uptime_s"])) if "uptime_s" in web else None,
        "size": f"{figures['size_bytes'] / 1e6:.1f} MB" if figures.get("size_bytes") else None,
        "connections": f"{figures['connections']} of {figures['max_connections']}" if figures else None,
        "home": data["home"],
        "where": database["where"],
        "log": web.get("log"),
    }
    return {name: value for name, value in found.items() if value}


@app.command("open", cls=Command)
def open_(
    ctx: typer.Context,
    print_only: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
) -> None:
    """Open the pages in the browser, signed in by a one-time link."""
    state: State = ctx.obj
    link = _link(state)
    opened = False
    if not (print_only or state.json):
        import webbrowser

        opened = webbrowser.open(link)
    if state.json:
        state.show({"url": link})
    elif not opened:
        state.say(link)


def _link(state: State) -> str:
    from steward.surfaces.cli.client import HttpCaller

    if state.settings.url:
        data = HttpCaller(state.settings).post("/login/link")
        return state.settings.url.rstrip("/") + str(data["path"])
    found = server.running(state.settings)
    if found is None:
        raise Unavailable("the server is not running", hint="start it with `steward up --detach`")
    link = server.sign_in_link(state.settings, found)
    if link is None:
        raise Unavailable(
            "the server does not know the key of this home",
            hint="`steward up --detach` makes one that it knows",
        )
    return link


@app.command(cls=Command)
def logs(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is added.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 100,
) -> None:
    """Show the log of the detached server, one JSON object a line."""
    state: State = ctx.obj
    path = server.log_file(state.settings)
    if not path.exists():
        raise NotFound(f"there is no log at {path}", hint="only `steward up --detach` writes one")
    for line in _tail(path, lines, follow=follow):
        sys.stdout.write(line)
        sys.stdout.flush()


def _tail(path: Path, lines: int, *, follow: bool) -> Iterator[str]:
    """Yield the last lines of a file, then what is added; a file that was rotated away is opened anew."""
    file = path.open("r", encoding="utf-8", errors="replace")
    try:
        last = file.readlines()[-lines:] if lines else []
        yield from last
        while follow:
            added = file.readline()
            if added:
                yield added
                continue
            time.sleep(0.2)
            if path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                file.close()
                file = path.open("r", encoding="utf-8", errors="replace")
    finally:
        file.close()
