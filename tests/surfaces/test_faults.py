"""What the server does when its database goes away for a moment, and with words that nobody means well."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import pytest
from starlette.requests import Request

from steward.kit import op
from steward.surfaces.rest.auth import client_ip
from steward.surfaces.rest.guard import Hosts
from tests.kit.test_pool import end_all
from tests.servers import Server
from tests.surfaces.conftest import House, make_house, served
from tests.surfaces.drivers import RestDriver

pytestmark = pytest.mark.db


@pytest.fixture
def house(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with make_house(server, template, tmp_path_factory.mktemp("faults")) as house:
        yield house


def _get(house: House, address: str) -> int:
    request = HttpRequest(address, headers={"Authorization": f"Bearer {house.key}"})
    with urlopen(request, timeout=20) as answer:
        return int(answer.status)


def test_requests_after_a_restart_of_the_database_are_served(house: House) -> None:
    with served(house) as url:
        for path in ("/readyz", "/api/projects/list", "/projects"):
            assert _get(house, url + path) == 200
            assert end_all(house.database) > 0
            assert _get(house, url + path) == 200


def _read_until(stream: socket.socket, wanted: bytes, seconds: float) -> bool:
    deadline, seen = time.monotonic() + seconds, b""
    while wanted not in seen and time.monotonic() < deadline:
        stream.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            seen += stream.recv(4096)
        except TimeoutError:
            break
    return wanted in seen


def test_open_pages_hear_of_others_after_a_restart_of_the_database(house: House, server: Server) -> None:
    with served(house) as url, socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as stream:
        host = url.removeprefix("http://")
        stream.sendall(
            f"GET /events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {house.key}\r\n\r\n".encode()
        )
        assert _read_until(stream, b"retry:", 10)
        time.sleep(1.5)
        end_all(house.database)
        time.sleep(2.5)
        name = house.database.target.conninfo.partition("dbname=")[2].split()[0]
        with server.database(name) as other:
            op.run(other, op.operation("projects.add"), {"name": "Acme"}, actor=house.actor)
        assert _read_until(stream, b"event: change", 6)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/work/get?task=%C2%B2", 404),
        ("/api/work/list?cursor=" + base64.urlsafe_b64encode(b"[" * 9000).decode().rstrip("="), 400),
        ("/static/x/%00.css", 404),
    ],
)
def test_odd_words_are_no_defect(rest: RestDriver, path: str, status: int) -> None:
    assert rest.client.get(path, headers=rest.headers()).status_code == status


@pytest.mark.parametrize(
    "arguments",
    [
        {"metadata": {"a": "\ud800"}},
        {"due": "0001-01-01T00:00:00+14:00"},
        {"due": "9999-12-31T23:59:59-14:00"},
    ],
)
def test_what_cannot_be_kept_is_refused_under_a_request_key_too(
    rest: RestDriver, arguments: dict[str, object]
) -> None:
    rest.call("projects.add", {"name": "Acme", "key": "ACME"})
    body = {"title": "A", "project": "acme"} | arguments
    headers = rest.headers() | {"Idempotency-Key": "one", "Content-Type": "application/json"}
    answer = rest.client.post("/api/work/add", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_link_local_address_is_kept_without_its_zone() -> None:
    scope = {"type": "http", "client": ("fe80::1%eth0", 5), "headers": []}
    assert client_ip(Request(scope)) == "fe80::1"


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        ("http://127.0.0.1:7717", True),
        ("http://localhost:7717", True),
        ("http://[::1]:7717", True),
        ("http://127.0.0.1", False),
        ("https://localhost", False),
    ],
)
def test_a_page_at_another_port_of_this_machine_is_another_site(
    house: House, origin: str, known: bool
) -> None:
    assert Hosts(house.settings, 7717).knows_origin(origin) is known
