"""Every surface can try a write: it shows what the write would do, and nothing is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.surfaces.conftest import House, served
from tests.surfaces.drivers import CliDriver, McpDriver, RestDriver

_GIVEN = {"title": "Tried", "project": "acme"}


@pytest.fixture(autouse=True)
def _acme(rest: RestDriver) -> None:
    rest.call("projects.add", {"name": "Acme", "key": "ACME"})


def _nothing_was_done(rest: RestDriver) -> None:
    assert rest.call("work.list", {"project": "acme"})["items"] == []


@pytest.mark.parametrize(
    ("headers", "query"), [({"X-Dry-Run": "true"}, ""), ({}, "?dry_run=true")], ids=["header", "query"]
)
def test_rest(rest: RestDriver, headers: dict[str, str], query: str) -> None:
    answer = rest.client.post(f"/api/work/add{query}", json=_GIVEN, headers=rest.headers() | headers)
    assert (answer.status_code, answer.headers["x-dry-run"]) == (200, "true")
    body = answer.json()
    assert (body["dry_run"], body["result"]["task"]["ref"]) == (True, "ACME-1")
    assert body["changes"] == ["task create Tried"]
    _nothing_was_done(rest)
    assert "x-dry-run" not in rest.client.post("/api/work/add", json=_GIVEN, headers=rest.headers()).headers


def test_rest_refuses_a_word_that_is_neither(rest: RestDriver) -> None:
    answer = rest.client.post("/api/work/add", json=_GIVEN, headers=rest.headers() | {"X-Dry-Run": "maybe"})
    assert answer.status_code == 400
    _nothing_was_done(rest)


def test_mcp(mcp: McpDriver, rest: RestDriver) -> None:
    params = {"name": "work_add", "arguments": _GIVEN, "_meta": {"steward/dryRun": True}}
    found = mcp.request("tools/call", params)["structuredContent"]
    assert (found["dry_run"], found["result"]["task"]["title"]) == (True, "Tried")
    _nothing_was_done(rest)


def test_the_command_line(cli: CliDriver, rest: RestDriver) -> None:
    status, out, _ = cli.run(["work", "add", "Tried", "--project", "acme", "--dry-run", "--json"])
    assert (status, json.loads(out)["dry_run"]) == (0, True)
    status, out, _ = cli.run(["work", "add", "Tried", "--project", "acme", "--dry-run"])
    assert status == 0
    assert "task create Tried" in out
    _nothing_was_done(rest)


def test_the_command_line_over_http(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(house) as url:
        home = str(house.settings.home)
        cli = CliDriver(monkeypatch, {"STEWARD_HOME": home, "STEWARD_URL": url, "STEWARD_KEY": house.key})
        status, out, _ = cli.run(["--dry-run", "work", "add", "Tried", "--project", "acme", "--json"])
        assert (status, json.loads(out)["dry_run"]) == (0, True)
        status, out, _ = cli.run(["work", "list", "--project", "acme", "--json"])
        assert (status, json.loads(out)["items"]) == (0, [])


def test_a_file_is_named_on_the_command_line(cli: CliDriver, rest: RestDriver, tmp_path: Path) -> None:
    rest.call("work.add", _GIVEN)
    report = tmp_path / "report.txt"
    report.write_bytes(b"all is well")
    status, out, err = cli.run(["work", "attach", "ACME-1", "--file", str(report), "--json"])
    assert status == 0, err
    made = json.loads(out)
    assert (made["file_name"], made["file_size_bytes"]) == ("report.txt", 11)
    status, _, err = cli.run(["work", "attach", "ACME-1", "--file", str(tmp_path / "none"), "--json"])
    assert (status, json.loads(err)["code"]) == (2, "invalid")


def test_a_large_file_fits_through_rest_where_files_go(rest: RestDriver) -> None:
    rest.call("work.add", _GIVEN)
    content = "A" * (12 * 1024 * 1024)
    body = {"task": "ACME-1", "name": "big", "file": content}
    assert rest.client.post("/api/work/attach", json=body, headers=rest.headers()).status_code == 200
    body = {"on": "ACME-1", "content": content}
    assert rest.client.post("/api/work/comment", json=body, headers=rest.headers()).status_code == 413
