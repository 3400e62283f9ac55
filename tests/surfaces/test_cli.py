"""What the command line adds to the operations: words in, tables out, and an exit status that tells what happened."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from steward.surfaces.cli.cells import clean
from steward.surfaces.cli.tables import columns_of, widths_of
from tests.surfaces.conftest import House, served
from tests.surfaces.drivers import CliDriver

_PROGRAM = [sys.executable, "-c", "from steward.surfaces.cli import main; main()"]
# None of these may be imported to print an overview.
_HEAVY = (
    "psycopg",
    "mcp",
    "fastapi",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "steward.domains",
    "steward.kit.op",
)


@pytest.fixture
def acme(cli: CliDriver) -> CliDriver:
    """Return the command line over a house with a project and two tasks."""
    assert cli.run(["projects", "add", "Acme", "--key", "ACME"])[0] == 0
    assert cli.run(["work", "add", "First", "--project", "acme", "--label", "a", "--label", "b"])[0] == 0
    assert cli.run(["work", "add", "Second", "--project", "acme", "--waits-for", "ACME-1"])[0] == 0
    return cli


def _environment(house: House, **more: str) -> dict[str, str]:
    return {**os.environ, **house.environment, **more}


# ---------------------------------------------------------------------------------------------- overview


@pytest.mark.parametrize("words", [["--help"], ["work", "--help"], ["work", "add", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; from steward.surfaces.cli.main import run; run({words!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert not [name for name in loaded if name in _HEAVY]
    assert "Usage: steward" in done.stdout


def test_help_names_every_room_and_command(cli: CliDriver) -> None:
    from steward.surfaces.cli.tree import HAND_WRITTEN
    from steward.surfaces.manifest import load

    status, out, _ = cli.run(["--help"])
    assert status == 0
    assert all(f" {name} " in out for name in (*load(), *HAND_WRITTEN))


@pytest.mark.parametrize(
    "name", ["up", "down", "status", "config", "import", "export", "sql", "open", "key", "mcp"]
)
def test_every_hand_written_command_has_help(cli: CliDriver, name: str) -> None:
    status, out, _ = cli.run([name, "--help"])
    assert status == 0
    assert f"steward {name}" in out


@pytest.mark.parametrize(
    "verb",
    ["setup", "migrate", "rollback", "status", "create", "seed", "verify", "reset", "schema", "url", "psql"],
)
def test_every_db_command_has_help(cli: CliDriver, verb: str) -> None:
    assert cli.run(["db", verb, "--help"])[0] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(cli: CliDriver, shell: str) -> None:
    status, out, _ = cli.run(["completion", shell])
    assert status == 0
    assert "_STEWARD_COMPLETE" in out


def test_words_are_completed(house: House) -> None:
    def complete(line: str) -> list[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - (0 if line.endswith(" ") else 1))}
        environment = _environment(house, _STEWARD_COMPLETE="complete_bash", **words)
        done = subprocess.run(_PROGRAM, env=environment, capture_output=True, text=True, check=False)
        return done.stdout.split()

    assert "work" in complete("steward ")
    assert "give-back" in complete("steward work gi")
    assert "pull_request" in complete("steward work add --type p")


# ------------------------------------------------------------------------------------------------ words, results


def test_options_may_stand_anywhere(acme: CliDriver) -> None:
    for words in (
        ["--json", "work", "get", "ACME-1"],
        ["work", "--json", "get", "ACME-1"],
        ["work", "get", "ACME-1", "--json"],
    ):
        status, out, _ = acme.run(words)
        assert status == 0
        assert json.loads(out)["task"]["ref"] == "ACME-1"


def test_the_same_argument_in_other_words(acme: CliDriver) -> None:
    for words in (["give_back", "--task", "ACME-9"], ["give-back", "ACME-9"]):
        status, _, err = acme.run(["work", *words])
        assert (status, "no task" in err) == (4, True), err


def test_arguments_from_standard_input(acme: CliDriver) -> None:
    body = {"title": "From input", "project": "acme", "labels": ["x"], "metadata": {"deep": [1]}}
    status, out, err = acme.run(
        ["work", "add", "--input", "-", "--priority", "critical", "--json"], json.dumps(body)
    )
    assert status == 0, err
    task = json.loads(out)
    assert (task["task"]["title"], task["task"]["priority"], task["text"]["metadata"]) == (
        "From input",
        10,
        {"deep": [1]},
    )


@pytest.mark.parametrize("given", ["{", "[]", "1", "[" * 5000])
def test_bad_standard_input(acme: CliDriver, given: str) -> None:
    assert acme.run(["work", "add", "--input", "-"], given)[0] == 2


def test_a_list_may_be_json(acme: CliDriver) -> None:
    status, out, _ = acme.run(["work", "update", "ACME-1", "--label", '["c", "d, e"]', "--json"])
    assert status == 0
    assert json.loads(out)["task"]["labels"] == ["c", "d, e"]
    status, out, _ = acme.run(["work", "update", "ACME-1", "--label", "[]", "--json"])
    assert json.loads(out)["task"]["labels"] == []


def test_the_project_in_hand(acme: CliDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(acme.run(["--project", "acme", "work", "next", "--json"])[1])["task"]["ref"] == "ACME-1"
    monkeypatch.setenv("STEWARD_PROJECT", "acme")
    assert json.loads(acme.run(["work", "next", "--json"])[1])["task"]["ref"] == "ACME-1"
    monkeypatch.delenv("STEWARD_PROJECT")
    assert acme.run(["projects", "update", "acme", "--path", str(tmp_path)])[0] == 0
    assert json.loads(acme.run(["work", "next", "--json"])[1])["task"]["ref"] == "ACME-1"


def test_all_projects_in_hand(acme: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    assert acme.run(["projects", "add", "Other", "--key", "OTH"])[0] == 0
    assert acme.run(["work", "add", "First elsewhere", "--project", "other"])[0] == 0
    for word in ("all", "*"):
        for words in (["work", "search", "First"], ["work", "list"]):
            status, out, err = acme.run(["--project", word, *words, "--json"])
            assert status == 0, err
            assert {"ACME-1", "OTH-1"} <= {row["ref"] for row in json.loads(out)["items"]}
    monkeypatch.setenv("STEWARD_PROJECT", "all")
    assert acme.run(["telemetry", "list", "--json"])[0] == 0
    status, _, err = acme.run(["work", "add", "Nowhere"])
    assert (status, "no project is named or in hand" in err) == (2, True), err
    assert acme.run(["--project", "none-such", "work", "search", "First"])[0] == 4


def test_an_agent_acts(acme: CliDriver) -> None:
    status, out, err = acme.run(["work", "claim", "--project", "acme", "--agent", "coder", "--json"])
    assert status == 0, err
    claim = json.loads(out)
    assert claim["task"]["task"]["held_by"] == "coder"


def test_waiting_takes_what_comes(acme: CliDriver) -> None:
    start = time.monotonic()
    assert (
        acme.run(
            ["work", "claim", "--project", "acme", "--label", "none", "--agent", "a", "--wait", "1", "--json"]
        )[1]
        == "null\n"
    )
    assert time.monotonic() - start > 0.9


def test_a_request_key_repeats_the_first_result(acme: CliDriver) -> None:
    words = ["work", "add", "Once", "--project", "acme", "--request-key", "k", "--json"]
    assert acme.run(words)[1] == acme.run(words)[1]


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["work", "get", "ACME-99"], 4),
        (["work", "get"], 2),
        (["work", "add", "x", "--status", "sleeping", "--project", "acme"], 2),
        (["work", "add", "x", "--nothing"], 2),
        (["nothing"], 2),
        (["work", "nothing"], 2),
        (["work", "update", "ACME-1", "--version", "9", "--title", "y"], 5),
        (["work", "add", "x", "--metadata", "{"], 2),
        (["work", "add", "x", "--input", "/nowhere"], 2),
        (["db", "reset"], 2),
        (["up", "--port", "many"], 2),
    ],
)
def test_an_error_says_what_and_what_to_do(acme: CliDriver, words: list[str], status: int) -> None:
    got, out, err = acme.run(words)
    assert (got, out) == (status, ""), err
    assert err.startswith("error: ")
    assert "hint: " in err
    got, out, err = acme.run([*words, "--json"])
    assert (got, out) == (status, "")
    assert {"code", "message", "hint"} <= set(json.loads(err))


def test_a_near_name_is_offered(cli: CliDriver) -> None:
    assert "'claim'" in cli.run(["work", "clam"])[2]


def test_a_reader_that_goes_away_is_no_error(house: House) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*_PROGRAM, "accounts", "list-users", "--json"],
        env=_environment(house),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_reads_a_file_is_known_by_its_arguments() -> None:
    from steward.domains.work.types_talk import FileContent
    from steward.kit.op import operations
    from steward.surfaces.cli.contents import gives_content
    from steward.surfaces.manifest import load

    reading = {spec.name for spec in operations() if spec.returns is FileContent}
    entries = [entry for room in load().values() for entry in room.verbs.values()]
    assert reading == {entry.name for entry in entries if gives_content(entry)}


def test_an_attached_file_is_saved_or_piped_as_it_is(acme: CliDriver, house: House, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "photo.bin").write_bytes(content)
    _, out, _ = acme.run(["work", "attach", "ACME-1", "--file", str(tmp_path / "photo.bin"), "--json"])
    words = ["work", "read-attachment", json.loads(out)["id"]]
    saved = tmp_path / "saved.bin"
    assert acme.run(["--dry-run", *words, "--output", str(saved)])[0] == 2
    assert not saved.exists()
    status, out, err = acme.run([*words, "-o", str(saved)])
    assert (status, saved.read_bytes() == content) == (0, True), err
    assert "photo.bin" in out
    assert acme.run([*words, "-o", str(tmp_path / "none" / "x")])[0] == 2
    done = subprocess.run([*_PROGRAM, *words], env=_environment(house), capture_output=True, check=True)
    assert done.stdout == content
    part = [*_PROGRAM, *words, "--offset", "1", "--length", "2"]
    assert subprocess.run(part, env=_environment(house), capture_output=True, check=True).stdout == b"\1\2"
    assert json.loads(acme.run([*words, "--length", "3", "--json"])[1])["content"] == "AAEC"
    controller, terminal = pty.openpty()
    subprocess.run([*_PROGRAM, *words], env=_environment(house), stdout=terminal, check=True)
    os.close(terminal)
    shown = os.read(controller, 65536).decode()
    os.close(controller)
    assert "photo.bin" in shown
    assert "`--output FILE` saves it" in shown


def test_ctrl_c_is_no_trace(acme: CliDriver, house: House) -> None:
    words = ["work", "next", "--project", "acme", "--label", "none", "--wait", "30"]
    with subprocess.Popen(
        [*_PROGRAM, *words],
        env=_environment(house),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A shell starts what runs in the background deaf to Ctrl-C, and that would be handed down to here.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in out + err


# ---------------------------------------------------------------------------------------------- pictures


def test_a_table_has_no_colour_in_a_pipe(acme: CliDriver) -> None:
    status, out, _ = acme.run(["work", "list", "--project", "acme"])
    assert status == 0
    assert "\x1b" not in out
    assert "ACME-1" in out
    assert "First" in out


def test_a_narrow_terminal_keeps_what_says_most(acme: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    _, out, _ = acme.run(["work", "list", "--project", "acme"])
    assert all(len(line) <= 40 for line in out.splitlines())
    assert "ACME-1" in out
    assert "title" in out


def test_one_thing_shows_its_fields_and_what_it_is_tied_to(acme: CliDriver) -> None:
    _, out, _ = acme.run(["work", "get", "ACME-2"])
    assert "Second" in out
    assert "waits for" in out
    assert "ACME-1" in out


def test_quiet_prints_nothing(acme: CliDriver) -> None:
    assert acme.run(["work", "list", "--project", "acme", "--quiet"])[:2] == (0, "")


def test_stored_text_cannot_steer_the_terminal(acme: CliDriver) -> None:
    assert acme.run(["work", "add", "\x1b[2Jgone\u202e", "--project", "acme"])[0] == 0
    _, out, _ = acme.run(["work", "list", "--project", "acme"])
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert clean("a\x1b[31mb") == "a\\x1b[31mb"


def test_local_times_carry_their_offset(acme: CliDriver) -> None:
    _, out, _ = acme.run(["work", "get", "ACME-1"])
    created = next(line for line in out.splitlines() if line.startswith("created at"))
    assert created.split()[-1][-6] in "+-"
    _, out, _ = acme.run(["work", "get", "ACME-1", "--json"])
    assert json.loads(out)["task"]["created_at"].endswith("Z")


def test_columns_are_chosen_for_their_width() -> None:
    rows = [
        {
            "id": "01a1fc50-53b6-7aee-abb7-ac9dc0ab9097",
            "ref": "A-1",
            "title": "x" * 80,
            "empty": None,
            "meta": {"a": 1},
        }
    ]
    names = columns_of(rows)
    assert names == ["ref", "title"]
    assert widths_of(names, rows, 60) == {"ref": 3, "title": 51}
    assert list(widths_of(names, rows, 10)) == ["ref"]


# ---------------------------------------------------------------------------------------------- elsewhere


def test_over_http_without_a_key(house: House, cli: CliDriver) -> None:
    with served(house) as url:
        house.settings.key_file.unlink()
        remote = CliDriver(cli.patch, {"STEWARD_HOME": str(house.settings.home), "STEWARD_URL": url})
        assert remote.run(["accounts", "whoami"])[0] == 6


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://x", "nonsense"])
def test_over_http_to_nobody(cli: CliDriver, house: House, url: str) -> None:
    remote = CliDriver(cli.patch, {**house.environment, "STEWARD_URL": url, "STEWARD_KEY": "k"})
    status, _, err = remote.run(["accounts", "whoami", "--json"])
    assert status in (2, 7)
    assert json.loads(err)["hint"]


def test_sql_reads_and_only_reads(cli: CliDriver) -> None:
    status, out, err = cli.run(["sql", "select 1 as one, 'x' as two", "--json"])
    assert status == 0, err
    assert json.loads(out)["rows"] == [{"one": 1, "two": "x"}]
    assert cli.run(["sql", "delete from accounts.users"])[0] != 0


def test_the_database_is_told_of(cli: CliDriver) -> None:
    status, out, err = cli.run(["db", "status", "--json"])
    assert status == 0, err
    assert json.loads(out)["reachable"] is True
    assert cli.run(["db", "url"])[1].startswith("postgresql://")
    status, out, _ = cli.run(["config", "--json"])
    assert {row["name"] for row in json.loads(out)} >= {"database_url", "port"}
    assert cli.run(["key"])[1].startswith("stw_")


def test_status_tells_what_people_are_told(cli: CliDriver, house: House) -> None:
    said = "budget \x1b[2Jtight: $1.05 of $1.00 this month (105 %); claims are refused"
    with house.database.transaction(house.actor) as db:
        for n in range(21):
            db.run("kit.add_notice", topic=f"test {n}", level="error", message=said if n == 20 else f"m{n}")
    told = json.loads(cli.run(["status", "--json"])[1])["database"]["notices"]
    assert (told["notices"][0]["message"], len(told["notices"]), told["more"]) == (said, 20, 1)
    out = cli.run(["status"])[1]
    assert "error: budget" in out
    assert "\x1b[2J" not in out
    assert "and 1 more" in out
    with house.database.transaction(house.actor) as db:
        for n in range(21):
            db.run("kit.dismiss_notices", topic=f"test {n}")
    assert "error:" not in cli.run(["status"])[1]


def test_an_address_is_never_folded(cli: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert len(cli.run(["db", "url"])[1].splitlines()) == 1


@pytest.mark.parametrize("columns", ["30", "160"])
def test_sql_shows_every_column_it_was_asked_for(
    acme: CliDriver, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = acme.run(["sql", "select title, id, null as due, ref from task_list order by number"])
    names = [out.index(name) for name in ("title", "id", "due", "ref")]
    assert names == sorted(names)
    assert "ACME-2" in out
    assert "…" not in out


def test_the_source_of_a_setting_is_shown_in_a_narrow_terminal(
    cli: CliDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "source" in cli.run(["config"])[1].splitlines()[0]


def test_the_audit_tells_what_happened_to_what(acme: CliDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = acme.run(["audit", "list", "--resource-type", "task"])
    assert {"event action", "resource type", "user name"} <= {
        word.strip() for word in out.splitlines()[0].split("   ")
    }
    out = acme.run(["audit", "history", "ACME-1"])[1]
    assert "  title: nothing → First" in out.splitlines()
    assert "nothing → nothing" not in out


def test_an_empty_house_says_what_to_do(cli: CliDriver) -> None:
    assert "steward import" in cli.run(["work", "list"])[1]
    assert "steward import" in cli.run(["work", "next"])[1]


def test_help_shows_no_kind_for_a_flag_and_no_half_a_word(cli: CliDriver) -> None:
    assert "<bool>" not in cli.run(["up", "--help"])[1]
    assert "--statu," not in cli.run(["work", "list", "--help"])[1]
    assert cli.run(["db", "-h"])[0] == 0
