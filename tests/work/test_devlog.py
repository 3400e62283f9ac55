"""The devlog: entries with a key of their project's own, notes, ties and documents."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound, StaleVersion
from steward.kit.files import FileStore
from tests.work.scene import call, owner, project
from tests.work.talk import person


@pytest.fixture
def acme(database: Database, tmp_path: Path) -> Database:
    database.files = FileStore(tmp_path / "files")
    project(database)
    return database


def test_an_entry_and_its_key(acme: Database) -> None:
    made = call(
        acme, "work.add_devlog", title="Speed up the Search!", project="acme", type="feature", priority="high",
        tags=["search"], files=["src/a.py"], business_context={"why": ["users wait"]},
    )  # fmt: skip
    entry = made.entry
    assert (entry.key_field, entry.status, entry.type) == ("speed-up-the-search", "new", "feature")
    assert (entry.tags, entry.files, entry.business_context) == (
        ["search"],
        ["src/a.py"],
        {"why": ["users wait"]},
    )
    assert call(acme, "work.get_devlog", entry="speed-up-the-search", project="acme") == made
    assert call(acme, "work.get_devlog", entry=str(entry.id)) == made
    with pytest.raises(Conflict, match="speed-up-the-search"):
        call(acme, "work.add_devlog", title="Speed up the search", project="acme")
    project(acme, "other")
    call(acme, "work.add_devlog", title="Speed up the search", project="other")


def test_contexts_are_objects_and_lists_are_lists(acme: Database) -> None:
    with owner(acme) as connection:
        rows = dict(
            connection.execute(
                "select attname, atttypid::regtype::text from pg_attribute"
                " where attrelid = 'work.devlog_entries'::regclass and attnum > 0 and attname = any (%s)",
                (["business_context", "technical_context", "tags", "files", "dependencies"],),
            ).fetchall()
        )
    # What an entry depends on stands in a table alone, not in a text beside it as well.
    assert rows == {
        "business_context": "jsonb", "technical_context": "jsonb", "tags": "text[]", "files": "text[]",
    }  # fmt: skip


@pytest.mark.parametrize("column", ["type", "status", "priority"])
def test_words_are_checked(acme: Database, column: str) -> None:
    with pytest.raises(Invalid):
        call(acme, "work.add_devlog", title="x", project="acme", **{column: "nonsense"})
    call(acme, "work.add_devlog", title="x", project="acme")
    with owner(acme) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"update work.devlog_entries set {column} = 'nonsense'")


def test_states_close_and_open(acme: Database) -> None:
    call(acme, "work.add_devlog", title="x", project="acme")
    done = call(acme, "work.update_devlog", entry="x", project="acme", status="done", version=1)
    assert done.entry.closed_at is not None
    with pytest.raises(StaleVersion):
        call(acme, "work.update_devlog", entry="x", project="acme", status="new", version=1)
    again = call(acme, "work.update_devlog", entry="x", project="acme", status="in_progress")
    assert (again.entry.status, again.entry.closed_at) == ("in-progress", None)


def test_archive_and_lists(acme: Database) -> None:
    for title, kind in (("one", "task"), ("two", "bugfix"), ("three", "task")):
        call(acme, "work.add_devlog", title=title, project="acme", type=kind)
    call(acme, "work.archive_devlog", entry="one", project="acme")
    assert [one.key_field for one in call(acme, "work.list_devlog", project="acme").items] == ["three", "two"]
    assert [one.key_field for one in call(acme, "work.list_devlog", type="bugfix").items] == ["two"]
    assert [one.key_field for one in call(acme, "work.list_devlog", archived=True).items] == ["one"]
    first = call(acme, "work.list_devlog", limit=1)
    rest = call(acme, "work.list_devlog", limit=1, cursor=first.next_cursor)
    assert [one.key_field for one in [*first.items, *rest.items]] == ["three", "two"]
    call(acme, "work.update_devlog", entry="one", project="acme", archived=False)
    assert call(acme, "work.list_devlog", archived=True).items == []


def test_notes(acme: Database) -> None:
    call(acme, "work.add_devlog", title="x", project="acme")
    ann = person(acme)
    for number in range(3):
        call(acme, "work.add_note", ann, entry="x", project="acme", content=f"{number}", category="idea")
    made = call(
        acme, "work.add_note", ann, entry="x", project="acme", content="must", category="acceptance_criteria"
    )
    assert (made.category, made.author) == ("acceptance-criteria", "ann")
    page = call(acme, "work.list_notes", entry="x", project="acme", category="idea", limit=2)
    rest = call(acme, "work.list_notes", entry="x", project="acme", category="idea", cursor=page.next_cursor)
    assert [one.content for one in [*page.items, *rest.items]] == ["2", "1", "0"]
    whole = call(acme, "work.get_devlog", entry="x", project="acme")
    assert (whole.entry.notes, whole.notes[0].content) == (4, "must")


def test_ties(acme: Database) -> None:
    for title in ("a", "b"):
        call(acme, "work.add_devlog", title=title, project="acme")
    call(acme, "work.depend_devlog", entry="a", on="b", project="acme", description="needs it")
    call(acme, "work.depend_devlog", entry="a", on="b", project="acme")
    tied = call(acme, "work.depend_devlog", entry="a", external="JIRA-7", type="related-to", project="acme")
    assert [(one.type, one.target, one.external_id) for one in tied.dependencies] == [
        ("blocked-by", "b", None),
        ("related-to", None, "JIRA-7"),
    ]
    for wrong in ({}, {"on": "b", "external": "x"}):
        with pytest.raises(Invalid):
            call(acme, "work.depend_devlog", entry="a", project="acme", **wrong)
    with pytest.raises(Invalid):
        call(acme, "work.depend_devlog", entry="a", on="a", project="acme")
    project(acme, "other")
    other = call(acme, "work.add_devlog", title="c", project="other")
    with pytest.raises(Invalid, match="another project"):
        call(acme, "work.depend_devlog", entry="a", on=str(other.entry.id), project="acme")
    call(acme, "work.undepend_devlog", tie=tied.dependencies[0].id)
    with pytest.raises(NotFound):
        call(acme, "work.undepend_devlog", tie=tied.dependencies[0].id)


def test_documents(acme: Database) -> None:
    call(acme, "work.add_devlog", title="x", project="acme")
    made = call(acme, "work.add_document", entry="x", project="acme", name="docs/plan.md", file=b"# Plan")
    assert (made.filename, made.original_name, made.type, made.size) == (
        "plan.md",
        "docs/plan.md",
        "markdown",
        6,
    )
    for name, kind in (
        ("a.py", "code"),
        ("b.png", "image"),
        ("c.pdf", "pdf"),
        ("d", "other"),
        ("e.log", "log"),
    ):
        found = call(acme, "work.add_document", entry="x", project="acme", name=name, file=b"\x89\x00")
        assert found.type == kind
    with owner(acme) as connection:
        rows = connection.execute(
            "select text_content from work.devlog_documents where text_content is not null"
        )
        assert rows.fetchall() == [("# Plan",)]
    assert call(acme, "work.read_document", document=made.id).content == b"# Plan"
    call(acme, "work.delete_document", document=made.id)
    with pytest.raises(NotFound):
        call(acme, "work.read_document", document=made.id)
    assert call(acme, "work.get_devlog", entry="x", project="acme").entry.documents == 5


def test_a_deleted_project_takes_its_devlog_along(acme: Database) -> None:
    call(acme, "work.add_devlog", title="x", project="acme")
    call(acme, "work.add_note", entry="x", project="acme", content="n")
    with owner(acme) as connection:
        connection.execute("delete from projects.projects where key = 'ACME'")
        for table in ("devlog_entries", "devlog_notes"):
            row = connection.execute(f"select count(*) from work.{table}").fetchone()
            assert row == (0,), table


def test_documents_and_ties_are_named_by_the_beginning_of_their_ids(acme: Database) -> None:
    for title in ("One", "Two"):
        call(acme, "work.add_devlog", title=title, project="acme")
    one, two = sorted(each.key_field for each in call(acme, "work.list_devlog", project="acme").items)
    made = str(call(acme, "work.add_document", entry=one, name="a.md", file=b"# A", project="acme").id)
    assert call(acme, "work.read_document", document=made[:8]).content == b"# A"
    call(acme, "work.delete_document", document=made[:8])
    tied = call(acme, "work.depend_devlog", entry=one, on=two, project="acme")
    call(acme, "work.undepend_devlog", tie=str(tied.dependencies[0].id)[:8])
    assert call(acme, "work.get_devlog", entry=one, project="acme").dependencies == []


def test_a_note_is_changed_deleted_and_brought_back(acme: Database) -> None:
    call(acme, "work.add_devlog", key="d1", title="D", project="acme")
    note = call(acme, "work.add_note", entry="d1", content="first", project="acme")
    changed = call(acme, "work.update_note", note=str(note.id), category="issue")
    assert (changed.content, changed.category) == ("first", "issue")
    assert call(acme, "work.update_note", note=str(note.id), content="second").content == "second"
    call(acme, "work.delete_note", Actor(role="admin", user_name="ann", request="gone"), note=str(note.id))
    with pytest.raises(NotFound, match="there is no note"):
        call(acme, "work.get_note", note=str(note.id))
    call(acme, "audit.undo", Actor(role="admin", user_name="ann"), request="gone")
    assert call(acme, "work.get_note", note=str(note.id)).content == "second"


def test_documents_are_listed_and_shown(acme: Database) -> None:
    call(acme, "work.add_devlog", key="d1", title="D", project="acme")
    made = call(acme, "work.add_document", entry="d1", name="plan.md", file=b"# Plan", project="acme")
    assert call(acme, "work.list_documents", entry="d1", project="acme") == [made]
    assert call(acme, "work.get_document", document=str(made.id)) == made
    call(acme, "work.delete_document", document=str(made.id))
    with pytest.raises(NotFound, match="there is no document"):
        call(acme, "work.get_document", document=str(made.id))


def test_a_note_is_its_authors(acme: Database) -> None:
    call(acme, "work.add_devlog", key="d1", title="D", project="acme")
    ann, bob = person(acme), person(acme, "bob")
    note = call(acme, "work.add_note", ann, entry="d1", content="hers", project="acme")
    with pytest.raises(Denied, match="the note is by ann"):
        call(acme, "work.update_note", bob, note=str(note.id), content="his")
    assert (
        call(acme, "work.update_note", ann, note=str(note.id), content="still hers").content == "still hers"
    )
    with owner(acme) as connection:
        connection.execute("update work.devlog_notes set author = null")
    with pytest.raises(Denied, match="somebody unknown"):
        call(acme, "work.delete_note", Actor(role="user"), note=str(note.id))
