"""`steward run`: a real command for a task; what it sees, how it ends, and what becomes of the claim."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from steward.domains.telemetry import Batch, SessionTold, UsageSource, UsageTold, absorb, session_id
from steward.domains.work import TaskNotReady
from steward.importers.transcripts import lately
from steward.importers.transcripts.lately import grown_in
from steward.kit.errors import Denied, Unavailable
from steward.surfaces.cli.client import LocalCaller
from steward.surfaces.cli.commands_run import _is_for_one_thing, _names_of
from steward.surfaces.cli.main import run
from steward.surfaces.cli.run_environment import Held, attributes_with, environment_for
from tests.servers import Server
from tests.surfaces.conftest import House, make_house, served
from tests.work.scene import call

_PROGRAM = [sys.executable, "-c", "from steward.surfaces.cli import main; main()"]
_INSIDE = f'{sys.executable} -c "from steward.surfaces.cli import main; main()" --quiet'
_OURS = ("STEWARD_", "OTEL_", "CLAUDE_", "CODEX_")
_NUMBERS = itertools.count(1)
_SHOWN = [sys.executable, "-c", "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"]


@dataclass(frozen=True)
class Shell:
    """A shell that reaches a house, in a folder of its own, and two tasks of a project of its own."""

    house: House
    key: str

    @property
    def one(self) -> str:
        """Return the first task."""
        return f"{self.key}-1"

    @property
    def two(self) -> str:
        """Return the second task."""
        return f"{self.key}-2"

    def call(self, operation: str, /, *, agent: str | None = None, **arguments: Any) -> Any:
        """Run an operation as the person, or as an agent of theirs."""
        return call(
            self.house.database, operation, dataclasses.replace(self.house.actor, agent=agent), **arguments
        )

    def task(self, ref: str | None = None) -> Any:
        """Return a task, the first unless told otherwise."""
        return self.call("work.get", task=ref or self.one).task

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Return rows of the database; %s stands for the project's key."""
        with self.house.database.transaction(self.house.actor) as db:
            return db.dicts(statement, (self.key,))

    def executions(self) -> list[dict[str, Any]]:
        """Return the executions of the two tasks."""
        return self.rows(
            "select e.id, e.status, e.error_message from telemetry.agent_executions as e"
            " join projects.projects as p on p.id = e.project_id where p.key = %s order by e.started_at"
        )

    def absorb(self, *batches: Batch) -> None:
        """Tell of sessions."""
        with self.house.database.transaction(self.house.actor) as db:
            for batch in batches:
                absorb(db, batch)

    def sh(self, text: str, *options: str, ref: str | None = None) -> int:
        """Run a shell's words for a task."""
        return run(["run", "--task", ref or self.one, *options, "--", "sh", "-c", text])

    def start(self, text: str) -> subprocess.Popen[bytes]:
        """Start the program as a process of its own."""
        words = [*_PROGRAM, "--quiet", "run", "--task", self.one, "--", "sh", "-c", text]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def open_house(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lend one house to all tests here."""
    with make_house(server, template, tmp_path_factory.mktemp("run")) as house:
        yield house


@pytest.fixture
def shell(open_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Stand in a folder with a project of two tasks."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in [
        name for name in os.environ if name.startswith(_OURS) and not name.startswith("STEWARD_TEST")
    ]:
        monkeypatch.delenv(name)
    for name, value in (open_house.environment | {"HOME": str(tmp_path / "user")}).items():
        monkeypatch.setenv(name, value)
    return _with_two_tasks(open_house)


def _with_two_tasks(house: House) -> Shell:
    shell = Shell(house, f"R{next(_NUMBERS)}")
    shell.call("projects.add", name=f"Run {shell.key}", slug=shell.key.lower(), key=shell.key)
    for title in ("First", "Second"):
        shell.call("work.add", title=title, project=shell.key.lower())
    return shell


# -------------------------------------------------------------------------------------------------------- environment


def test_the_command_sees_its_task(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a%20b,steward.task=OUTER-1")
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    file = tmp_path / "seen.json"
    assert run(["--agent", "my bot", "run", "--task", shell.one.lower(), "--", *_SHOWN, str(file)]) == 0
    seen = json.loads(file.read_text("utf-8"))
    (execution,) = shell.executions()
    named = {name: seen[f"STEWARD_{name}"] for name in ("TASK", "PROJECT", "AGENT", "EXECUTION")}
    assert named == {
        "TASK": shell.one,
        "PROJECT": shell.key.lower(),
        "AGENT": "my bot",
        "EXECUTION": str(execution["id"]),
    }
    assert int(seen["STEWARD_TOKEN"]) > 0
    assert seen["OTEL_LOGS_EXPORTER"] == "none"
    assert seen["OTEL_RESOURCE_ATTRIBUTES"] == (
        f"team=a%20b,steward.task={shell.one},steward.execution={execution['id']}"
        f",steward.agent=my%20bot,steward.project={shell.key.lower()}"
    )


@pytest.mark.parametrize("attributes", ["", " , ", "a=1", "a=1, steward.agent=x ,b=2,", "nonsense"])
def test_attributes_are_merged(attributes: str) -> None:
    told = attributes_with(Held("A-1", "p", 1, 'ä,=;\\"', None), attributes).split(",")
    kept = [word.strip() for word in attributes.split(",") if word.strip() and "steward" not in word]
    assert told == [*kept, "steward.task=A-1", "steward.agent=%C3%A4%2C%3D%3B%5C%22", "steward.project=p"]


def test_an_outer_runs_execution_does_not_leak() -> None:
    outer = {"STEWARD_EXECUTION": "outer", "STEWARD_TASK": "A-1"}
    inner = environment_for(Held("A-2", "p", 1, "x"), outer)
    assert "STEWARD_EXECUTION" not in inner
    assert inner["STEWARD_TASK"] == "A-2"


# ------------------------------------------------------------------------------------------------------ how it ends


@pytest.mark.parametrize("status", [0, 3, 255])
def test_the_status_is_the_commands(shell: Shell, status: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert shell.sh(f"echo out; echo err >&2; exit {status}") == status
    out, err = capfd.readouterr()
    assert out == "out\n"
    assert "err\n" in err
    assert shell.task().held_by == ("sh" if status == 0 else None)
    (execution,) = shell.executions()
    assert execution["status"] == ("running" if status == 0 else "failure")
    if status:
        assert execution["error_message"].startswith("given back: `sh -c 'echo out;")
        assert execution["error_message"].endswith(f"ended with status {status}")


@pytest.mark.parametrize(("status", "end"), [(0, "done"), (4, "pending")])
def test_finish_says_what_came_of_it(shell: Shell, status: int, end: str) -> None:
    assert shell.sh(f"exit {status}", "--finish") == status
    assert shell.task().status == end
    assert [each["status"] for each in shell.executions()] == ["success" if status == 0 else "failure"]


def test_the_agent_inside_may_finish_by_itself(shell: Shell) -> None:
    inside = f"{_INSIDE} work finish $STEWARD_TASK --token $STEWARD_TOKEN"
    assert shell.sh(inside, "--finish") == 0
    assert shell.task().status == "done"


def test_a_finish_that_is_refused_is_no_success(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    inside = f"env -u STEWARD_AGENT {_INSIDE} work add Part --parent {shell.two}"
    assert shell.sh(inside, "--finish", ref=shell.two) == 5
    assert shell.two in capfd.readouterr().err
    assert shell.task(shell.two).status != "done"


def test_a_refused_claim_runs_nothing(shell: Shell, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    shell.call("work.claim", agent="other", task=shell.one)
    assert shell.sh(f"touch {mark}") == 5
    assert run(["run", "--task", f"{shell.key}-99", "--", "touch", str(mark)]) == 4
    assert run(["run", "--task", shell.two, "--token", "12", "--", "touch", str(mark)]) == 5
    assert run(["run", "--task", shell.two, "--", "no-such-program-here"]) == 2
    assert not mark.exists()
    assert shell.task(shell.two).held_by is None


def test_a_second_run_is_told_that_the_claim_is_its_own(
    shell: Shell, capfd: pytest.CaptureFixture[str]
) -> None:
    assert shell.sh("true") == 0
    token = shell.rows(
        "select q.token from work.ready_queue as q join projects.projects as p on p.id = q.project_id"
        " where p.key = %s and q.agent_id is not null"
    )[0]["token"]
    capfd.readouterr()
    assert shell.sh("true") == 5
    said = capfd.readouterr().err
    assert "your own claim" in said
    assert f"--token {token}" in said
    assert shell.sh("true", "--token", str(token)) == 0
    with pytest.raises(TaskNotReady) as other:
        shell.call("work.claim", agent="another", task=shell.one)
    assert "token" not in f"{other.value.message} {other.value.hint}"


def test_the_token_is_told_to_the_user_of_the_agent_alone(shell: Shell) -> None:
    held = shell.call("work.claim", agent="mine", task=shell.one)
    stranger = dataclasses.replace(shell.house.actor, user_id=uuid4(), agent="mine")
    with pytest.raises(TaskNotReady, match="your own claim") as refused:
        call(shell.house.database, "work.claim", stranger, task=shell.one)
    assert "--token N" in str(refused.value.hint)
    assert str(held.token) not in str(refused.value.hint)


def test_a_held_claim_is_taken_over(shell: Shell) -> None:
    held = shell.call("work.claim", agent="bot", task=shell.one)
    before = shell.executions()
    words = [
        "--agent",
        "bot",
        "run",
        "--task",
        shell.one,
        "--token",
        str(held.token),
        "--finish",
        "--",
        "true",
    ]
    assert run(words) == 0
    assert shell.task().status == "done"
    assert [each["id"] for each in shell.executions()] == [each["id"] for each in before]


def test_a_file_that_is_no_program_gives_the_task_back(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "broken"
    file.write_bytes(b"\x00\x01")
    file.chmod(0o755)
    assert run(["run", "--task", shell.one, "--", str(file)]) == 126
    assert shell.task().held_by is None


def test_a_command_that_takes_its_folder_away(shell: Shell) -> None:
    assert shell.sh('rmdir "$PWD"; exit 3') == 3
    assert shell.task().held_by is None


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), OSError("gone")])
def test_transcripts_that_cannot_be_taken_in_change_nothing_else(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(lately, "grown_in", lambda *_: [Path("x.jsonl")])
    monkeypatch.setattr("steward.domains.telemetry.known_files", fail)
    assert shell.sh("exit 3") == 3
    assert "gone" in capfd.readouterr().err
    assert shell.task().held_by is None


def test_a_claim_that_cannot_be_asked_about_is_given_back(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LocalCaller.call

    def call_but(self: LocalCaller, name: str, *args: Any, **known: Any) -> Any:
        if name == "telemetry.current_execution":
            raise Unavailable("gone")
        return real(self, name, *args, **known)

    monkeypatch.setattr(LocalCaller, "call", call_but)
    assert shell.sh("true") == 7
    assert shell.task().held_by is None


# --------------------------------------------------------------------------------------------------- lease and signals


def test_the_lease_is_renewed_while_it_runs(shell: Shell) -> None:
    assert shell.sh("sleep 2.2; exit 0", "--lease-seconds", "1", "--finish") == 0
    assert shell.task().status == "done"


def test_a_lost_claim_is_told_and_the_command_goes_on(
    shell: Shell, capfd: pytest.CaptureFixture[str]
) -> None:
    inside = f"env -u STEWARD_AGENT {_INSIDE} work give-back {shell.one}"
    assert shell.sh(f"{inside}; sleep 0.8; echo still here", "--lease-seconds", "1") == 0
    out, err = capfd.readouterr()
    assert out == "still here\n"
    assert "the claim was lost meanwhile" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_command(shell: Shell, tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    process = shell.start(f"touch {ready}; exec sleep 60")
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(timeout=30) == 128 + number
    assert shell.task().held_by is None


def test_a_command_that_minds_a_signal_leaves_as_it_likes(shell: Shell, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    process = shell.start(f"trap 'exit 7' TERM; touch {ready}; while true; do sleep 0.05; done")
    while not ready.exists():
        time.sleep(0.02)
    process.terminate()
    assert process.wait(timeout=30) == 7


def test_over_http(
    shell: Shell, server: Server, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_house(server, template, tmp_path / "served") as house:
        other = _with_two_tasks(house)
        with served(house) as url:
            monkeypatch.setenv("STEWARD_URL", url)
            monkeypatch.setenv("STEWARD_KEY", house.key)
            assert other.sh("exit 6") == 6
            assert other.sh(f'test "$STEWARD_TASK" = {other.one}', "--finish") == 0
            assert [each["status"] for each in other.executions()] == ["failure", "success"]


# --------------------------------------------------------------------------------------------------------------- ties


def _session(agent: str, name: str, cwd: str, start: datetime, last: datetime, tokens: int = 100) -> Batch:
    own = session_id(agent, name)
    told = SessionTold(own, agent, name, start, last, cwd=cwd)
    usage = [
        UsageTold(UsageSource.TRANSCRIPT, f"{name}-{n}", agent, "m", at, session_id=own, input_tokens=tokens)
        for n, at in enumerate((start, last))
    ]
    return Batch(sessions=[told], usage=usage)


def _spent(shell: Shell) -> dict[str, int]:
    """Return the tokens of this test's sessions, by session and task."""
    rows = shell.rows(
        "select s.external_id || coalesce(' ' || t.number, '') as name, sum(u.input_tokens)::bigint as tokens"
        " from telemetry.token_usage as u join telemetry.agent_sessions as s on s.id = u.session_id"
        " left join work.tasks as t on t.id = u.task_id where starts_with(s.external_id, %s) group by 1"
    )
    return {row["name"].removeprefix(f"{shell.key} "): row["tokens"] for row in rows}


def test_sessions_of_the_run_are_tied_to_its_task(shell: Shell) -> None:
    here, hour = str(Path.cwd()), timedelta(hours=1)
    before, after = datetime.now(UTC) - hour, datetime.now(UTC) + hour
    shell.absorb(
        _session("codex", f"{shell.key} early", here, before, before),
        _session("codex", f"{shell.key} elsewhere", here + "-other", before, after),
        _session("claude-code", f"{shell.key} resumed", here + "/src", before, after),
    )
    assert shell.sh("true") == 0
    (execution,) = shell.executions()
    ties = shell.rows(
        "select n.external_id as name, s.source, s.stretch, s.until_at - s.from_at < interval '1 minute' as short"
        " from telemetry.session_tasks as s join work.tasks as t on t.id = s.task_id"
        " join projects.projects as p on p.id = t.project_id"
        " join telemetry.agent_sessions as n on n.id = s.session_id where p.key = %s"
    )
    assert ties == [
        {"name": f"{shell.key} resumed", "source": "run", "stretch": str(execution["id"]), "short": True}
    ]


_AGENT = """
import datetime, json, os, pathlib, sys
home = pathlib.Path(os.environ["HOME"]) / ".codex/sessions/2026/11/29"
home.mkdir(parents=True)
block = {"input_tokens": 100, "cached_input_tokens": 40, "output_tokens": 7, "total_tokens": 107}
lines = [
    ("session_meta", {"id": sys.argv[1], "cwd": os.getcwd()}),
    ("turn_context", {"model": "gpt-5.2"}),
    ("event_msg", {"type": "token_count", "info": {"total_token_usage": block, "last_token_usage": block}}),
]
with open(home / f"rollout-{sys.argv[1]}.jsonl", "w") as file:
    for kind, payload in lines:
        now = datetime.datetime.now(datetime.UTC).isoformat()
        file.write(json.dumps({"timestamp": now, "type": kind, "payload": payload}) + "\\n")
"""


def test_an_agent_without_telemetry_is_read_from_its_transcript(shell: Shell) -> None:
    thread = str(uuid4())
    assert run(["run", "--task", shell.one, "--finish", "--", sys.executable, "-c", _AGENT, thread]) == 0
    spent = shell.rows(
        "select u.session_id::text as session, u.input_tokens, u.cache_read_tokens, u.output_tokens, a.name as agent"
        " from telemetry.token_usage as u join work.tasks as t on t.id = u.task_id"
        " join projects.projects as p on p.id = t.project_id"
        " join telemetry.agent_executions as e on e.id = u.execution_id"
        " join agents.agents as a on a.id = u.registered_agent_id where p.key = %s"
    )
    name = Path(sys.executable).name
    assert spent == [
        {"session": thread, "input_tokens": 60, "cache_read_tokens": 40, "output_tokens": 7, "agent": name}
    ]


def test_what_a_run_spent_is_its_tasks(shell: Shell) -> None:
    here, start = str(Path.cwd()), datetime(2026, 11, 1, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    shell.absorb(
        # One that goes on: what it spent before the run is not the task's.
        _session("claude-code", f"{shell.key} resumed", here + "/src", start - hour, start + hour / 2),
        _session("codex", f"{shell.key} fresh", here, start + hour / 4, start + hour / 2),
        _session("codex", f"{shell.key} late", here, start + 2 * hour, start + 3 * hour),
    )
    shell.call("telemetry.tie_run", task=shell.one, folders=[here], since=start, until=start + hour)
    assert _spent(shell) == {"resumed": 100, "resumed 1": 100, "fresh 1": 200, "late": 200}
    # Another run in the same folder at the same time does not take them over.
    shell.absorb(
        _session("codex", f"{shell.key} second", here, start, start + hour),
        _session("codex", f"{shell.key} below", here + "/src", start, start + hour),
    )
    tied = shell.call(
        "telemetry.tie_run", task=shell.two, folders=[here], since=start, until=start + hour, below=False
    )
    assert [each.external_id for each in tied] == [f"{shell.key} second"]


def test_a_person_ties_and_unties(shell: Shell) -> None:
    start, name = datetime(2026, 11, 1, 12, tzinfo=UTC), f"{shell.key} s"
    shell.absorb(_session("codex", name, "/w", start, start + timedelta(hours=2)))
    (tie,) = shell.call("telemetry.tie", session=name, task=shell.one.lower())
    assert (tie.task, tie.source, tie.from_at, tie.until_at) == (shell.one, "person", start, None)
    assert _spent(shell) == {"s 1": 200}
    until = start + timedelta(hours=1)
    shell.call("telemetry.tie", session=str(tie.session_id)[:8], task=shell.one, until=until)
    assert _spent(shell) == {"s": 100, "s 1": 100}
    words = ["--session", name, "--task", shell.two]
    assert run(["telemetry", "tie", *words, "--since", "2026-11-01T13:30Z"]) == 0
    assert _spent(shell) == {"s 2": 100, "s 1": 100}
    assert run(["telemetry", "untie", *words]) == 0
    assert run(["telemetry", "untie", *words]) == 4
    assert run(["telemetry", "tie", "--session", "nobody", "--task", shell.two]) == 4
    assert run(["telemetry", "tie", *words, "--until", "2020-01-01T00:00Z"]) == 2
    assert _spent(shell) == {"s": 100, "s 1": 100}
    # An agent would move what it spends off the task that pays for it.
    for verb in ("tie", "untie"):
        with pytest.raises(Denied, match="tied by hand by people"):
            shell.call(f"telemetry.{verb}", session=name, task=shell.one, agent="bot")
    assert run(["--agent", "bot", "telemetry", "untie", "--session", name, "--task", shell.one]) == 6
    assert _spent(shell) == {"s": 100, "s 1": 100}


def test_which_folders_are_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    monkeypatch.setenv("HOME", str(tmp_path / "real"))
    monkeypatch.setenv("PWD", str(link))
    assert _names_of(real) == sorted({str(link), str(real), str(real.resolve())})
    monkeypatch.setenv("PWD", str(tmp_path))
    assert _names_of(real) == sorted({str(real), str(real.resolve())})
    assert not _is_for_one_thing(real)
    assert not _is_for_one_thing(Path("/"))
    assert _is_for_one_thing(real / "work")


def test_what_grew_in_a_folder(tmp_path: Path) -> None:
    here, home = tmp_path / "my work", tmp_path / "home"
    name = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in str(here))
    begun = datetime.now(UTC)
    files = {
        home / ".claude/projects" / name / "a.jsonl": "{}",
        home / ".claude/projects" / f"{name}-src" / "s" / "subagents" / "agent-1.jsonl": "{}",
        home / ".claude/projects" / "-other" / "b.jsonl": "{}",
        home / ".codex/sessions/2026/11/29/rollout-1.jsonl": json.dumps(
            {"payload": {"cwd": str(here / "src")}}
        ),
        home / ".codex/sessions/2026/11/29/rollout-2.jsonl": json.dumps(
            {"payload": {"cwd": str(here) + "-2"}}
        ),
        home / ".codex/sessions/2026/11/29/rollout-3.jsonl": "damaged",
        home / ".codex/sessions/2026/11/28/rollout-4.jsonl": json.dumps({"payload": {"cwd": str(here)}}),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    old = home / ".codex/sessions/2026/11/28/rollout-4.jsonl"
    os.utime(old, (begun.timestamp() - 60, begun.timestamp() - 60))
    found = grown_in(here, begun, {"HOME": str(home)})
    assert [path.name for path in found] == ["a.jsonl", "agent-1.jsonl", "rollout-1.jsonl"]
    assert grown_in(here, begun, {"HOME": str(tmp_path / "nobody")}) == []
