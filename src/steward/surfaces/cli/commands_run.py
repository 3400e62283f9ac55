"""`run`: a command that works on a task, so that all it spends is the task's."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from steward.kit.errors import Conflict, Invalid, StewardError
from steward.surfaces.cli.client import Caller, HttpCaller, LocalCaller
from steward.surfaces.cli.run_child import Child
from steward.surfaces.cli.run_environment import Held, environment_for
from steward.surfaces.cli.run_lease import Keeper
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Command

app = typer.Typer()
CANNOT_START = 126


@app.command("run", cls=Command, context_settings={"allow_interspersed_args": False})
def run(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help="The command, behind --.", metavar="CMD...")],
    task: Annotated[str, typer.Option(help="The task that it works on, such as ACME-42.")],
    token: Annotated[int | None, typer.Option(help="Of a claim that is held already.")] = None,
    finish: Annotated[
        bool,
        typer.Option(
            "--finish", help="Finish the task when the command succeeds, else report that it failed."
        ),
    ] = False,
    lease_seconds: Annotated[
        int, typer.Option(help="How long the claim lasts without a word.", min=1, max=86400)
    ] = 600,
) -> None:
    """Claim a task, run a command for it, and leave with the command's status.

    The command finds STEWARD_TASK, STEWARD_EXECUTION, STEWARD_TOKEN, STEWARD_AGENT and STEWARD_PROJECT in its
    environment, and OTEL_RESOURCE_ATTRIBUTES names them for telemetry. The claim is renewed while it runs. Sessions of
    coding agents that were active in this folder meanwhile are tied to the task. Without --finish the task stays as the
    command leaves it; when the command fails, a claim that is still held is given back.
    """
    state: State = ctx.obj
    if shutil.which(words[0]) is None:
        raise Invalid(
            f"there is no command {words[0]!r}", hint="name a program of the PATH, or a file that can be run"
        )
    _act_as(state, Path(words[0]).name)
    status = _Run(state, words, lease_seconds).run(task, token, finish=finish)
    raise typer.Exit(status)


def _act_as(state: State, command: str) -> None:
    """Act as the agent that is named, else as one that is called like the command."""
    if state.settings.agent is None:
        state.agent = command
        state.__dict__.pop("settings", None)


def _names_of(folder: Path) -> list[str]:
    """Return the paths by which a client may know the folder: as it is, and as the shell came to it."""
    shell = Path(os.environ.get("PWD", folder))
    names = {folder, folder.resolve()}
    with contextlib.suppress(OSError):
        # A parent that changed the folder of this process alone leaves PWD behind.
        names |= {shell} if shell.is_absolute() and shell.samefile(folder) else set()
    return sorted(str(name) for name in names)


def _is_for_one_thing(folder: Path) -> bool:
    """Return whether all work below a folder may be meant: below a home, everybody's is."""
    home = Path.home()
    return folder.resolve() not in (home.resolve(), *home.resolve().parents)


class _Run:
    """One run of a command for a task."""

    def __init__(self, state: State, words: list[str], lease_seconds: int) -> None:
        self.state = state
        self.words = words
        self.lease_seconds = lease_seconds

    def run(self, task: str, token: int | None, *, finish: bool) -> int:
        """Hold the task, run the command, tell what came of it, and return the status to leave with."""
        # Looked up before: a command may take away the folder that it runs in.
        self.folder = Path.cwd()
        self.folders = _names_of(self.folder)
        held = self._hold(task, token)
        self._say(f"{held.task}: held by {held.agent}, token {held.token}")
        began = datetime.now(UTC)
        keeper = Keeper(self._caller, held.task, held.token, self.lease_seconds)
        try:
            with keeper:
                status = Child().run(self.words, environment_for(held, os.environ))
        except OSError as exc:
            self._say(f"{self.words[0]} cannot be started: {exc.strerror or exc}")
            status = CANNOT_START
        except BaseException:
            self._quietly("work.give_back", held, reason="the run was broken off")
            raise
        if keeper.lost is not None:
            self._say(f"{held.task}: the claim was lost meanwhile: {keeper.lost}")
        try:
            self._bring_in(began)
            self._tie(held, began, datetime.now(UTC))
        finally:
            status = self._end(held, status, finish=finish)
        return status

    def _caller(self) -> Caller:
        """Return a way to the house for one thread."""
        settings = self.state.settings
        return HttpCaller(settings) if settings.url else LocalCaller(settings)

    def _call(self, name: str, /, **arguments: Any) -> Any:
        return self.state.caller.call(name, arguments, request_key=f"run-{uuid4()}")

    def _hold(self, task: str, token: int | None) -> Held:
        """Claim the task, or take over a claim that is held."""
        claimed = token is None
        if token is None:
            told = self._call("work.claim", task=task, lease_seconds=self.lease_seconds)
            token, found = int(told["token"]), told["task"]["task"]
        else:
            self._call("work.heartbeat", task=task, token=token, lease_seconds=self.lease_seconds)
            found = self._call("work.get", task=task)["task"]
        agent = found.get("held_by") or self.state.settings.agent or ""
        held = Held(found["ref"], found["project"], token, agent)
        try:
            execution = self._call("telemetry.current_execution", task=found["id"])
        except BaseException:
            if claimed:
                self._quietly("work.give_back", held, reason="the run did not begin")
            raise
        return replace(held, execution=execution["id"] if execution else None)

    def _tie(self, held: Held, began: datetime, ended: datetime) -> None:
        """Tie the sessions of the run to the task; whatever goes wrong here is told, and changes nothing else."""
        try:
            found = self._call(
                "telemetry.tie_run",
                task=held.task,
                folders=self.folders,
                below=_is_for_one_thing(self.folder),
                since=began.isoformat(),
                until=ended.isoformat(),
                execution=held.execution,
            )
        except StewardError as exc:
            self._say(f"{held.task}: sessions could not be tied: {exc.message}")
            return
        for each in found:
            self._say(f"{held.task}: session {each['external_id']} of {each['agent_id']}")

    def _bring_in(self, began: datetime) -> None:
        """Read what transcripts of this folder gained, where the database is at hand; it is told what could not be."""
        if not isinstance(self.state.caller, LocalCaller):
            return
        from steward.importers.transcripts.lately import bring_in

        try:
            database, actor = self.state.caller.open()
            problems = bring_in(database, actor, self.folder, began, os.environ)
        except StewardError as exc:
            problems = [exc.message]
        except OSError as exc:
            problems = [f"transcripts could not be read: {exc}"]
        for problem in problems:
            self._say(problem)

    def _end(self, held: Held, status: int, *, finish: bool) -> int:
        what = f"`{shlex.join(self.words)[:200]}` ended with status {status}"
        if not finish:
            if status:
                self._quietly("work.give_back", held, reason=what)
            return status
        try:
            if status == 0:
                self._call("work.finish", task=held.task, token=held.token)
            else:
                self._call("work.fail", task=held.task, token=held.token, reason=what)
        except Conflict as exc:
            if self._call("work.get", task=held.task)["task"]["status"] == "done":
                # The command did it itself.
                return status
            return self._not_ended(held, exc, status)
        except StewardError as exc:
            return self._not_ended(held, exc, status)
        return status

    def _not_ended(self, held: Held, exc: StewardError, status: int) -> int:
        """Say that the task is not what --finish promised; a command that succeeded does not hide it."""
        self._say(f"{held.task}: {exc.message}" + (f"; {exc.hint}" if exc.hint else ""))
        return status or exc.exit_status

    def _quietly(self, name: str, held: Held, **more: Any) -> None:
        """Do what only matters while the claim is ours."""
        with contextlib.suppress(StewardError):
            self._call(name, task=held.task, token=held.token, **more)

    def _say(self, text: str) -> None:
        """Tell the person; the standard output is the command's."""
        if not self.state.quiet:
            from steward.surfaces.cli.cells import clean

            sys.stderr.write(f"steward: {clean(text)}\n")
            sys.stderr.flush()
