"""Connecting and disconnecting a client: what stands in its files, and every byte back."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steward.domains import accounts
from steward.kit.config import Settings
from steward.kit.db import Actor
from steward.operate import connect as connecting
from tests.servers import Server
from tests.surfaces.conftest import House, make_house
from tests.surfaces.drivers import CliDriver

ODD = (
    '{\n\t"theme":"dark",   "é":"ü\\u00e9",\n\t"env": {"MINE": "1"},\r\n'
    '  "hooks":{"Stop":[{"hooks":[{"type":"command","command":"say hi"}]}]}\n}'
)
TOML = '# mine\nmodel = "o5"   # fast\n\n[mcp_servers.other]\ncommand = "x"\n\n[tui]\nnotifications = true\n'
TEXTS: dict[str, bytes | None] = {
    "no file": None,
    "empty": b"",
    "usual": b'{\n  "theme": "dark",\n  "env": {\n    "A": "1"\n  }\n}\n',
    "odd indentation, no last newline": ODD.encode(),
    "crlf": b'{\r\n    "theme": "dark"\r\n}\r\n',
    "one line": b'{"theme": "dark", "list": [1, 2]}',
    "bom": b'\xef\xbb\xbf{"a": 1}\n',
    "comments": b'{\n  // mine\n  "theme": "dark", /* here */\n}\n',
}


@pytest.fixture(scope="module")
def shared_house(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lend one house to all tests here: what they change of it are keys, and the folder of connections."""
    with make_house(server, template, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def place(
    shared_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, CliDriver, Path]]:
    """Lend a house, its command line, and an empty home of a user."""
    house, user = shared_house, tmp_path / "user"
    (user / "work").mkdir(parents=True)
    monkeypatch.chdir(user / "work")
    for name in list(os.environ):
        if name.startswith(("STEWARD_AGENT", "STEWARD_URL", "STEWARD_KEY", "CLAUDE_CONFIG", "CODEX_HOME")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(user))
    house.settings.config_file.write_text("port = 7717\n")
    yield house, CliDriver(monkeypatch, house.environment | {"HOME": str(user)}), user
    shutil.rmtree(house.settings.home / "connections", ignore_errors=True)


def _run(cli: CliDriver, *words: str, status: int = 0) -> Any:
    code, out, err = cli.run([*words, "--json"])
    assert code == status, (out, err)
    return json.loads(out if status == 0 else err)


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _key(house: House, client: str) -> str:
    return (house.settings.home / "connections" / client / "key").read_text().strip()


FILES = {
    "claude": (".claude/settings.json", ".claude.json", ".claude/CLAUDE.md"),
    "codex": (".codex/config.toml", ".codex/hooks.json", ".codex/AGENTS.md"),
    "gemini": (".gemini/settings.json", ".gemini/.env", ".gemini/GEMINI.md"),
}


def _site(user: Path, home: Path) -> connecting.Site:
    return connecting.Site(
        url="http://127.0.0.1:7717",
        key="stw_abcdefgh_" + "k" * 43,
        home=home,
        user=user,
        folder=user / "work",
        scope=connecting.Scope.USER,
        content=False,
        default_home=False,
        environ={},
    )


def _filled(user: Path, client: str, content: bytes | None) -> None:
    for number, name in enumerate(FILES[client]):
        if content is not None:
            path = user / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if path.suffix == ".json" else TOML.encode() if number == 0 else b"# hi")
            path.chmod(0o640 if number else 0o604)


@pytest.mark.parametrize("client", FILES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_byte_comes_back(tmp_path: Path, client: str, text: str) -> None:
    user, kept_in = tmp_path / "user", tmp_path / "home" / "connections" / client / "user"
    user.mkdir()
    _filled(user, client, TEXTS[text])
    before, site = _tree(user), _site(user, tmp_path / "home")
    plan = connecting.make_plan(client, site, kept_in)
    assert [change.changes for change in plan.changes] == [True] * 3
    connecting.apply(plan, kept_in)
    connected = _tree(user)
    assert all(
        connected[name][0].startswith(content) for name, (content, _) in before.items() if "md" in name
    )
    assert {name: mode for name, (_, mode) in connected.items() if name in before} == {
        name: mode for name, (_, mode) in before.items()
    }
    again = connecting.make_plan(client, site, kept_in)
    assert not any(change.changes for change in again.changes)
    connecting.apply(again, kept_in)
    assert {each.outcome for each in connecting.restore(kept_in)} == {"restored"}
    assert _tree(user) == before
    # Folders that were made for it are gone too.
    assert TEXTS[text] is not None or not list(user.iterdir())


@pytest.mark.parametrize("client", FILES)
def test_once_and_again_by_the_command(place: tuple[House, CliDriver, Path], client: str) -> None:
    _, cli, user = place
    done = _run(cli, "connect", client, "--yes")
    assert {row["change"] for row in done["files"]} == {"created"}
    connected = _tree(user)
    open_to_others = {name for name, (_, mode) in connected.items() if mode & 0o077}
    assert open_to_others <= {FILES[client][2], ".codex/hooks.json"}
    again = _run(cli, "connect", client, "--yes")
    assert {row["change"] for row in again["files"]} == {"as it should be"}
    assert _tree(user) == connected
    assert {row["outcome"] for row in _run(cli, "disconnect", client)["files"]} == {"restored"}
    assert _tree(user) == {}


def test_claude_gets_what_it_reads(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, user = place
    (user / ".claude").mkdir()
    (user / ".claude" / "settings.json").write_text(ODD, newline="")
    _run(cli, "connect", "claude", "--yes")
    key = _key(house, "claude")
    found = json.loads((user / ".claude" / "settings.json").read_text())
    assert found["env"] == {
        "MINE": "1",
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:7717",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {key}",
    }
    assert found["theme"] == "dark"
    assert found["hooks"]["Stop"][0] == {"hooks": [{"type": "command", "command": "say hi"}]}
    (hook,) = found["hooks"]["Stop"][1]["hooks"]
    assert (hook["type"], hook["url"]) == ("http", "http://127.0.0.1:7717/hooks/claude")
    assert hook["headers"]["Authorization"] == f"Bearer {key}"
    assert hook["headers"]["X-Steward-Task"] == "$STEWARD_TASK"
    assert "STEWARD_TASK" in hook["allowedEnvVars"]
    # HTTP hooks do not run at the start of a session.
    (start,) = found["hooks"]["SessionStart"][0]["hooks"]
    assert start["type"] == "command"
    assert start["command"].split()[0].endswith("steward-hook")
    assert start["command"].endswith(f"claude --home {house.settings.home}")
    assert {"PostToolUseFailure", "PermissionRequest", "SessionEnd", "TaskCompleted"} < set(found["hooks"])
    server = json.loads((user / ".claude.json").read_text())["mcpServers"]["steward"]
    assert (server["type"], server["url"]) == ("http", "http://127.0.0.1:7717/mcp")
    assert server["headers"] == {"Authorization": f"Bearer {key}"}
    assert "work_claim" in (user / ".claude" / "CLAUDE.md").read_text()
    with house.database.transaction(Actor()) as db:
        principal = accounts.identify_key(db, key=key)
    assert principal is not None
    assert principal.agent is None


def test_codex_gets_what_it_reads(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, user = place
    (user / ".codex").mkdir()
    (user / ".codex" / "config.toml").write_text(TOML)
    told = _run(cli, "connect", "codex", "--content", "--yes")
    assert any("/hooks" in note for note in told["notes"])
    text = (user / ".codex" / "config.toml").read_text()
    found, headers = tomllib.loads(text), {"Authorization": f"Bearer {_key(house, 'codex')}"}
    assert text.startswith(TOML.split("[tui]")[0])
    assert found["mcp_servers"]["steward"] == {"url": "http://127.0.0.1:7717/mcp", "http_headers": headers}
    assert found["mcp_servers"]["other"] == {"command": "x"}
    for name, signal in (("exporter", "logs"), ("trace_exporter", "traces"), ("metrics_exporter", "metrics")):
        assert found["otel"][name]["otlp-http"] == {
            "endpoint": f"http://127.0.0.1:7717/v1/{signal}", "protocol": "binary", "headers": headers,
        }  # fmt: skip
    assert found["otel"]["log_user_prompt"] is True
    hooks = json.loads((user / ".codex" / "hooks.json").read_text())["hooks"]
    assert {each["hooks"][0]["type"] for event in hooks.values() for each in event} == {"command"}
    assert "steward-hook codex" in hooks["PostToolUse"][0]["hooks"][0]["command"]


INLINE = {
    "servers in a line": 'mcp_servers = { a = { command = "x" } }\n',
    "none yet": "mcp_servers = {}\notel = {}   # mine\n",
    "exporters in a line": 'otel = { environment = "dev" }\n\n[mcp_servers]\na = { command = "x" }\n',
    "dotted": 'mcp_servers.a.command = "x"\notel.environment = "dev"\n',
    "apart": '[mcp_servers.a]\ncommand = "x"\n\n[tui]\nx = 1\n\n[mcp_servers.b]\ncommand = "y"\n',
}


@pytest.mark.parametrize("text", INLINE.values(), ids=INLINE)
def test_tables_in_a_line_take_ours_and_every_byte_comes_back(tmp_path: Path, text: str) -> None:
    user, kept_in = tmp_path / "user", tmp_path / "home" / "connections" / "codex" / "user"
    config = user / ".codex" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(text)
    connecting.apply(connecting.make_plan("codex", _site(user, tmp_path / "home"), kept_in), kept_in)
    found, before = tomllib.loads(config.read_text()), tomllib.loads(text)
    assert found["mcp_servers"]["steward"]["url"] == "http://127.0.0.1:7717/mcp"
    assert set(found["otel"]) >= {"exporter", "trace_exporter", "metrics_exporter"}
    for name in before.get("mcp_servers", {}):
        assert found["mcp_servers"][name].items() >= before["mcp_servers"][name].items()
    # Somebody adds a line: only what is ours is taken out again.
    config.write_text(config.read_text() + "\n[later]\nx = 1\n")
    kept = connecting.restore(kept_in)
    assert kept[0].outcome == "cleaned"
    assert tomllib.loads(config.read_text()) == before | {"later": {"x": 1}}
    config.write_text(text)
    connecting.apply(connecting.make_plan("codex", _site(user, tmp_path / "home"), kept_in), kept_in)
    connecting.restore(kept_in)
    assert config.read_text() == text


def test_gemini_gets_what_it_reads(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, user = place
    _run(cli, "connect", "gemini", "--yes")
    found, key = json.loads((user / ".gemini" / "settings.json").read_text()), _key(house, "gemini")
    assert found["telemetry"]["otlpEndpoint"] == "http://127.0.0.1:7717"
    assert (found["telemetry"]["otlpProtocol"], found["telemetry"]["logPrompts"]) == ("http", False)
    assert found["mcpServers"]["steward"] == {
        "httpUrl": "http://127.0.0.1:7717/mcp",
        "headers": {"Authorization": f"Bearer {key}"},
    }
    assert (
        f'OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{key}"'
        in (user / ".gemini" / ".env").read_text()
    )


@pytest.mark.parametrize("client", FILES)
def test_a_project_gets_no_key_that_others_see(place: tuple[House, CliDriver, Path], client: str) -> None:
    house, cli, user = place
    before = _tree(user)
    told = _run(cli, "connect", client, "--scope", "project", "--yes")
    made = _tree(user)
    notes = "\n".join(told["notes"])
    assert "export STEWARD_KEY" in notes
    assert "telemetry needs a key in its headers, so it is left out" in notes
    key = _key(house, client)
    holds = [name for name, (content, _) in made.items() if key.encode() in content]
    assert holds == []
    assert all(name.startswith("work/") for name in made)
    assert any(b"STEWARD_KEY" in content for content, _ in made.values())
    if client == "claude":
        settings = json.loads(made["work/.claude/settings.local.json"][0])
        (hook,) = settings["hooks"]["Stop"][0]["hooks"]
        assert hook["headers"]["Authorization"] == "Bearer $STEWARD_KEY"
        assert {"STEWARD_KEY", "STEWARD_TASK"} < set(hook["allowedEnvVars"])
        assert "env" not in settings
    _run(cli, "disconnect", client, "--scope", "project")
    assert _tree(user) == before


def test_other_folders_of_the_clients(
    place: tuple[House, CliDriver, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cli, user = place
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(user / "c"))
    monkeypatch.setenv("CODEX_HOME", str(user / "x"))
    _run(cli, "connect", "claude", "--yes")
    _run(cli, "connect", "codex", "--yes")
    assert set(_tree(user)) == {
        "c/settings.json", "c/.claude.json", "c/CLAUDE.md", "x/config.toml", "x/hooks.json", "x/AGENTS.md",
    }  # fmt: skip


def test_what_the_user_set_stays(place: tuple[House, CliDriver, Path]) -> None:
    _, cli, user = place
    (user / ".claude").mkdir()
    mine = {"env": {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://mine:4318"}, "hooks": {"Stop": {"odd": 1}}}
    (user / ".claude" / "settings.json").write_text(json.dumps(mine))
    (user / ".claude.json").write_text('{"mcpServers": {"steward": {"command": "mine"}}}')
    told = _run(cli, "connect", "claude", "--yes")
    found = json.loads((user / ".claude" / "settings.json").read_text())
    # Our key must not go to an exporter of theirs.
    assert found["env"] == mine["env"]
    assert found["hooks"]["Stop"] == {"odd": 1}
    assert "SessionStart" in found["hooks"]
    assert json.loads((user / ".claude.json").read_text()) == {"mcpServers": {"steward": {"command": "mine"}}}
    notes = "\n".join(told["notes"])
    assert (
        "env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is set to something of yours, so telemetry was left out"
        in notes
    )
    assert "mcpServers.steward is set to something of yours, so the MCP server was left out" in notes
    (user / ".codex").mkdir()
    theirs = '[otel]\nexporter = "none"\n[mcp_servers.steward]\ncommand = "mine"\n'
    (user / ".codex" / "config.toml").write_text(theirs)
    told = _run(cli, "connect", "codex", "--yes")
    assert (user / ".codex" / "config.toml").read_text() == theirs
    assert sum("was left out" in note for note in told["notes"]) == 2


@pytest.mark.parametrize("client", FILES)
def test_what_was_edited_meanwhile_stays(place: tuple[House, CliDriver, Path], client: str) -> None:
    _, cli, user = place
    for name in FILES[client]:
        path = user / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('{\n  "a": 1\n}\n' if path.suffix == ".json" else "# hi\n")
    _run(cli, "connect", client, "--yes")
    for name in FILES[client]:
        path = user / name
        text = path.read_text()
        path.write_text(text.replace('"a": 1', '"a": 2') if path.suffix == ".json" else f"# top\n{text}")
    told = _run(cli, "disconnect", client)
    assert {row["outcome"] for row in told["files"]} == {"cleaned"}
    key = [path for path in user.rglob("*") if path.is_file() and b"stw_" in path.read_bytes()]
    assert key == []
    for name in FILES[client]:
        path = user / name
        text = path.read_text()
        if path.suffix == ".json":
            assert json.loads(text) == {"a": 2}
        else:
            assert text.strip() == "# top\n# hi"
    (aside,) = [note for note in told["notes"] if "stay in" in note]
    assert Path(aside.rpartition(" ")[2]).is_dir()


def test_an_own_value_is_left_when_it_was_changed(place: tuple[House, CliDriver, Path]) -> None:
    _, cli, user = place
    _run(cli, "connect", "claude", "--yes")
    path = user / ".claude" / "settings.json"
    path.write_text(path.read_text().replace('"OTEL_LOGS_EXPORTER": "otlp"', '"OTEL_LOGS_EXPORTER": "none"'))
    told = _run(cli, "disconnect", "claude")
    assert json.loads(path.read_text()) == {"env": {"OTEL_LOGS_EXPORTER": "none"}}
    assert any("env.OTEL_LOGS_EXPORTER was changed, so it was left" in note for note in told["notes"])


def test_an_edit_between_two_connections(place: tuple[House, CliDriver, Path]) -> None:
    _, cli, user = place
    path = user / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{\n  "theme": "dark"\n}\n')
    _run(cli, "connect", "claude", "--yes")
    path.write_text(path.read_text().replace('"dark"', '"light"'))
    _run(cli, "connect", "claude", "--content", "--yes")
    assert json.loads(path.read_text())["env"]["OTEL_LOG_USER_PROMPTS"] == "1"
    _run(cli, "disconnect", "claude")
    assert path.read_text() == '{\n  "theme": "light"\n}\n'


def test_links_are_followed_and_stay(place: tuple[House, CliDriver, Path]) -> None:
    _, cli, user = place
    real = user / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text("{}")
    (user / ".claude").mkdir()
    link = user / ".claude" / "settings.json"
    link.symlink_to(real)
    assert f"+++ {link} -> {real}\n" in cli.run(["connect", "claude", "--dry-run"])[1]
    _run(cli, "connect", "claude", "--yes")
    assert link.is_symlink()
    assert "hooks" in json.loads(real.read_text())
    _run(cli, "disconnect", "claude")
    assert link.is_symlink()
    assert real.read_text() == "{}"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (".claude/settings.json", b'{"a": 1', "line 1, column"),
        (".claude/settings.json", b"\xff\xfe{", "is no UTF-8"),
        (".claude.json", b"[]", "holds no JSON object"),
    ],
)
def test_a_broken_file_is_named_and_nothing_is_written(
    place: tuple[House, CliDriver, Path], name: str, content: bytes, words: str
) -> None:
    _, cli, user = place
    (user / ".claude").mkdir()
    (user / name).write_bytes(content)
    before = _tree(user)
    told = _run(cli, "connect", "claude", "--yes", status=2)
    assert name in told["message"]
    assert words in told["message"]
    assert _tree(user) == before


@pytest.mark.parametrize("blocked", [".claude", ".claude/CLAUDE.md/x"])
def test_what_cannot_be_written_takes_the_rest_back(
    place: tuple[House, CliDriver, Path], blocked: str
) -> None:
    _, cli, user = place
    path = user / blocked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    before = _tree(user)
    told = _run(cli, "connect", "claude", "--yes", status=7)
    assert ".claude" in told["message"]
    assert _tree(user) == before
    assert _run(cli, "disconnect", "claude", status=4)["code"] == "not_found"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read(place: tuple[House, CliDriver, Path]) -> None:
    _, cli, user = place
    folder = user / ".claude"
    folder.mkdir(mode=0o500)
    try:
        assert str(folder) in _run(cli, "connect", "claude", "--yes", status=7)["message"]
    finally:
        folder.chmod(0o700)
    assert not list(folder.iterdir())
    assert not (user / ".claude.json").exists()


def test_a_failure_in_the_midst_takes_the_rest_back(
    place: tuple[House, CliDriver, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from steward.operate.connect import store

    _, cli, user = place
    before, real = _tree(user), store.replace

    def full(path: Path, content: bytes, mode: int) -> None:
        if path.name == "CLAUDE.md":
            raise OSError(28, "No space left on device")
        real(path, content, mode)

    monkeypatch.setattr(store, "replace", full)
    told = _run(cli, "connect", "claude", "--yes", status=7)
    assert "CLAUDE.md cannot be written: No space left on device" in told["message"]
    assert _tree(user) == before
    assert not (user / ".claude").exists()


def test_without_a_terminal_it_only_shows(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, user = place
    (user / ".claude").mkdir()
    secret = "sk-ant-api03-" + "a1B2" * 10
    (user / ".claude" / "settings.json").write_text(
        json.dumps({"env": {"ANTHROPIC_API_KEY": secret}}, indent=2)
    )
    before = _tree(user)
    status, out, err = cli.run(["connect", "claude"])
    assert status == 2
    assert "--yes" in err
    assert '+    "OTEL_LOGS_EXPORTER": "otlp"' in out
    assert secret not in out
    assert "stw_" not in out
    status, out, _ = cli.run(["connect", "claude", "--dry-run"])
    assert status == 0
    assert "would be changed" in out
    assert _tree(user) == before
    assert not (house.settings.home / "connections").exists()


def test_the_key_is_used_again_and_ends_with_the_connection(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, _ = place

    def known(key: str) -> bool:
        with house.database.transaction(Actor()) as db:
            return accounts.identify_key(db, key=key) is not None

    _run(cli, "connect", "claude", "--yes")
    key = _key(house, "claude")
    _run(cli, "connect", "claude", "--scope", "project", "--yes")
    assert _key(house, "claude") == key
    _run(cli, "disconnect", "claude")
    assert known(key)
    _run(cli, "disconnect", "claude", "--scope", "project")
    assert not known(key)
    assert not (house.settings.home / "connections" / "claude" / "key").exists()
    _run(cli, "connect", "claude", "--yes")
    assert _key(house, "claude") != key


def test_private_things_are_private(place: tuple[House, CliDriver, Path]) -> None:
    house, cli, _ = place
    _run(cli, "connect", "claude", "--yes")
    kept = house.settings.home / "connections"
    modes = {path.stat().st_mode & 0o077 for path in kept.rglob("*")}
    assert modes == {0}
    settings: Settings = house.settings
    assert settings.home in kept.parents


@pytest.mark.parametrize("words", [["--dry-run", "disconnect"], ["disconnect", "--dry-run"]])
def test_a_dry_run_of_disconnecting_only_tells(
    place: tuple[House, CliDriver, Path], words: list[str]
) -> None:
    _, cli, user = place
    _run(cli, "connect", "claude", "--yes")
    before = _tree(user)
    assert {row["outcome"] for row in _run(cli, *words, "claude")["files"]} == {"would be restored"}
    assert _tree(user) == before
    assert {row["outcome"] for row in _run(cli, "disconnect", "claude")["files"]} == {"restored"}
