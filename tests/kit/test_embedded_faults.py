"""The embedded server when things go wrong: crashes, stale files, strangers, damage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from steward.kit.embedded import EmbeddedServer, account, lock, logfile, postmaster
from steward.kit.errors import Unavailable
from tests.processes import has_ended

from .embedded_tools import IS_ROOT, connect, place, python, server_at, value


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as one:
        yield one


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedServer]:
    with server_at(folder / "home") as one:
        yield one


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def plant(server: EmbeddedServer, text: str) -> None:
    """Put a pid file where the server keeps its own."""
    owner = server.data_dir.stat()
    path = server.data_dir / "postmaster.pid"
    path.write_text(text)
    os.chown(path, owner.st_uid, owner.st_gid)


WRITER = """
import psycopg
server.start()
link = psycopg.connect(server.conninfo("postgres", SUPERUSER), autocommit=True)
link.execute("create table if not exists t (x int)")
for x in range(10**9):
    link.execute("insert into t values (%s)", (x,))
    print(x, flush=True)
"""


def acknowledged(writer: subprocess.Popen[str]) -> int:
    """Return how many writes the ended writer saw acknowledged."""
    assert writer.stdout is not None
    with writer.stdout as said:
        return sum(1 for line in said if line.endswith("\n") and line.strip().isdigit())


def let_it_write(writer: subprocess.Popen[str], rows: int = 200) -> None:
    assert writer.stdout is not None
    for line in writer.stdout:
        if line.strip() == str(rows - 1):
            return
    pytest.fail("the writer ended early")


def test_a_stranger_with_the_pid_of_a_dead_server_lives_on(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    user = server.data_dir.stat().st_uid if IS_ROOT else None
    stranger = subprocess.Popen(["sleep", "600"], user=user)
    try:
        born = int(psutil.Process(stranger.pid).create_time())
        plant(
            server,
            f"{stranger.pid}\n{server.data_dir}\n{born}\n5432\n{server.socket_dir}\n\n  1 2\nready   \n",
        )
        assert not server.status().running
        server.stop()
        assert stranger.poll() is None
        server.start()
        assert value(server, "select 1") == 1
        server.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_postmaster_of_another_home_is_never_signalled(server: EmbeddedServer, folder: Path) -> None:
    server.start()
    server.stop()
    with server_at(folder / "other") as other:
        other.start()
        plant(server, (other.data_dir / "postmaster.pid").read_text())
        server.stop()
        server.start()
        server.stop()
        assert value(other, "select 1") == 1


def test_a_postgres_of_this_folder_with_another_start_time_is_not_believed(server: EmbeddedServer) -> None:
    server.start()
    path = server.data_dir / "postmaster.pid"
    whole = path.read_text()
    lines = whole.split("\n")
    record = server.data_dir.parent / "postmaster.json"
    plant(server, "\n".join([*lines[:2], str(int(lines[2]) - 3600), *lines[3:]]))
    assert server.status().pid == int(lines[0])  # The clock was set: our own record still proves it.
    kept = record.read_text()
    record.unlink()
    assert server.status().pid is None
    with pytest.raises(Unavailable, match="no process here is verifiably"):
        server.stop()
    server.start()
    record.write_text(kept)
    plant(server, whole)
    assert value(server, "select 1") == 1


@pytest.mark.parametrize("text", ["", "12", "not a number\n", "99999999\n/nowhere\n17"])
def test_a_cut_off_pid_file_does_not_matter(server: EmbeddedServer, text: str) -> None:
    server.start()
    server.stop()
    plant(server, text)
    assert not server.is_running()
    server.start()
    assert value(server, "select 1") == 1


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not postmaster.is_alive(process)
    child.wait()


@pytest.mark.parametrize("half", [[], ["base/1", "global", "pg_wal"]])
def test_a_half_made_cluster_does_not_count(folder: Path, half: list[str]) -> None:
    with server_at(folder / "home", cold=True) as server:
        server.data_dir.mkdir(parents=True)
        for name in half:
            (server.data_dir / name).mkdir(parents=True)
        if IS_ROOT:
            server.data_dir.parent.chmod(0o711)
        server.start()
        assert value(server, "select 1") == 1
        assert len(list(server.data_dir.parent.glob("data.incomplete-*"))) == 1


def test_a_cluster_that_lost_its_version_file_is_left_alone(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    (server.data_dir / "PG_VERSION").unlink()
    with pytest.raises(Unavailable, match="without its PG_VERSION"):
        server.start()
    assert (server.data_dir / "global" / "pg_control").exists()


def test_data_of_another_version_is_refused_with_the_remedy(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    (server.data_dir / "PG_VERSION").write_text("17\n")
    with pytest.raises(Unavailable, match=r"holds data of PostgreSQL 17, .* version 18") as refused:
        server.start()
    assert "pg_upgrade" in (refused.value.hint or "")
    (server.data_dir / "PG_VERSION").write_text("18\n")
    server.start()


def test_killing_who_started_it_loses_nothing(server: EmbeddedServer, folder: Path) -> None:
    writer = python(WRITER, str(folder / "home"))
    let_it_write(writer)
    pid = pid_of(server)
    writer.kill()
    writer.wait()
    assert value(server, "select count(*) from t") >= 200 + acknowledged(writer)
    assert pid_of(server) == pid


def test_killing_the_postmaster_loses_nothing(server: EmbeddedServer, folder: Path) -> None:
    writer = python(WRITER, str(folder / "home"))
    let_it_write(writer)
    os.kill(pid_of(server), signal.SIGKILL)
    server.start()
    writer.wait(timeout=20)
    assert value(server, "select count(*) from t") >= 200 + acknowledged(writer)


def test_killing_the_postmaster_that_this_process_started(server: EmbeddedServer) -> None:
    for _ in range(3):
        server.start()
        os.kill(pid_of(server), signal.SIGKILL)
    server.start()
    assert value(server, "select 1") == 1


def test_many_who_find_the_postmaster_killed_get_one_server(server: EmbeddedServer, folder: Path) -> None:
    server.start()
    os.kill(pid_of(server), signal.SIGKILL)
    code = "server.start(); print(server.status().pid, flush=True)"
    starters = [python(code, str(folder / "home")) for _ in range(4)]
    results = [(one.communicate(timeout=60)[0].strip(), one.returncode) for one in starters]
    assert results == [(str(pid_of(server)), 0)] * 4


def test_killing_a_backend_is_waited_for(server: EmbeddedServer) -> None:
    server.start()
    with connect(server) as link:
        link.execute("create table t as select generate_series(1, 1000) as x")
        os.kill(link.info.backend_pid, signal.SIGKILL)
        time.sleep(0.02)
        server.start()
        assert value(server, "select count(*) from t") == 1000


def test_a_backend_too_busy_to_see_its_postmaster_die_is_ended(server: EmbeddedServer) -> None:
    server.start()
    link = connect(server)
    with connect(server) as looking:
        pid = link.info.backend_pid
        link.pgconn.send_query(b"select count(*) from generate_series(1, 2000000000) a where a % 7 = 1")
        while looking.execute("select state from pg_stat_activity where pid = %s", (pid,)).fetchone() != (
            "active",
        ):
            time.sleep(0.05)
    os.kill(pid_of(server), signal.SIGKILL)
    said: list[str] = []
    server.start(said.append)
    assert any("crashed server" in line for line in said)
    assert has_ended(pid)
    link.close()
    assert value(server, "select 1") == 1


def test_killing_the_starter_at_any_moment_leaves_something_that_starts(folder: Path) -> None:
    with server_at(folder / "home", cold=True) as server:
        for pause in (0.12, 0.2, 0.3, 0.4, 0.5):
            starter = python("server.start()", str(folder / "home"))
            time.sleep(pause)
            starter.kill()
            starter.communicate()
        server.start()
        assert value(server, "select 1") == 1


def test_what_a_killed_initdb_left_is_swept(server: EmbeddedServer) -> None:
    left = server.data_dir.parent / "data.new-abc"
    (left / "base").mkdir(parents=True)
    server.start()
    assert not left.exists()


def test_a_spawned_server_that_has_not_written_its_file_is_waited_for(server: EmbeddedServer) -> None:
    server.start()
    path = server.data_dir / "postmaster.pid"
    whole = path.read_text()
    path.unlink()
    plant_later = subprocess.Popen(
        [sys.executable, "-c", f"import time; time.sleep(0.5); open({str(path)!r}, 'w').write({whole!r})"]
    )
    server.stop()
    plant_later.wait()
    assert not lock.is_held(server.data_dir.parent / "life.lock")


def test_a_recovery_is_waited_for_and_told(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    with connect(server) as link:
        link.execute("create table t as select x, md5(x::text) as y from generate_series(1, 150000) as x")
        link.execute("create index on t (y)")
        link.execute("update t set x = x + 1")
    os.kill(pid_of(server), signal.SIGKILL)
    monkeypatch.setattr(logfile, "TELL_EVERY", 0.0)
    said: list[str] = []
    server.start(said.append)
    assert value(server, "select count(*) from t") == 150000
    # A short recovery may be over before the log tells a place; the next test holds how a place is read.
    assert any(line.startswith("recovering: ") for line in said), said


def test_the_progress_of_a_long_recovery_is_read_from_the_log(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text(
        "2026-01-01 00:00:00 UTC [7] LOG:  database system was not properly shut down; automatic recovery\n"
        "2026-01-01 00:00:01 UTC [7] LOG:  redo starts at 0/16EF550\n"
        "2026-01-01 00:00:12 UTC [7] LOG:  redo in progress, elapsed time: 12.01 s, current LSN: 0/5A123450\n"
    )
    watch = logfile.StartWatch(log, 0, print)
    assert watch.describe(12.4) == "recovering: 12 s, redo at 0/5A123450"


def test_a_failure_shows_the_log_and_the_remedy(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    own = server.data_dir.parent / "user.conf"
    own.write_text("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match="did not start") as failed:
        server.start()
    assert "user.conf" in (failed.value.hint or "")
    assert any("no_such_setting" in line for line in failed.value.detail["log"])
    own.write_text("")
    server.start()
    assert value(server, "select 1") == 1


def test_a_server_whose_socket_was_removed_is_restarted(server: EmbeddedServer) -> None:
    server.start()
    before = pid_of(server)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (server.socket_dir / name).unlink()
    server.start()
    assert value(server, "select 1") == 1
    assert pid_of(server) != before


def test_stopping_does_not_wait_for_an_open_transaction(server: EmbeddedServer) -> None:
    server.start()
    link = psycopg.connect(server.conninfo("postgres", "postgres"))
    link.execute("create table gone (x int)")
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 10
    link.close()
    server.start()
    assert value(server, "select to_regclass('gone') is null")


def test_a_server_that_will_not_stop_is_stopped_at_once_in_the_end(server: EmbeddedServer) -> None:
    server.start()
    with connect(server) as link:
        link.execute("create table t (x int)")
        # A stopped walwriter cannot take part in an orderly shutdown.
        writer = next(
            p for p in psutil.Process(pid_of(server)).children() if "walwriter" in " ".join(p.cmdline())
        )
        writer.suspend()
        said: list[str] = []
        server.stop(said.append, timeout=0.5)
    assert any("immediate shutdown" in line for line in said)
    server.start()
    assert value(server, "select count(*) from t") == 0


def test_a_missing_wheel_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="not installed") as failed:
        EmbeddedServer(folder / "home").start()
    assert "STEWARD_DATABASE_URL" in (failed.value.hint or "")


@pytest.mark.skipif(not IS_ROOT, reason="only root can give folders away")
def test_data_that_came_from_another_container_is_taken_over(server: EmbeddedServer) -> None:
    server.start()
    with connect(server) as link:
        link.execute("create table t as select 7 as x")
    server.stop()
    for path in [server.data_dir, *server.data_dir.rglob("*")]:
        os.chown(path, 54321, 54321, follow_symlinks=False)
    shutil.rmtree(server.socket_dir)
    server.start()
    assert value(server, "select x from t") == 7


@pytest.mark.skipif(not IS_ROOT, reason="only root picks an account")
def test_without_useradd_an_unprivileged_account_serves_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "DEDICATED", ("no-such-account",))
    monkeypatch.setattr(account, "FALLBACKS", ("root", "nobody"))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    said: list[str] = []
    assert account.ensure_dedicated(said.append).name == "nobody"
    assert "the server runs as 'nobody'" in said[0]
