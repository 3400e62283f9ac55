"""Attached files: kept once, checked when read, gone when nobody names them any more."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from steward.domains.work import jobs
from steward.domains.work.stored import file_name
from steward.kit import op
from steward.kit.db import Database
from steward.kit.errors import Invalid, NotFound, Unavailable
from steward.kit.files import DamagedFile, FileStore
from tests.work.scene import PERSON, Hand, add, call, owner, project, without


@pytest.fixture
def acme(database: Database, tmp_path: Path) -> Database:
    database.files = FileStore(tmp_path / "files", most_bytes=1000)
    project(database)
    add(database, "A")
    return database


def _files(database: Database) -> list[Path]:
    assert database.files is not None
    return [path for path in database.files.root.rglob("*") if path.is_file()]


def _sweep(database: Database, *, age: str = "1 hour") -> Any:
    with owner(database) as connection:
        connection.execute("update work.stored_files set used_at = now() - %s::interval", (age,))
    with database.transaction(PERSON) as db:
        return jobs.sweep_files(db)["removed"]


def _attach(database: Database, name: str = "a.txt", content: bytes = b"hello", **more: Any) -> Any:
    return call(database, "work.attach", task="ACME-1", name=name, file=content, **more)


def test_attach_list_read_delete(acme: Database) -> None:
    made = _attach(acme, "../etc/report.PDF", b"%PDF", metadata={"by": "hand"}, evidence=True)
    assert (made.file_name, made.file_type, made.file_size_bytes) == ("report.PDF", "application/pdf", 4)
    assert made.storage_path == f"sha256:{made.sha256}"
    assert [one.id for one in call(acme, "work.list_attachments", task="ACME-1")] == [made.id]
    assert call(acme, "work.list_attachments", task="ACME-1", evidence=False) == []
    assert call(acme, "work.get_attachment", attachment=made.id) == made
    assert call(acme, "work.read_attachment", attachment=made.id).content == b"%PDF"
    call(acme, "work.delete_attachment", attachment=made.id)
    with pytest.raises(NotFound):
        call(acme, "work.get_attachment", attachment=made.id)


def test_base64_is_what_other_surfaces_give(acme: Database) -> None:
    made = _attach(acme, content=base64.b64encode(b"\x00\xff").decode())  # type: ignore[arg-type]
    part = call(acme, "work.read_attachment", attachment=made.id, offset=1)
    assert (part.content, part.size, part.next_offset) == (b"\xff", 2, None)
    with pytest.raises(Invalid, match="base64"):
        _attach(acme, content="***")  # type: ignore[arg-type]


def test_the_same_content_is_kept_once_until_the_last_one_goes(acme: Database) -> None:
    first, second = _attach(acme, "a"), _attach(acme, "b")
    assert len(_files(acme)) == 1
    call(acme, "work.delete_attachment", attachment=first.id)
    assert _sweep(acme) == 0
    assert call(acme, "work.read_attachment", attachment=second.id).content == b"hello"
    call(acme, "work.delete_attachment", attachment=second.id)
    assert _sweep(acme, age="1 second") == 0, "a use may not yet be committed"
    assert _sweep(acme) == 1
    assert _files(acme) == []


def test_a_file_of_a_write_that_failed_is_swept(acme: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store = acme.files
    assert store is not None
    stray, kept = store.put(b"stray"), _attach(acme).sha256
    monkeypatch.setattr(jobs, "STRAY_S", -1.0)
    for name in (stray, kept):
        monkeypatch.setattr(jobs, "_slot", lambda name=name: int(name[:2], 16))
        with acme.transaction(PERSON) as db:
            jobs.sweep_files(db)
    assert [path.name for path in _files(acme)] == [kept]


def test_a_changed_file_is_refused(acme: Database) -> None:
    made = _attach(acme)
    (path,) = _files(acme)
    path.write_bytes(b"jello")
    with pytest.raises(DamagedFile, match=made.sha256[:12]):
        call(acme, "work.read_attachment", attachment=made.id)
    path.unlink()
    with pytest.raises(Unavailable):
        call(acme, "work.read_attachment", attachment=made.id)


def test_files_are_private_and_nothing_half_written_is_left(acme: Database) -> None:
    _attach(acme)
    (path,) = _files(acme)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_too_large(acme: Database) -> None:
    _attach(acme, content=b"x" * 1000)
    with pytest.raises(Invalid, match=r"1,001 bytes; 1,000 are allowed"):
        _attach(acme, content=b"x" * 1001)


def test_kept_elsewhere(acme: Database) -> None:
    made = call(acme, "work.attach", task="ACME-1", name="core.dump", storage_path="s3://bucket/core")
    assert (made.sha256, made.file_size_bytes, made.storage_path) == (None, None, "s3://bucket/core")
    with pytest.raises(NotFound, match="not kept here"):
        call(acme, "work.read_attachment", attachment=made.id)
    for wrong in ({}, {"file": b"x", "storage_path": "s3://x"}, {"storage_path": "sha256:abc"}):
        with pytest.raises(Invalid):
            call(acme, "work.attach", task="ACME-1", name="x", **wrong)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("отчёт.pdf", "отчёт.pdf"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("x" * 400 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_names(given: str, kept: str) -> None:
    assert file_name(given) == kept


@pytest.mark.parametrize("name", ["", "..", "/", " . "])
def test_no_names(name: str) -> None:
    with pytest.raises(Invalid):
        file_name(name)


def test_a_dry_run_writes_no_file(acme: Database) -> None:
    given = {"task": "ACME-1", "name": "a", "file": b"x"}
    made = op.run(acme, op.operation("work.attach"), given, actor=PERSON, dry_run=True)
    assert made.result.file_name == "a"
    assert _files(acme) == []
    assert call(acme, "work.list_attachments", task="ACME-1") == []


@pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])
def test_a_content_used_again_while_it_is_being_removed(acme: Database, locked: bool) -> None:
    made = _attach(acme)
    call(acme, "work.delete_attachment", attachment=made.id)
    with owner(acme) as connection:
        connection.execute("update work.stored_files set used_at = now() - interval '1 hour'")
    if not locked:
        without(acme, "work.keep_file", "do update set used_at = now()", "do nothing")
        without(acme, "work.forget_files", "for update skip locked")
    sweeper, writer = Hand(acme), Hand(acme)
    writer.run("select work.keep_file(%s, 5)", made.sha256)
    gone = sweeper.run("select work.forget_files(10)")
    assert gone == ([] if locked else [(made.sha256,)])
    sweeper.close()
    writer.close()


def test_an_attachment_is_named_by_the_beginning_of_its_id(acme: Database) -> None:
    word = str(call(acme, "work.attach", task="ACME-1", name="a.txt", file=b"hello").id)
    assert call(acme, "work.get_attachment", attachment=word[:8]).file_name == "a.txt"
    assert call(acme, "work.read_attachment", attachment=word[:8]).content == b"hello"
    call(acme, "work.delete_attachment", attachment=word[:8])
    with pytest.raises(NotFound):
        call(acme, "work.get_attachment", attachment=word[:8])
