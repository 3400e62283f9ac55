"""The whole way on our own server: the first command makes a database out of nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest

from steward.kit.config import Settings
from steward.kit.errors import Invalid, Unavailable
from steward.operate import place, tools
from steward.operate import setup as operate
from steward.operate.status import status
from steward.operate.user_sql import user_sql
from steward.operate.verify import verify
from tests.kit.embedded_tools import place as folder_for_servers

# One story on one server, in order; files are never split between workers (--dist loadfile).
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with folder_for_servers() as folder:
        settings = Settings(home=folder / "home", pool_size=2)
        yield settings
        place.server(settings).stop()


def test_first_the_server_is_down(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="down"):
        place.open_database(settings, start=False)
    assert not status(settings).reachable
    assert not settings.home.exists()


def test_two_first_commands_at_once_find_one_database(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    problems: list[BaseException] = []

    def first() -> None:
        try:
            place.open_database(settings).close()
        except BaseException as exc:
            problems.append(exc)

    threads = [threading.Thread(target=first) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    # A home named by a slip would be made without a word.
    assert f"new home made at {settings.home}\n" in capsys.readouterr().err
    place.open_database(settings).close()
    assert capsys.readouterr().err == ""
    told = status(settings)
    assert told.problem is None
    assert told.embedded is not None
    assert told.embedded.pid


def test_it_is_what_this_package_makes(settings: Settings) -> None:
    report = verify(settings)
    assert [str(one) for one in report.differences] == []
    assert report.notes == []


def test_user_sql_logs_in_as_the_reader(settings: Settings) -> None:
    assert user_sql(settings, "select session_user::text, current_user::text").rows == [
        ("steward_readonly", "steward_readonly")
    ]


def test_addresses(settings: Settings) -> None:
    for role in place.ROLES:
        with psycopg.connect(tools.url(settings, role)) as connection:
            assert connection.info.user == role
    with pytest.raises(Invalid):
        tools.url(settings, "postgres")


def test_psql_is_the_servers_own(settings: Settings) -> None:
    code = (
        "import sys; from pathlib import Path; from steward.kit.config import Settings;"
        "from steward.operate import tools;"
        "tools.psql(Settings(home=Path(sys.argv[1])), 'readonly', ['-XAtc', 'select current_user'])"
    )
    command = [sys.executable, "-c", code, str(settings.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout == "steward_readonly\n"


def test_tcp_lets_in_whom_it_was_opened_for(settings: Settings) -> None:
    # A port of the test's own: the first free one is what other tests take at the same moment.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = tools.open_tcp(settings, True, port)
    assert address is not None
    assert address.startswith("postgresql://steward_readonly:***@127.0.0.1:")
    psycopg.connect(tools.url(settings, "readonly", show=True)).close()
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(tools.url(settings, "owner", show=True))
    assert tools.open_tcp(settings, False) is None
    assert "127.0.0.1" not in tools.url(settings)


def test_rollback_to_nothing_and_back(settings: Settings) -> None:
    assert operate.rollback(settings, "base").after is None
    with pytest.raises(Unavailable) as caught:
        place.open_database(settings)
    assert "steward db migrate" in str(caught.value.hint)
    operate.migrate(settings)
    operate.seed(settings)
    assert verify(settings).ok


def test_reset_with_roles(settings: Settings) -> None:
    report = operate.reset(settings, yes=True, roles=True)
    assert set(report.roles) == set(place.ROLES)
    assert report.kept_roles == []
    place.open_database(settings).close()
    assert verify(settings).ok
