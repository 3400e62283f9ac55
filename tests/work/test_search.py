"""Full-text search: every kind of thing, in several languages, true after every change, free where nothing changed."""

from __future__ import annotations

from typing import Any

import pytest

from steward.kit.db import Database
from steward.kit.errors import Invalid
from tests.work.scene import add, agent, call, owner, project
from tests.work.talk import claim, person


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    return database


def _search(database: Database, text: str, **more: Any) -> list[str]:
    return [
        hit.title
        for hit in call(database, "work.search", text=text, project=more.pop("project", "all"), **more)
    ]


def _insert(database: Database, table: str, **values: str) -> None:
    names = ", ".join(values)
    with owner(database) as connection:
        connection.execute(
            f"insert into work.{table} (project_id, {names}) select id, {', '.join(['%s'] * len(values))}"
            " from projects.projects where key = 'ACME'",
            tuple(values.values()),
        )


def test_every_kind_is_found(acme: Database) -> None:
    add(acme, "zebra task")
    call(acme, "work.comment", person(acme), on="ACME-1", content="a zebra comment")
    call(acme, "work.add_devlog", title="zebra entry", project="acme")
    _insert(acme, "epics", epic_id="EPIC-001", title="zebra epic")
    _insert(acme, "issues", number="77", title="zebra issue")
    found = call(acme, "work.search", text="zebra", project="acme")
    assert {(hit.kind, hit.ref, hit.title) for hit in found} == {
        ("task", "ACME-1", "zebra task"),
        ("comment", "ACME-1", "a zebra comment"),
        ("devlog", "zebra-entry", "zebra entry"),
        ("epic", "EPIC-001", "zebra epic"),
        ("issue", "ACME-77", "zebra issue"),
    }
    assert _search(acme, "zebra", kinds=["issue", "epic"], limit=5) != []
    assert {hit.kind for hit in call(acme, "work.search", text="zebra", kinds=["issue", "epic"])} == {
        "issue",
        "epic",
    }


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Migrate the databases", "migration database"),
        ("Fix failing uploads", "upload"),
        ("Fix failing uploads", "uplo"),
        ("Fix failing uploads", "fix the upload"),
        ("Rename parse_config to read_config", "parse_config"),
        ("Support TLS 1.3", "1.3"),
        ("Исправить ошибку входа пользователей", "ошибка вход"),
        ("Исправить ошибку входа пользователей", "пользов"),
        ("Исправить ошибку входа", "ОШИБКУ"),
        ("로그인 화면을 고치기", "화면"),
        ("로그인을 고치고 화면을 개선", "로그인 화면"),
        ("Café öffnet früh", "öffnet"),
        ("user's guide", "user's"),
        ("How to be", "to be"),
    ],
)
def test_words_are_found_in_their_forms(acme: Database, title: str, words: str) -> None:
    add(acme, title)
    add(acme, "something else")
    assert _search(acme, words) == [title]


def test_what_people_type(acme: Database) -> None:
    for title in ("red apple", "green apple", "apple red", "pear"):
        add(acme, title)
    assert sorted(_search(acme, "red apple")) == ["apple red", "red apple"]
    assert _search(acme, '"red apple"') == ["red apple"]
    assert _search(acme, "apple -red") == ["green apple"]
    assert sorted(_search(acme, "pear or green")) == ["green apple", "pear"]
    for odd in ("apple & | !", "apple <->", "'apple'", "apple\\", '"apple', "app:* apple", "(apple"):
        assert isinstance(_search(acme, odd), list), odd
    assert _search(acme, "' or 1=1 --") == []
    for empty in ("", "   ", "&|!"):
        with pytest.raises(Invalid, match="no word"):
            _search(acme, empty)


def test_titles_come_first_and_snippets_show_where(acme: Database) -> None:
    add(acme, "other", description="long " * 50 + "the <b>walrus</b> sleeps " + "long " * 50)
    add(acme, "walrus")
    hits = call(acme, "work.search", text="walrus", project="acme")
    assert [hit.title for hit in hits] == ["walrus", "other"]
    assert "walrus" in hits[1].snippet
    assert len(hits[1].snippet) < 400


def test_only_of_the_project(acme: Database) -> None:
    project(acme, "other")
    add(acme, "gnu here")
    add(acme, "gnu there", project="other")
    assert _search(acme, "gnu", project="acme") == ["gnu here"]
    assert sorted(_search(acme, "gnu", project="all")) == ["gnu here", "gnu there"]


def test_what_is_found_is_what_is_written_now(acme: Database) -> None:
    ann = person(acme)
    add(acme, "otter")
    call(acme, "work.update", task="ACME-1", title="badger", description="lives in a sett")
    assert (_search(acme, "otter"), _search(acme, "sett")) == ([], ["badger"])
    said = call(acme, "work.comment", ann, on="ACME-1", content="heron")
    call(acme, "work.update_comment", ann, comment=said.id, content="crane")
    assert (_search(acme, "heron"), _search(acme, "crane")) == ([], ["crane"])
    call(acme, "work.delete", task="ACME-1")
    assert (_search(acme, "badger"), _search(acme, "crane")) == ([], [])
    call(acme, "work.add_devlog", title="newt", project="acme")
    call(acme, "work.add_note", entry="newt", project="acme", content="salamander")
    assert _search(acme, "salamander") == ["newt"]
    call(acme, "work.archive_devlog", entry="newt", project="acme")
    assert _search(acme, "newt") == []


def _row(database: Database) -> Any:
    with owner(database) as connection:
        return connection.execute("select xmin::text, ctid::text from work.search_documents").fetchall()


def test_a_change_of_status_writes_no_words(acme: Database) -> None:
    add(acme, "A")
    before = _row(acme)
    taken = claim(acme)
    call(acme, "work.start", agent(), task="ACME-1", token=taken.token)
    call(
        acme,
        "work.update",
        agent(),
        task="ACME-1",
        token=taken.token,
        priority="high",
        labels=["x"],
        title="A",
    )
    call(acme, "work.finish", agent(), task="ACME-1", token=taken.token, result="done")
    assert _row(acme) == before
    call(acme, "work.update", task="ACME-1", title="B")
    assert _row(acme) != before


def test_many_at_once_are_indexed_in_one_statement(acme: Database) -> None:
    with owner(acme) as connection:
        connection.execute(
            "insert into work.tasks (project_id, title) select p.id, 'bulk ' || n"
            " from projects.projects p, generate_series(1, 1500) n where p.key = 'ACME'"
        )
    assert len(_search(acme, "bulk", limit=100)) == 100
    assert _search(acme, "1499") == ["bulk 1499"]
