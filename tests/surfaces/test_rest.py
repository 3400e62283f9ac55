"""What REST adds to the operations: who may ask, in what shape, and what comes back besides the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from steward.domains import accounts
from steward.kit import op
from tests.servers import Server
from tests.surfaces.conftest import House, make_house
from tests.surfaces.drivers import RestDriver


@pytest.fixture
def acme(rest: RestDriver) -> RestDriver:
    """Return REST over a house that has one project."""
    rest.call("projects.add", {"name": "Acme", "key": "ACME"})
    return rest


@pytest.fixture(scope="module")
def desk(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestDriver]:
    """Lend one house with a project to all tests that are refused and change nothing."""
    with make_house(server, template, tmp_path_factory.mktemp("desk")) as house, house.client() as client:
        desk = RestDriver(client, house.key)
        desk.call("projects.add", {"name": "Acme", "key": "ACME"})
        yield desk


def _add(rest: RestDriver, title: str = "Something", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = rest.call("work.add", {"title": title, "project": "acme", **more})
    return found


# --------------------------------------------------------------------------------------------------------- who may ask


@pytest.mark.parametrize("path", ["/api/work/list", "/mcp", "/openapi.json", "/", "/api/nothing"])
def test_without_a_key_even_loopback_is_refused(desk: RestDriver, path: str) -> None:
    response = desk.client.get(path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("key", ["stw_abcdefgh_0123456789abcdef0123456789abcdef", "x", "ä", ""])
def test_a_wrong_key_is_refused(desk: RestDriver, key: str) -> None:
    headers = {b"Authorization": f"Bearer {key}".encode()}
    assert desk.client.get("/api/work/list", headers=headers).status_code == 401


def test_a_revoked_key_is_refused_at_once(rest: RestDriver) -> None:
    made = rest.call("accounts.create_key", {"name": "short-lived"})
    other = RestDriver(rest.client, made["secret"] if "secret" in made else made["key"])
    assert other.call("accounts.whoami", {})["username"]
    rest.call("accounts.revoke_key", {"key": made["id"]})
    assert rest.client.get("/api/accounts/whoami", headers=other.headers()).status_code == 401


def test_a_key_that_names_an_agent_wins_over_the_header(rest: RestDriver) -> None:
    rest.call("agents.register", {"name": "bound"})
    made = rest.call("accounts.create_key", {"name": "agent", "agent": "bound"})
    other = RestDriver(rest.client, made["secret"] if "secret" in made else made["key"])
    assert other.call("accounts.whoami", {}, agent="somebody-else")["agent"] == "bound"
    assert rest.call("accounts.whoami", {}, agent="free")["agent"] == "free"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_everybody(desk: RestDriver, path: str) -> None:
    assert desk.client.get(path).json() == {"status": "ok"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "localhost.evil.example:7717", "", "[::1"])
def test_another_host_is_misdirected(desk: RestDriver, host: str) -> None:
    response = desk.client.get("/healthz", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (421, "misdirected")


@pytest.mark.parametrize("host", ["127.0.0.1:7717", "localhost:7717", "[::1]:7717", "LOCALHOST:7717"])
def test_its_own_names_are_known(desk: RestDriver, host: str) -> None:
    assert desk.client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000", "file://"])
def test_another_sites_page_is_refused(desk: RestDriver, origin: str) -> None:
    response = desk.client.get("/api/work/list", headers=desk.headers() | {"Origin": origin})
    assert (response.status_code, response.json()["code"]) == (403, "denied")


def test_a_link_signs_a_browser_in_once(house: House, rest: RestDriver) -> None:
    path = rest.client.post("/login/link", headers=rest.headers()).json()["path"]
    response = rest.client.get(path, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert rest.client.get("/api/accounts/whoami").json()["surface"] == "web"
    rest.client.cookies.clear()
    assert rest.client.get(path, follow_redirects=False).status_code == 401


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(rest: RestDriver, path: str) -> None:
    link = rest.client.post("/login/link", headers=rest.headers()).json()["path"]
    response = rest.client.get(link, params={"next": path}, follow_redirects=False)
    assert response.headers.get("location", "/") == "/"


def test_a_session_writes_only_from_our_own_page(rest: RestDriver) -> None:
    rest.client.get(
        rest.client.post("/login/link", headers=rest.headers()).json()["path"], follow_redirects=False
    )
    body = {"name": "By hand"}
    assert rest.client.post("/api/projects/add", json=body).status_code == 403
    own = {"Origin": "http://127.0.0.1:7717"}
    assert rest.client.post("/api/projects/add", json=body, headers=own).status_code == 200
    rest.client.post("/logout", headers=own, follow_redirects=False)
    rest.client.cookies.clear()
    assert rest.client.get("/api/accounts/whoami").status_code == 401


def test_an_ended_session_is_refused(house: House, rest: RestDriver) -> None:
    rest.client.get(
        rest.client.post("/login/link", headers=rest.headers()).json()["path"], follow_redirects=False
    )
    token = rest.client.cookies["steward_session"]
    with house.database.transaction(house.actor) as db:
        accounts.end_session(db, token=token)
    assert rest.client.get("/api/accounts/whoami").status_code == 401


# ------------------------------------------------------------------------------------------------------- input, output


def _post(rest: RestDriver, content: bytes, kind: str = "application/json") -> Any:
    headers = rest.headers() | {"Content-Type": kind}
    return rest.client.post("/api/work/add", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b'{"title": NaN}', 400),
        (b'{"title": "a", "title": "b"}', 400),
        (b'{"title": "\xff"}', 400),
        (b'{"title": "\\ud800"}', 400),
        (b'{"title": "a\\u0000b"}', 400),
        (b"[" * 100_000, 400),
        (b'{"metadata": ' + b'{"a":' * 80 + b"1" + b"}" * 80 + b', "title": "x"}', 400),
        (b'{"estimated_minutes": ' + b"9" * 5000 + b"}", 400),
        (b'{"title": "' + b"x" * (9 * 1024 * 1024) + b'"}', 413),
    ],
)
def test_garbage_is_refused_as_a_problem(desk: RestDriver, content: bytes, status: int) -> None:
    response = _post(desk, content)
    assert response.status_code == status, response.text[:300]
    assert response.headers["content-type"] == "application/problem+json"


def test_only_json_is_read(desk: RestDriver) -> None:
    assert _post(desk, b"title=x", "application/x-www-form-urlencoded").status_code == 415


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=many", "limit=5&limit=6", "status=sleeping", "cursor=zzz"]
)
def test_a_wrong_query_is_refused(desk: RestDriver, query: str) -> None:
    response = desk.client.get(f"/api/work/list?{query}", headers=desk.headers())
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_a_write_takes_no_query(desk: RestDriver) -> None:
    response = desk.client.post("/api/work/add?title=x", json={}, headers=desk.headers())
    assert response.status_code == 400


def test_the_method_is_told(desk: RestDriver) -> None:
    response = desk.client.post("/api/work/list", json={}, headers=desk.headers())
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_an_unknown_operation_is_named(desk: RestDriver) -> None:
    response = desk.client.get("/api/work/nothing", headers=desk.headers())
    assert response.status_code == 404
    assert "claim" in response.json()["hint"]


def test_a_problem_says_all_that_it_should(desk: RestDriver) -> None:
    headers = desk.headers() | {"X-Request-Id": "my-own:1"}
    response = desk.client.get("/api/work/get?task=ACME-1", headers=headers)
    body = response.json()
    assert response.headers["x-request-id"] == body["request_id"] == "my-own:1"
    assert body["status"] == response.status_code == 404
    assert body["type"].startswith("urn:steward:error:")
    assert {"title", "detail", "code", "hint"} <= set(body)


def test_a_request_id_that_could_break_a_log_is_replaced(desk: RestDriver) -> None:
    response = desk.client.get("/healthz", headers={"X-Request-Id": "a b\t" + "x" * 300})
    assert len(response.headers["x-request-id"]) == 32


# ----------------------------------------------------------------------------------------- versions, keys, pages, waits


def test_a_request_key_answers_with_the_first_result(acme: RestDriver) -> None:
    first = acme.call("work.add", {"title": "once", "project": "acme"}, key="k-1")
    assert acme.call("work.add", {"title": "once", "project": "acme"}, key="k-1") == first
    assert len(acme.call("work.list", {"project": "acme"})["items"]) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 300, "\x7f"])
def test_a_bad_request_key_is_refused(desk: RestDriver, key: str) -> None:
    headers = desk.headers() | {"Idempotency-Key": key}
    response = desk.client.post("/api/work/add", json={"title": "x", "project": "acme"}, headers=headers)
    assert response.status_code == 400


def test_an_etag_guards_a_change(acme: RestDriver) -> None:
    acme.call("work.add", {"title": "x", "project": "acme"})
    read = acme.client.get("/api/work/get?task=ACME-1", headers=acme.headers())
    tag = read.headers["etag"]
    body = {"task": "ACME-1", "description": "new"}
    changed = acme.client.post("/api/work/update", json=body, headers=acme.headers() | {"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    stale = acme.client.post("/api/work/update", json=body, headers=acme.headers() | {"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    in_body = acme.client.post("/api/work/update", json=body | {"version": 1}, headers=acme.headers())
    assert (in_body.status_code, in_body.json()["code"]) == (409, "stale_version")


def test_what_did_not_change_is_not_sent_again(acme: RestDriver) -> None:
    acme.call("work.add", {"title": "x", "project": "acme"})
    tag = acme.client.get("/api/work/get?task=ACME-1", headers=acme.headers()).headers["etag"]
    again = acme.client.get("/api/work/get?task=ACME-1", headers=acme.headers() | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("tag", ["nonsense", '"x"', "3"])
def test_a_wrong_if_match_is_refused(desk: RestDriver, tag: str) -> None:
    headers = desk.headers() | {"If-Match": tag}
    assert desk.client.post("/api/work/update", json={"task": "ACME-1"}, headers=headers).status_code == 400


def test_if_match_on_what_has_no_version_is_refused(desk: RestDriver) -> None:
    headers = desk.headers() | {"If-Match": '"1"'}
    assert desk.client.post("/api/work/delete", json={"task": "ACME-1"}, headers=headers).status_code == 400


def test_pages_follow_the_link(acme: RestDriver) -> None:
    for number in range(5):
        _add(acme, f"Task {number}")
    path: str | None = "/api/work/list?project=acme&limit=2&order=number"
    seen: list[str] = []
    while path:
        response = acme.client.get(path, headers=acme.headers())
        seen += [item["ref"] for item in response.json()["items"]]
        link = response.headers.get("link")
        assert (link is None) == (response.json()["next_cursor"] is None)
        path = link.partition(">")[0].removeprefix("<") if link else None
    assert sorted(seen) == [f"ACME-{number}" for number in range(1, 6)]
    assert len(seen) == len(set(seen))


def test_waiting_gives_what_is_added_meanwhile(acme: RestDriver) -> None:
    found: list[Any] = []

    def wait() -> None:
        body = {"project": "acme", "wait": 10}
        headers = acme.headers("waiter", "wait-1")
        found.append(acme.client.post("/api/work/claim", json=body, headers=headers).json())

    thread = threading.Thread(target=wait)
    start = time.monotonic()
    thread.start()
    time.sleep(0.5)
    assert not found
    _add(acme, "At last")
    thread.join(10)
    assert found[0]["task"]["task"]["ref"] == "ACME-1"
    assert time.monotonic() - start < 3


def test_waiting_in_vain_ends_in_time(acme: RestDriver) -> None:
    start = time.monotonic()
    assert acme.call("work.next", {"project": "acme", "wait": "1.2"}) is None
    assert 1.0 < time.monotonic() - start < 3


@pytest.mark.parametrize("wait", ["-1", "601", "soon", "nan"])
def test_a_wrong_wait_is_refused(desk: RestDriver, wait: str) -> None:
    response = desk.client.get(f"/api/work/next?project=acme&wait={wait}", headers=desk.headers())
    assert response.status_code == 400


def test_heartbeats_and_health_answer_when_all_else_is_busy(house: House, acme: RestDriver) -> None:
    _add(acme, "Kept alive")
    claim = acme.call("work.claim", {"project": "acme"}, agent="busy")
    release = threading.Event()
    edge = acme.client.app.state.edge  # type: ignore[attr-defined]
    portal = acme.client.portal
    assert portal is not None
    general = int(edge._general.total_tokens)
    for _ in range(general + 5):
        portal.start_task_soon(edge.thread, release.wait)
    try:
        assert acme.client.get("/readyz").status_code == 200
        body = {"task": "ACME-1", "token": claim["token"]}
        response = acme.client.post("/api/work/heartbeat", json=body, headers=acme.headers("busy"))
        assert response.status_code == 200
    finally:
        release.set()


def test_the_openapi_document_tells_every_operation(desk: RestDriver) -> None:
    document = desk.client.get("/openapi.json", headers=desk.headers()).json()
    assert set(document["paths"]) == {spec.path for spec in op.operations()}
    body = document["paths"]["/api/work/add"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["title"]
    assert body["properties"]["due"]["anyOf"][0]["format"] == "date-time"
    answer = document["paths"]["/api/work/get"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    name = answer["$ref"].rpartition("/")[2]
    assert "waits_for" in document["components"]["schemas"][name]["properties"]
