"""Full-text search: every kind of thing, in several languages, true after every change, whatever people type."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from steward.domains import work
from steward.kit.db import Actor, Database
from steward.kit.errors import Denied, Invalid
from tests.work.scene import add, call, owner, project
from tests.work.talk import person


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    return database


def _hits(database: Database, text: str, **more: Any) -> list[work.Hit]:
    found: list[work.Hit] = call(
        database, "work.search", text=text, project=more.pop("project", "all"), **more
    ).items
    return found


def _search(database: Database, text: str, **more: Any) -> list[str]:
    return [hit.title for hit in _hits(database, text, **more)]


def test_every_kind_is_found(acme: Database) -> None:
    add(acme, "zebra task")
    call(acme, "work.comment", person(acme), on="ACME-1", content="a striped comment")
    call(acme, "work.add_devlog", title="entry", project="acme")
    call(acme, "work.add_note", entry="entry", project="acme", content="a striped note")
    call(acme, "work.add_epic", title="striped epic", project="acme")
    call(acme, "work.add_issue", title="issue", description="striped", project="acme")
    call(acme, "work.update", task="ACME-1", description="striped")
    assert {(hit.kind, hit.ref, hit.title, hit.status) for hit in _hits(acme, "stripe", project="acme")} == {
        ("task", "ACME-1", "zebra task", "pending"),
        ("comment", "ACME-1", "zebra task", None),
        ("devlog", "entry", "entry", "new"),
        ("epic", "EPIC-001", "striped epic", "planned"),
        ("issue", "ACME-2", "issue", "open"),
    }
    assert {hit.kind for hit in _hits(acme, "striped", kinds=["issue", "epic"])} == {"issue", "epic"}


def test_a_reference_comes_first(acme: Database) -> None:
    add(acme, "one")
    add(acme, "two", description="after ACME-1, see ACME-1 and acme-1")
    call(acme, "work.add_epic", title="an epic", project="acme")
    call(acme, "work.add_issue", title="an issue", project="acme")
    assert _search(acme, "acme-1") == ["one", "two"]
    assert _search(acme, "ACME-3") == ["an issue"]
    assert _search(acme, "epic-001") == ["an epic"]


WORDS = [
    ("Migrate the databases", "migration database"),
    ("Fix failing uploads", "upload"),
    ("Fix failing uploads", "uplo"),
    ("Fix failing uploads", "fix the upload"),
    ("Rename parse_config to read_config", "parse_config"),
    ("Rename parse_config to read_config", "config"),
    ("Mend src/kit/db.py:42 at start", "src/kit/db.py"),
    ("Mend src/kit/db.py:42 at start", "db.py"),
    ("Mend src/kit/db.py:42 at start", "kit/d"),
    ("What E0308 means", "e0308"),
    ("ERR_CONN_RESET again", "ERR_CONN"),
    ("Support TLS 1.3", "1.3"),
    ("Case studies", "study"),
    ("Исправить ошибку входа пользователей", "ошибка вход"),
    ("Исправить ошибку входа пользователей", "пользов"),
    ("로그인을 고치고 화면을 개선", "로그인 화면"),
    ("Café öffnet „früh“—bald", "öffnet früh"),
    ("user's guide", "user's"),
    ("How to be", "to be"),
]


def test_words_are_found_in_their_forms(acme: Database) -> None:
    for title in dict.fromkeys(title for title, _ in WORDS):
        add(acme, title)
    add(acme, "something else", description="config of a database, parsed")
    for title, words in WORDS:
        assert title in _search(acme, words), words
    assert "something else" not in _search(acme, "parse_config")


def _listed(database: Database, text: str) -> list[str]:
    return [row.title for row in call(database, "work.list", project="all", text=text, order="number").items]


def test_names_are_found_as_wholes(acme: Database) -> None:
    for title in (
        "Rename parse_config",
        "config, parsed by parse",
        "parse config",
        "Read app.parse-Config/Now",
        "Say parse_configuration and or",
        "Call https://example.org/parse?config=1",
        "Mend src/kit/db.py:42",
    ):
        add(acme, title)
    named = ["Rename parse_config", "Read app.parse-Config/Now", "Call https://example.org/parse?config=1"]
    begun = "Say parse_configuration and or"
    assert sorted(_listed(acme, "parse_config")) == sorted([*named, begun])
    assert sorted(_listed(acme, "parse_config call")) == [named[2]]
    assert sorted(_listed(acme, "parse/config,")) == sorted(named)
    assert _listed(acme, "app.parse_config.n") == [named[1]]
    assert _listed(acme, "kit/db.py") == _listed(acme, "src/kit/d") == ["Mend src/kit/db.py:42"]
    assert _listed(acme, "kit/py") == []
    # Where no task has the name, its words are looked for as they stand together.
    assert _listed(acme, "parsed_by") == ["config, parsed by parse"]
    assert sorted(_listed(acme, '"parse config"')) == sorted([*named, "parse config"])
    assert named[0] not in _listed(acme, "-parse_config config")
    assert sorted(_listed(acme, "parsed_by or parse_config"))[:2] == [named[2], named[1]]


def test_a_name_that_many_have_is_found_by_walking(acme: Database) -> None:
    for number in range(30):
        add(acme, f"walk {number}", description="in src/kit/db.py" if number % 3 else "src kit db and py")
    _call_everything_common(acme, True)
    walked = _listed(acme, "kit/db.py")
    assert len(walked) == 20
    _call_everything_common(acme, False)
    assert _listed(acme, "kit/db.py") == walked


@pytest.mark.parametrize("common", [True, False])
def test_issues_and_workflows_are_found_by_words_either_way(acme: Database, common: bool) -> None:
    for title in ("Queues are slow", "the queue_lock waits", "unrelated"):
        call(acme, "work.add_issue", title=title, project="acme")
        call(acme, "work.add_workflow", name=title, project="acme")
    _call_everything_common(acme, common)
    issues = call(acme, "work.list_issues", project="acme", text="queue").items
    assert [issue.title for issue in issues] == ["the queue_lock waits", "Queues are slow"]
    workflows = call(acme, "work.list_workflows", project="all", text="queue").items
    assert [workflow.name for workflow in workflows] == ["the queue_lock waits", "Queues are slow"]
    assert call(acme, "work.list_workflows", project="acme", text="nowhere").items == []
    [named] = call(acme, "work.list_issues", project="acme", text="ACME-1").items
    assert named.title == "Queues are slow"


def test_the_latest_changes_of_a_project_are_gathered_or_met_alike(acme: Database) -> None:
    for number in range(30):
        add(acme, f"task {number}")
    for number in (7, 3, 20):
        call(acme, "work.update", task=f"ACME-{number}", title=f"changed {number}")
    with owner(acme) as connection:
        connection.execute("select work.fold_counts()")
        gathered = [row.ref for row in call(acme, "work.list", project="acme", order="updated").items]
        connection.execute(
            "create or replace function work.tasks_among(p_project_id uuid, p_statuses jsonb default null)"
            " returns float8 language sql as 'select 1e12::float8'"
        )
    met = call(acme, "work.list", project="acme", order="updated", limit=10)
    rest = call(acme, "work.list", project="acme", order="updated", cursor=met.next_cursor)
    assert gathered[:3] == ["ACME-20", "ACME-3", "ACME-7"]
    assert [row.ref for row in [*met.items, *rest.items]] == gathered


def _call_everything_common(database: Database, common: bool) -> None:
    with owner(database) as connection:
        connection.execute(
            "create or replace function work.search_is_common("
            "p_kind text, p_query tsquery, p_factor float8 default 12, p_among float8 default null)"
            f" returns boolean language sql set search_path = work, pg_temp as 'select {common}'"
        )


def test_tasks_that_are_older_than_names_get_them_in_turn(acme: Database) -> None:
    for number in range(3):
        add(acme, f"old_name {number}")
    add(acme, "old name")
    with owner(acme) as connection:
        connection.execute("update work.task_words set named = false")
    # By their words alone, until all have their names.
    assert len(_listed(acme, "old_name")) == 4
    with acme.transaction(Actor(role="service")) as db:
        assert db.value("work.name_words", limit=3) == 3
    assert len(_listed(acme, "old_name")) == 4
    with acme.transaction(Actor(role="service")) as db:
        assert [db.value("work.name_words", limit=3) for _ in range(2)] == [1, 0]
    assert len(_listed(acme, "old_name")) == 3
    with owner(acme) as connection:
        assert connection.execute("select distinct version from work.task_words").fetchall() == [(2,)]


def test_what_people_type(acme: Database) -> None:
    for title in ("red apple", "green apple", "apple red", "pear"):
        add(acme, title)
    assert sorted(_search(acme, "red apple")) == ["apple red", "red apple"]
    assert _search(acme, '"red apple"') == ["red apple"]
    assert _search(acme, "apple -red") == ["green apple"]
    assert sorted(_search(acme, "pear or green")) == ["green apple", "pear"]
    hostile = (
        "apple & | !",
        "apple <->",
        "'apple'",
        "apple\\",
        '"apple',
        "app:* apple",
        "(apple",
        "apple%_",
        "#=p",
    )
    for odd in (
        *hostile,
        "\\m(a+)+$ apple",
        "apple " * 500,
        "'; drop table work.tasks --",
        "or",
        "or or or",
        "-",
        '""',
    ):
        with suppress(Invalid):
            _search(acme, odd)
    assert _search(acme, "' or 1=1 --") == []
    for empty in ("", "   ", "&|!", "-apple"):
        with pytest.raises(Invalid, match="no word"):
            _search(acme, empty)


def test_labels_are_no_words_and_words_no_labels(acme: Database) -> None:
    add(acme, "plain", labels=["odd '\\ label", "x" * 400])
    add(acme, "odd label")
    assert _search(acme, "odd label") == ["odd label"]
    listed = call(acme, "work.list", project="acme", label="odd '\\ label").items
    assert [row.title for row in listed] == ["plain"]


def test_titles_come_first_and_spans_show_where(acme: Database) -> None:
    add(acme, "other", description="long " * 50 + "the <b>walrus</b> sleeps " + "long " * 50)
    add(acme, "Walruses")
    first, second = _hits(acme, "walrus", project="acme")
    assert len(str(first.rank)) <= 10
    assert (first.title, second.title) == ("Walruses", "other")
    assert [first.title[span.start : span.end] for span in first.title_spans] == ["Walruses"]
    assert [second.snippet[span.start : span.end] for span in second.snippet_spans] == ["walrus"]
    assert "<b>walrus</b>" in second.snippet
    assert len(second.snippet) < 300


def test_pages_follow_one_another(acme: Database) -> None:
    for number in range(7):
        add(acme, f"page {number}")
    seen, cursor = [], None
    while True:
        page = call(acme, "work.search", text="page", project="acme", limit=3, cursor=cursor)
        seen += [hit.ref for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"ACME-{number}" for number in range(1, 8)]


def test_only_what_may_be_seen(acme: Database) -> None:
    project(acme, "other")
    add(acme, "gnu here")
    add(acme, "gnu there", project="other")
    call(acme, "work.comment", person(acme), on="OTHER-1", content="gnu talk")
    assert _search(acme, "gnu", project="acme") == ["gnu here"]
    assert sorted(_search(acme, "gnu")) == ["gnu here", "gnu there", "gnu there"]
    with owner(acme) as connection:
        connection.execute(
            "update projects.projects set status = 'deleted', deleted_at = now() where key = 'OTHER'"
        )
    assert _search(acme, "gnu") == ["gnu here"]
    assert _search(acme, "OTHER-1") == []
    with pytest.raises(Denied):
        call(acme, "work.search", Actor(role="nobody"), text="gnu", project="all")


def test_what_is_found_is_what_is_written_now(acme: Database) -> None:
    ann = person(acme)
    add(acme, "otter")
    call(acme, "work.update", task="ACME-1", title="badger", description="lives in a sett")
    assert (_search(acme, "otter"), _search(acme, "sett")) == ([], ["badger"])
    said = call(acme, "work.comment", ann, on="ACME-1", content="heron")
    call(acme, "work.update_comment", ann, comment=said.id, content="crane")
    assert (_search(acme, "heron"), _search(acme, "crane")) == ([], ["badger"])
    call(acme, "work.delete", task="ACME-1")
    assert (_search(acme, "badger"), _search(acme, "crane")) == ([], [])
    call(acme, "work.add_devlog", title="newt", project="acme")
    call(acme, "work.add_note", entry="newt", project="acme", content="salamander")
    assert _search(acme, "salamander") == ["newt"]
    call(acme, "work.archive_devlog", entry="newt", project="acme")
    assert (_search(acme, "newt"), _search(acme, "salamander")) == ([], [])


def test_common_words_give_the_newest_and_rare_ones_are_found_among_many(acme: Database) -> None:
    with owner(acme) as connection:
        connection.execute(
            "insert into work.tasks (project_id, title, description)"
            " select p.id, 'bulk ' || n, case when n %% 2 = 0 then 'even' else 'odd' end"
            " from projects.projects p, generate_series(1, 1500) n where p.key = %s",
            ("ACME",),
        )
        connection.execute("analyze work.tasks")
    assert len(_search(acme, "bulk", kinds=["task"], limit=100)) == 100
    assert _search(acme, "1399") == ["bulk 1399"]
    assert _search(acme, "bulk even 1400") == ["bulk 1400"]
    listed = call(acme, "work.list", project="acme", text="even", order="number", limit=3).items
    assert [row.title for row in listed] == ["bulk 2", "bulk 4", "bulk 6"]


def test_walking_and_gathering_find_the_same(acme: Database) -> None:
    for number in range(30):
        add(acme, f"walk {number}", description="src/kit/db.py" if number % 3 else "src kit db and py")
    with owner(acme) as connection:
        found = [
            connection.execute(
                "select array_agg(c.id order by c.id) from work.search_query('walk \"src kit\"') as q"
                " cross join lateral work.search_candidates('task', q.query, q.guess, q.exact, q.needles, q.patterns,"
                " array(select id from projects.projects), null, %s) as c",
                (newest,),
            ).fetchone()
            for newest in (3000, None)
        ]
    assert found[0] == found[1]
    assert found[0] is not None
    assert len(found[0][0]) == 30
