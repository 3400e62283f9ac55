"""What hooks cost the agent that waits for them: the client as a whole process, and the answer of the server."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from bench.figures import Figure, median_ms, timed
from bench.harness import Done, House, clean_environment, run

if TYPE_CHECKING:
    from bench.__main__ import Bench

_CLIENT = Path(sys.executable).with_name("steward-hook")


def _event(name: str, **more: Any) -> dict[str, Any]:
    return {"session_id": str(uuid4()), "cwd": "/work/shop", "hook_event_name": name} | more


def _tool(number: int) -> dict[str, Any]:
    given = {"command": f"grep -rn word src | head -{number}"}
    return {"tool_name": "Bash", "tool_use_id": f"toolu_{number}", "tool_input": given}


def _client(environ: dict[str, str], payload: dict[str, Any]) -> Done:
    """Run the client as an agent does."""
    return run([str(_CLIENT), "claude"], text=json.dumps(payload), env=environ).checked()


def client_start(bench: Bench) -> Iterator[Figure]:
    """The client with no server at all: start, read, spool; each run beside one of bare Python."""
    bare, ours, cpu = [], [], []
    with House("hooks") as house:
        for _ in range(bench.times(40)):
            bare.append(run([sys.executable, "-c", "pass"], env=clean_environment()).checked().seconds)
            done = _client(house.environment, _event("Stop"))
            ours.append(done.seconds)
            cpu.append(done.cpu_seconds)
    yield timed(
        "steward-hook, no server",
        ours,
        limit=80.0,
        baseline="python -c pass",
        baseline_value=median_ms(bare),
        note=f"{median_ms(cpu):g} ms of a processor",
    )


def client_latency(bench: Bench) -> Iterator[Figure]:
    """The client with a server that answers, and with one that never does."""
    answered: list[float] = []
    hung: list[float] = []
    with House("hooks") as house:
        house.up()
        answered += [
            _client(house.environment, _event("PostToolUse", **_tool(number))).seconds
            for number in range(bench.times(40))
        ]
        with socket.create_server(("127.0.0.1", 0)) as silent:
            known = house.environment | {"STEWARD_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
            hung += [_client(known, _event("Stop")).seconds for _ in range(bench.times(10))]
    yield timed("steward-hook, answered", answered, limit=300.0)
    worst = round(max(hung) * 1000, 1)
    yield timed("steward-hook, a server that hangs", hung, limit=300.0, note=f"the slowest {worst:g} ms")


def receiver(bench: Bench) -> Iterator[Figure]:
    """The server's answers to the events of sessions, acknowledged after the commit, over one connection."""
    tools, starts = [], []
    with House("hooks") as house:
        house.up()
        house.steward("projects", "add", "Shop", "--path", "/work/shop").checked()
        for number in range(3):
            house.steward("work", "add", f"Task {number}", "--project", "shop").checked()
        link = http.client.HTTPConnection("127.0.0.1", urlsplit(house.url).port or 80)
        headers = {"Authorization": f"Bearer {house.key()}", "Content-Type": "application/json"}
        with house.open_snapshot():
            for number in range(bench.times(400)):
                session = str(uuid4())
                # As an agent that works, not one that asks as fast as it can.
                time.sleep(0.01)
                starts.append(
                    _ask(link, headers, _event("SessionStart", source="startup") | {"session_id": session})
                )
                for name, more in (
                    ("PreToolUse", {}),
                    ("PostToolUse", {"tool_response": {"stdout": "x" * 2000}}),
                ):
                    payload = _event(name, **_tool(number), **more) | {"session_id": session}
                    tools.append(_ask(link, headers, payload))
        link.close()
    yield _p95("hook of a tool, p95", tools)
    yield _p95("hook of a session's start with its context, p95", starts)


def _ask(link: http.client.HTTPConnection, headers: dict[str, str], payload: dict[str, Any]) -> float:
    body = json.dumps(payload)
    began = time.perf_counter()
    link.request("POST", "/hooks/claude", body, headers)
    answer = link.getresponse()
    text = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200 or (payload["hook_event_name"] == "SessionStart") is not bool(text):
        raise RuntimeError(f"{answer.status} {text[:200]!r}")
    return took


def _p95(name: str, seconds: list[float]) -> Figure:
    cut = statistics.quantiles(seconds, n=20)[-1]
    slowest = round(max(seconds) * 1000, 1)
    note = (
        f"median {median_ms(seconds):g} ms, slowest {slowest:g} ms of {len(seconds)}; beside an open snapshot"
    )
    return Figure(name, round(cut * 1000, 1), limit=50.0, note=note)


LINES = (client_start, client_latency, receiver)
