"""The server as a process: one a home, found again, stopped gracefully, and never confused with another."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steward.kit.config import Settings, write_private
from steward.operate import server
from tests.processes import has_ended
from tests.surfaces.conftest import House

pytestmark = pytest.mark.slow
_PROGRAM = [sys.executable, "-c", "from steward.surfaces.cli import main; main()"]


class Shell:
    """A shell whose environment names a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.environment = {**os.environ, **house.environment, "STEWARD_LOG_LEVEL": "info"}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the program."""
        return subprocess.Popen(
            [*_PROGRAM, *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run the program and return its status and what it said."""
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def json(self, *words: str) -> Any:
        """Run the program and return its JSON."""
        status, out, err = self.run(*words, "--json")
        assert status == 0, err
        return json.loads(out)


@pytest.fixture
def shell(house: House) -> Iterator[Shell]:
    """Lend a shell; a server that a test left running is stopped."""
    shell = Shell(house)
    yield shell
    shell.run("down")


def test_up_twice_at_once_gives_one_server(shell: Shell) -> None:
    both = [shell.start("up", "--detach", "--json") for _ in range(2)]
    said = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert said[0]["pid"] == said[1]["pid"]
    assert said[0]["url"] == said[1]["url"]
    assert stat.S_IMODE(shell.house.settings.state_file.stat().st_mode) == 0o600
    assert shell.json("status")["web"]["status"] == "running"
    assert shell.json("down")["web"] is True
    assert shell.json("down")["web"] is False
    assert has_ended(said[0]["pid"])


def test_the_port_is_kept(shell: Shell) -> None:
    first = shell.json("up", "--detach")
    shell.run("down")
    assert shell.json("up", "--detach")["url"] == first["url"]


def test_a_server_of_another_release_makes_room(shell: Shell) -> None:
    first = shell.json("up", "--detach")
    path = shell.house.settings.state_file
    write_private(path, json.dumps(json.loads(path.read_text("utf-8")) | {"version": "0.0.1"}))
    status, out, err = shell.run("up", "--detach", "--json")
    second = json.loads(out)
    assert status == 0
    assert (second["url"], second["pid"] != first["pid"]) == (first["url"], True)
    assert "the server of release 0.0.1 was stopped" in err
    assert has_ended(first["pid"])
    assert shell.json("up", "--detach")["pid"] == second["pid"]


def test_a_running_server_is_not_moved_in_silence(shell: Shell) -> None:
    first = shell.json("up", "--detach")
    port = first["url"].rpartition(":")[2]
    for words in (["--host", "127.0.0.2"], ["--port", str(int(port) + 1)]):
        status, _, err = shell.run("up", "--detach", *words)
        assert status == 5
        assert f"the server runs at {first['url']}, not with {' '.join(words)}" in err
        assert "steward down" in err
    assert shell.json("up", "--detach", "--host", "127.0.0.1", "--port", port)["pid"] == first["pid"]


def test_a_link_signs_in(shell: Shell) -> None:
    link = shell.json("up", "--detach")["sign_in"]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(link) as response:
        assert response.status == 200
        assert "<html" in response.read().decode()
    assert shell.json("open", "--print")["url"] != link


def test_a_taken_port_names_its_holder(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        status, _, err = shell.run("up", "--detach", "--port", str(holder.getsockname()[1]))
    assert status != 0
    assert "is taken" in err
    assert str(os.getpid()) in err
    assert "--port" in err, err


def test_another_process_is_never_signalled(shell: Shell) -> None:
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        state = {
            "pid": innocent.pid,
            "started": 1.0,
            "host": "127.0.0.1",
            "port": 1,
            "version": "",
            "log": None,
        }
        write_private(shell.house.settings.state_file, json.dumps(state))
        assert server.running(shell.house.settings) is None
        assert shell.json("down")["web"] is False
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_damaged_state_file_is_no_server(house: House, text: str) -> None:
    write_private(house.settings.state_file, text)
    assert server.running(house.settings) is None


def test_after_a_crash_it_starts_again(shell: Shell) -> None:
    first = shell.json("up", "--detach")
    os.kill(first["pid"], signal.SIGKILL)
    second = shell.json("up", "--detach")
    assert (second["url"], second["pid"] != first["pid"]) == (first["url"], True)


def test_it_ends_soon_although_somebody_waits(shell: Shell) -> None:
    url = shell.json("up", "--detach")["url"]
    shell.run("projects", "add", "Acme")
    request = urllib.request.Request(
        f"{url}/api/work/next?project=acme&wait=60", headers={"Authorization": f"Bearer {shell.house.key}"}
    )
    said: list[bytes] = []
    thread = threading.Thread(target=lambda: said.append(urllib.request.urlopen(request).read()))
    thread.start()
    time.sleep(0.7)
    start = time.monotonic()
    assert shell.json("down")["web"] is True
    thread.join(5)
    assert time.monotonic() - start < 5
    assert said == [b"null"]


def test_in_the_foreground_ctrl_c_ends_it(shell: Shell) -> None:
    process = shell.start("up", "--json")
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert server.running(shell.house.settings) is not None
    assert found["pid"] == process.pid
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    assert process.returncode in (0, 130)
    assert "Traceback" not in err
    assert server.running(shell.house.settings) is None


def test_the_log_is_json_without_secrets(shell: Shell) -> None:
    shell.json("up", "--detach")
    status, out, _ = shell.run("logs")
    assert status == 0
    assert all(json.loads(line)["level"] for line in out.splitlines())
    assert shell.house.key not in out


def test_the_first_free_port_is_found(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with server.listen(settings) as first, server.listen(settings) as second:
        ports = first.getsockname()[1], second.getsockname()[1]
    assert server.FIRST_PORT <= ports[0] < ports[1] < 32768
    assert f"port = {ports[1]}" in settings.config_file.read_text("utf-8")
