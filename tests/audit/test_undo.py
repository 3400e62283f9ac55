"""Undo: one change of one thing is taken back, unless something came after; and writes that are only tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from steward.client import Steward
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, NotFound
from tests.work.scene import PERSON, add, agent, call, owner, project
from tests.work.talk import claim, person


@pytest.fixture
def acme(database: Database) -> Database:
    project(database)
    add(database, "A", description="what")
    return database


def _last(database: Database) -> str:
    """Return the id of the request that changed something last."""
    with owner(database) as connection:
        row = connection.execute(
            "select request_id from audit.audit_logs order by id desc limit 1"
        ).fetchone()
    assert row is not None
    return str(row[0])


def _undo(database: Database, actor: Actor = PERSON, request: str | None = None) -> Any:
    return call(database, "audit.undo", actor, request=request or _last(database))


def test_old_values_come_back(acme: Database) -> None:
    call(
        acme,
        "work.update",
        task="ACME-1",
        title="B",
        description="",
        labels=["x"],
        priority="high",
        assign="nobody",
    )
    done = _undo(acme)
    assert (done.resource_type, done.resource_name, done.undone) == ("task", "B", "update")
    assert {one.field: (one.old, one.new) for one in done.changes}["title"] == ("B", "A")
    task = call(acme, "work.get", task="ACME-1")
    assert (task.task.title, task.text.description, task.task.labels, task.task.priority) == (
        "A",
        "what",
        [],
        5,
    )
    change = call(acme, "audit.history", resource=str(task.task.id)).items[0]
    assert (change.operation, change.user_name) == ("audit.undo", "person")


def test_a_state_and_all_that_hangs_on_it(acme: Database) -> None:
    add(acme, "B", waits_for=["ACME-1"])
    call(acme, "work.finish", task="ACME-1")
    assert [row.ref for row in call(acme, "work.ready", project="acme")] == ["ACME-2"]
    _undo(acme)
    assert [row.ref for row in call(acme, "work.ready", project="acme")] == ["ACME-1"]
    assert call(acme, "work.get", task="ACME-1").task.completed_at is None


def test_undo_of_undo(acme: Database) -> None:
    call(acme, "work.update", task="ACME-1", title="B")
    _undo(acme)
    _undo(acme)
    assert call(acme, "work.get", task="ACME-1").task.title == "B"


def test_what_was_made_is_put_away_and_what_was_deleted_comes_back(acme: Database) -> None:
    ann = person(acme, role="admin")
    add(acme, "B")
    _undo(acme)
    with pytest.raises(NotFound):
        call(acme, "work.get", task="ACME-2")
    said = call(acme, "work.comment", ann, on="ACME-1", content="x")
    call(acme, "work.delete_comment", ann, comment=said.id)
    _undo(acme, ann)
    assert call(acme, "work.get_comment", comment=said.id).content == "x"
    add(acme, "C")
    call(acme, "work.depend", task="ACME-1", on="ACME-3")
    call(acme, "work.undepend", task="ACME-1", on="ACME-3")
    _undo(acme)
    assert [link.ref for link in call(acme, "work.get", task="ACME-1").waits_for] == ["ACME-3"]


@pytest.mark.parametrize(
    ("operation", "which", "given", "read", "field"),
    [
        ("projects.update", {"project": "acme"}, {"description": "new"}, "projects.get", "description"),
        ("agents.update", {"agent": "bot"}, {"description": "new"}, "agents.get", "description"),
        ("accounts.update_user", {"user": "bob"}, {"display_name": "new"}, "accounts.get_user", "display_name"),
        ("projects.archive", {"project": "acme"}, {}, "projects.get", "status"),
    ],
)  # fmt: skip
def test_in_every_room(
    acme: Database, operation: str, which: dict[str, Any], given: dict[str, Any], read: str, field: str
) -> None:
    call(acme, "agents.register", name="bot")
    person(acme, "bob")
    before = getattr(call(acme, read, **which), field)
    call(acme, operation, **which, **given)
    assert getattr(call(acme, read, **which), field) != before
    _undo(acme)
    assert getattr(call(acme, read, **which), field) == before


def test_refused_when_the_thing_has_changed_since(acme: Database) -> None:
    call(acme, "work.update", task="ACME-1", title="B", priority="high")
    first = _last(acme)
    call(acme, "work.update", task="ACME-1", title="C")
    with pytest.raises(Conflict, match="changed since: title"):
        _undo(acme, request=first)
    task = call(acme, "work.get", task="ACME-1").task
    assert (task.title, task.priority) == ("C", 8), "nothing is put back by halves"
    _undo(acme)
    _undo(acme, request=first)
    assert call(acme, "work.get", task="ACME-1").task.title == "A"


def test_another_value_that_changed_since_stays(acme: Database) -> None:
    call(acme, "work.update", task="ACME-1", title="B")
    first = _last(acme)
    call(acme, "work.update", task="ACME-1", priority="high")
    _undo(acme, request=first)
    task = call(acme, "work.get", task="ACME-1").task
    assert (task.title, task.priority) == ("A", 8)


def _table(database: Database, query: str) -> list[Any]:
    with owner(database) as connection:
        return connection.execute(query).fetchall()


def test_a_request_of_several_things_is_undone_whole(acme: Database) -> None:
    add(acme, "B", waits_for=["ACME-1"])
    done = _undo(acme)
    assert (done.resource_type, done.undone) == ("task", "create")
    assert [one.split()[:2] for one in done.others] == [["task_dependency", "create"]]
    assert [row.ref for row in call(acme, "work.list", project="acme").items] == ["ACME-1"]
    assert _table(acme, "select from work.task_dependencies") == []


def test_entries_are_undone_one_by_one_as_well(acme: Database) -> None:
    add(acme, "B", waits_for=["ACME-1"])
    entries = [one.id for one in call(acme, "audit.list").items if one.request_id == _last(acme)]
    for entry in entries:
        _undo(acme, request=str(entry))
    assert call(acme, "work.list", project="acme").items[0].ref == "ACME-1"


def test_all_or_nothing(acme: Database) -> None:
    child = add(acme, "child", parent="ACME-1")
    call(acme, "work.update", task="ACME-1", title="B")
    call(acme, "work.delete", task="ACME-1")
    request = _last(acme)
    with owner(acme) as connection:
        connection.execute("update work.tasks set deleted_at = null, title = 'back' where title = 'child'")
    with pytest.raises(Conflict, match="has changed since"):
        _undo(acme, request=request)
    with pytest.raises(NotFound):
        call(acme, "work.get", task="ACME-1")
    with owner(acme) as connection:
        connection.execute(
            "update work.tasks as t set deleted_at = p.deleted_at, title = 'child' from work.tasks as p"
            " where p.id = t.parent_task_id"
        )
    _undo(acme, request=request)
    assert call(acme, "work.get", task="ACME-1").task.title == "B"
    assert call(acme, "work.get", task=child).task.title == "child"


def test_too_many_at_once_are_named(acme: Database) -> None:
    for number in range(101):
        add(acme, f"part {number}", parent="ACME-1")
    call(acme, "work.delete", task="ACME-1")
    with pytest.raises(Conflict, match="changed 102 things; at most 100"):
        _undo(acme)


def test_what_one_write_does_to_a_thing_and_its_links_is_undone(acme: Database) -> None:
    ann = person(acme, role="admin")
    call(acme, "work.add_epic", ann, title="first", project="acme")
    call(acme, "work.add_epic", ann, title="second", project="acme", depends_on=["EPIC-001"])
    _undo(acme, ann)
    assert [one.title for one in call(acme, "work.list_epics", project="acme").items] == ["first"]
    call(acme, "work.add_epic", ann, title="third", project="acme")
    call(acme, "work.update_epic", ann, epic="EPIC-003", title="renamed", depends_on=["EPIC-001"])
    _undo(acme, ann)
    epic = call(acme, "work.get_epic", epic="EPIC-003", project="acme")
    assert (epic.title, epic.dependencies) == ("third", [])
    call(acme, "projects.add", ann, name="Beta", key="BETA")
    _undo(acme, ann)
    with pytest.raises(NotFound):
        call(acme, "projects.get", project="beta")


def test_an_answer_is_taken_back(acme: Database) -> None:
    ann = person(acme, role="admin")
    taken = claim(acme)
    asked = call(acme, "work.ask", agent(), task="ACME-1", question="Which?", token=taken.token)
    call(acme, "work.answer", ann, question=asked.id, answer="This.")
    assert call(acme, "work.get", task="ACME-1").task.status == "in_progress"
    _undo(acme, ann)
    assert call(acme, "work.get_question", question=asked.id).status == "open"
    assert call(acme, "work.get", task="ACME-1").task.status == "awaiting_input"
    call(acme, "work.answer", ann, question=asked.id, answer="That.")
    assert call(acme, "work.get_question", question=asked.id).answer == "That."


@pytest.mark.parametrize("status", ["active", "paused", "completed", "cancelled", "failed"])
def test_any_change_of_a_workflows_state_is_taken_back(acme: Database, status: str) -> None:
    flow = call(acme, "work.add_workflow", name="W", project="acme")
    before = flow.status
    if status == "paused":
        call(acme, "work.update_workflow", workflow="W", status="active")
        before = "active"
    call(acme, "work.update_workflow", workflow="W", status=status)
    _undo(acme)
    assert call(acme, "work.get_workflow", workflow="W").status == before


def test_a_name_that_others_use_takes_nothing_of_theirs(acme: Database) -> None:
    ann, bob = person(acme), person(acme, "bob")
    call(acme, "work.update", replace(ann, request="same"), task="ACME-1", title="hers")
    add(acme, "B")
    call(acme, "work.update", replace(bob, request="same"), task="ACME-2", title="his")
    call(acme, "work.update", replace(ann, request="same"), task="ACME-1", description="later")
    call(acme, "audit.undo", ann, request="same")
    first, second = (call(acme, "work.get", task=ref) for ref in ("ACME-1", "ACME-2"))
    assert (first.task.title, first.text.description) == ("hers", "what")
    assert second.task.title == "his"


def test_what_came_and_went_in_one_request_is_nothing_to_undo(acme: Database) -> None:
    add(acme, "B")
    with acme.transaction(replace(PERSON, request="both"), operation="work.depend") as db:
        for operation in ("work.depend", "work.undepend"):
            op.operation(operation).function(db, task="ACME-2", on="ACME-1")
    with pytest.raises(NotFound, match="no request both has changed anything that is left"):
        _undo(acme, request="both")


def test_who_was_demoted_does_not_take_that_back(acme: Database) -> None:
    boss, ann = person(acme, "boss", role="admin"), person(acme, role="admin")
    call(acme, "accounts.update_user", replace(boss, request="demote"), user="ann", role="manager")
    ann = replace(ann, role="manager")
    call(acme, "accounts.update_user", replace(ann, request="demote"), user="ann", display_name="x")
    for request in ("demote", *_of_users(acme)):
        with pytest.raises(Denied):
            call(acme, "audit.undo", ann, request=request)
    assert call(acme, "accounts.get_user", user="ann").role == "manager"


def _of_users(database: Database) -> list[str]:
    rows = _table(
        database, "select id from audit.audit_logs where resource_type = 'user' and event_action = 'update'"
    )
    return [str(row[0]) for row in rows]


def test_an_agent_that_came_by_the_way_stays(acme: Database) -> None:
    said = call(acme, "work.comment", agent(), on="ACME-1", content="a slip")
    assert "agent" in {
        one.resource_type for one in call(acme, "audit.list").items if one.request_id == _last(acme)
    }
    assert _undo(acme).resource_type == "comment"
    with pytest.raises(NotFound):
        call(acme, "work.get_comment", comment=said.id)
    assert call(acme, "agents.get", agent=agent().agent).is_active


def test_an_agent_that_was_made_is_put_away(acme: Database) -> None:
    call(acme, "agents.register", name="bot")
    _undo(acme)
    assert call(acme, "agents.get", agent="bot").is_active is False


def test_who_may(acme: Database) -> None:
    ann, bob = person(acme), person(acme, "bob")
    call(acme, "work.update", ann, task="ACME-1", title="B")
    request = _last(acme)
    with pytest.raises(Denied, match="somebody else"):
        _undo(acme, bob, request)
    with pytest.raises(Denied, match="an agent"):
        _undo(acme, agent(), request)
    with pytest.raises(Denied, match="may not work:write"):
        _undo(acme, Actor(user_id=ann.user_id, role="readonly"), request)
    _undo(acme, ann, request)
    call(acme, "work.update", ann, task="ACME-1", title="B")
    _undo(acme)


def test_a_claim_ends_as_with_every_write_of_a_person(acme: Database) -> None:
    call(acme, "work.update", task="ACME-1", title="B")
    request = _last(acme)
    taken = claim(acme)
    _undo(acme, request=request)
    with pytest.raises(Conflict):
        call(acme, "work.finish", agent(), task="ACME-1", token=taken.token)


def test_what_cannot_be(acme: Database) -> None:
    with pytest.raises(NotFound):
        _undo(acme, request="no-such-request")
    with acme.transaction(Actor(role="agent")) as db, pytest.raises(Exception, match="permission denied"):
        db.connection.execute("select kit.restore_row('task', null, 'update', '{}', '{}')")


# ------------------------------------------------------------------------------------------------------------- dry run


def _try(database: Database, operation: str, actor: Actor = PERSON, **given: Any) -> Any:
    return op.run(database, op.operation(operation), given, actor=actor, dry_run=True)


def test_a_dry_run_tells_and_does_nothing(acme: Database) -> None:
    made = _try(acme, "work.update", task="ACME-1", title="B")
    assert (made.dry_run, made.result.task.title) == (True, "B")
    assert made.changes == ["task update B (title: A → B)"]
    assert call(acme, "work.get", task="ACME-1").task.title == "A"
    told: list[set[str]] = []
    acme.on_commit.append(told.append)
    _try(acme, "work.add", title="X", project="acme")
    assert told == []
    assert add(acme, "next") == "ACME-2"


def test_a_dry_run_fails_as_the_write_would(acme: Database) -> None:
    with pytest.raises(NotFound):
        _try(acme, "work.update", task="ACME-9", title="B")
    with pytest.raises(Denied):
        _try(acme, "work.update", Actor(role="readonly"), task="ACME-1", title="B")


def test_a_dry_run_keeps_no_request_key(acme: Database) -> None:
    spec = op.operation("work.add")
    given = {"title": "X", "project": "acme"}
    op.run(acme, spec, given, actor=PERSON, request_key="k", dry_run=True)
    made = op.run(acme, spec, given, actor=PERSON, request_key="k")
    assert call(acme, "work.get", task=made.task.ref).task.title == "X"


def test_undo_can_be_tried(acme: Database) -> None:
    call(acme, "work.update", task="ACME-1", title="B")
    request = _last(acme)
    assert _try(acme, "audit.undo", request=request).result.changes[0].new == "A"
    assert call(acme, "work.get", task="ACME-1").task.title == "B"


def test_every_write_can_be_tried_from_python(acme: Database) -> None:
    steward = Steward(acme, PERSON)
    with steward.dry_run() as rehearsal:
        assert rehearsal.work.add(title="X", project="acme").result.task.ref == "ACME-2"
        assert rehearsal.work.get(task="ACME-1").task.title == "A"
    assert steward.work.get(task="ACME-1").task.title == "A"
