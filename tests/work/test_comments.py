"""Comments: on tasks and issues, by users and agents, and never by nobody."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound, StaleVersion
from tests.work.scene import PERSON, add, agent, call, owner, project
from tests.work.talk import claim, person


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    add(database, "A")
    return database


def _issue(database: Database, title: str = "it is broken") -> str:
    with owner(database) as connection:
        row = connection.execute(
            "insert into work.issues (project_id, number, title)"
            " select id, projects.take_numbers(id, 1), %s from projects.projects where key = 'ACME' returning number",
            (title,),
        ).fetchone()
    assert row is not None
    return f"ACME-{row[0]}"


def test_a_task_and_an_issue_are_talked_about_alike(acme: Database) -> None:
    ann = person(acme)
    issue = _issue(acme)
    said = call(acme, "work.comment", ann, on="ACME-1", content="first")
    call(acme, "work.comment", ann, on=issue, content="about the issue")
    assert (said.about, said.author, said.author_user_id) == ("ACME-1", "ann", ann.user_id)
    assert (said.content_type, said.is_ai_generated) == ("markdown", False)
    assert [one.content for one in call(acme, "work.list_comments", on="ACME-1").items] == ["first"]
    assert [one.about for one in call(acme, "work.list_comments", on=issue).items] == [issue]


def test_an_agent_comments_without_a_claim_and_ends_nobodys(acme: Database) -> None:
    taken = claim(acme)
    said = call(acme, "work.comment", agent("other"), on="ACME-1", content="look", ai_metadata={"model": "m"})
    assert (said.author, said.is_ai_generated, said.ai_metadata) == ("other", True, {"model": "m"})
    call(acme, "work.comment", person(acme), on="ACME-1", content="carry on")
    assert call(acme, "work.start", agent(), task="ACME-1", token=taken.token).status == "in_progress"


def test_a_comment_always_has_an_author(acme: Database) -> None:
    with pytest.raises(Invalid, match="nobody known"):
        call(acme, "work.comment", PERSON, on="ACME-1", content="who am I")


def test_an_import_names_an_author_who_is_nobody_here(acme: Database) -> None:
    with owner(acme) as connection:
        connection.execute(
            "insert into work.comments (task_id, author, content) select id, 'octocat', 'hello' from work.tasks"
        )
    (found,) = call(acme, "work.list_comments", on="ACME-1").items
    assert (found.author, found.author_user_id, found.is_ai_generated) == ("octocat", None, False)


@pytest.mark.parametrize(
    "columns",
    ["author, content", "author, content, task_id, issue_id"],
    ids=["about nothing", "about two things"],
)
def test_a_comment_is_about_exactly_one_thing(acme: Database, columns: str) -> None:
    _issue(acme)
    values = "'x', 'y', t.id, i.id" if "task" in columns else "'x', 'y'"
    with owner(acme) as connection, pytest.raises(psycopg.IntegrityError):
        connection.execute(
            f"insert into work.comments ({columns}) select {values} from work.tasks t, work.issues i"
        )


def test_what_an_agent_wrote_cannot_be_denied(acme: Database) -> None:
    call(acme, "work.comment", agent(), on="ACME-1", content="mine")
    with owner(acme) as connection, pytest.raises(psycopg.errors.GeneratedAlways):
        connection.execute("update work.comments set is_ai_generated = false")
    with owner(acme) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "insert into work.comments (task_id, author, content, ai_metadata)"
            " select id, 'ann', 'x', '{\"model\": \"m\"}' from work.tasks"
        )


def test_one_comment_for_each_of_github(acme: Database) -> None:
    ann = person(acme)
    call(acme, "work.comment", ann, on="ACME-1", content="x", github_comment_id=2**40)
    with pytest.raises(Conflict):
        call(acme, "work.comment", ann, on="ACME-1", content="again", github_comment_id=2**40)
    project(acme, "other")
    call(acme, "work.add", title="elsewhere", project="other")
    call(acme, "work.comment", ann, on="OTHER-1", content="x", github_comment_id=2**40)


def test_change_and_delete(acme: Database) -> None:
    ann = person(acme)
    said = call(acme, "work.comment", ann, on="ACME-1", content="teh")
    changed = call(acme, "work.update_comment", ann, comment=said.id, content="the", version=said.version)
    assert (changed.content, changed.version) == ("the", 2)
    assert changed.updated_at > said.updated_at
    with pytest.raises(StaleVersion):
        call(acme, "work.update_comment", ann, comment=said.id, content="x", version=1)
    call(acme, "work.delete_comment", ann, comment=said.id)
    assert call(acme, "work.list_comments", on="ACME-1").items == []
    with pytest.raises(NotFound):
        call(acme, "work.get_comment", comment=said.id)
    with owner(acme) as connection:
        assert connection.execute(
            "select content, deleted_at is null from work.task_comments"
        ).fetchall() == [("the", False)]


@pytest.mark.parametrize("other", ["user", "agent"])
def test_only_its_author_changes_a_comment(acme: Database, other: str) -> None:
    ann = person(acme)
    said = call(acme, "work.comment", ann, on="ACME-1", content="mine")
    # An agent of hers is not she.
    stranger = (
        person(acme, "bob") if other == "user" else Actor(user_id=ann.user_id, role="user", agent="bot")
    )
    for verb, more in (("update_comment", {"content": "x"}), ("delete_comment", {})):
        with pytest.raises(Denied, match="ann"):
            call(acme, f"work.{verb}", stranger, comment=said.id, **more)
    call(acme, "work.delete_comment", person(acme, "root", "admin"), comment=said.id)


def test_pages(acme: Database) -> None:
    ann = person(acme)
    for number in range(5):
        call(acme, "work.comment", ann, on="ACME-1", content=f"{number}")
    seen: list[Any] = []
    cursor = None
    while True:
        page = call(acme, "work.list_comments", on="ACME-1", limit=2, cursor=cursor)
        seen += [one.content for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("words", ["ACME-99", "nonsense", "00000000"])
def test_about_nothing_there_is(acme: Database, words: str) -> None:
    with pytest.raises(NotFound):
        call(acme, "work.comment", person(acme), on=words, content="x")


def test_updated_at_is_kept_by_the_database(acme: Database) -> None:
    with owner(acme) as connection:
        rows = connection.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'updated_at'"
            " where c.relnamespace = 'work'::regnamespace and c.relkind = 'r' and c.relname = any (%s)"
            " and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'touch')",
            (["comments", "task_attachments", "questions", "devlog_entries", "devlog_documents", "tasks"],),
        ).fetchall()
    assert rows == []


def test_a_comment_is_named_by_the_beginning_of_its_id(acme: Database) -> None:
    ann = person(acme)
    word = str(call(acme, "work.comment", ann, on="ACME-1", content="first").id)
    assert call(acme, "work.get_comment", comment=word[:8]).content == "first"
    assert call(acme, "work.update_comment", ann, comment=word[:8], content="second").content == "second"
    call(acme, "work.delete_comment", ann, comment=word[:8])
    with pytest.raises(NotFound):
        call(acme, "work.get_comment", comment=word[:8])
