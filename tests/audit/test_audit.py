"""The audit log against a real server: whole, unchangeable, and readable in the order of transactions."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.domains import accounts, audit
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import NotFound
from steward.kit.migrate import migrate, rollback

pytestmark = pytest.mark.db


def call(database: Database, name: str, actor: Actor, /, request_key: str | None = None, **given: Any) -> Any:
    return op.run(database, op.operation(name), given, actor=actor, request_key=request_key)


def owner(database: Database) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_conninfo(database.target.direct_conninfo, user="steward_owner"), autocommit=True
    )


@pytest.fixture
def ada(database: Database) -> Actor:
    with database.transaction(Actor(role="service")) as db:
        return accounts.principal_for_os_user(db, username="ada").actor(
            surface="rest", request="req-1", session="s-1", agent="codegen", ip="127.0.0.1"
        )


def changes(database: Database, mark: str | None, **given: int) -> audit.Changes:
    with database.transaction(Actor(role="service"), read_only=True) as db:
        return audit.changes_after(db, mark, **given)


def test_a_change_is_kept_with_actor_and_both_values(database: Database, ada: Actor) -> None:
    made = call(database, "projects.add", ada, name="Acme", description="old")
    call(database, "projects.update", ada, project="acme", description="new", metadata={"a": 1})
    page = call(database, "audit.history", ada, resource=str(made.id))
    changed, created = page.items
    assert (created.event_type, created.event_action) == ("project_created", "create")
    assert (changed.user_name, changed.agent_name, changed.service_name) == ("ada", "codegen", "rest")
    assert (changed.operation, changed.resource_name) == ("projects.update", "Acme")
    assert [(one.field, one.old, one.new) for one in changed.changes] == [
        ("description", "old", "new"),
        ("metadata", {}, {"a": 1}),
    ]
    with database.connection() as connection:
        row = connection.execute(
            "select old_values ->> 'description', new_values ->> 'description', request_id, session_id,"
            " host(ip_address), changes_summary from audit.audit_log_summary"
            " where event_action = 'update' and resource_type = 'project'"
        ).fetchone()
    assert row == ("old", "new", "req-1", "s-1", "127.0.0.1", "description: old → new, metadata")


def test_a_write_that_changes_nothing_leaves_no_row(database: Database, ada: Actor) -> None:
    made = call(database, "projects.add", ada, name="Acme")
    call(database, "projects.update", ada, project="acme", name="Acme")
    assert len(call(database, "audit.history", ada, resource=str(made.id)).items) == 1


def test_the_hash_binds_the_payload(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme")
    with database.connection() as connection:
        row = connection.execute(
            "select count(*), bool_and(l.payload_hash = sha256(p.salt || convert_to(p.payload, 'UTF8')))"
            " from audit.audit_logs l join audit.audit_payloads p using (id, created_at)"
        ).fetchone()
    assert row is not None
    assert row[0] > 0
    assert row[1] is True


def test_no_column_escapes_the_capture(database: Database) -> None:
    """The functions are written for the columns of their tables; quiet columns and those only are left out."""
    quiet = {"updated_at", "version", "last_seen_at", "last_used_at", "last_login_at"}
    with database.connection() as connection:
        rows = connection.execute(
            "select c.relname, p.prosrc, array_agg(a.attname::text)"
            " from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid"
            " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " where t.tgname = 'audit_update' group by c.relname, p.prosrc"
        ).fetchall()
    assert len(rows) >= 20
    for table, source, columns in rows:
        left_out = {name for name in columns if f"jsonb_build_array('{name}'," not in source}
        assert left_out <= quiet, table


def test_an_image_of_a_change_is_what_the_whole_rows_differ_in(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme", key="ACME")
    call(database, "work.add", ada, project="acme", title="One", labels=["a"])
    image = "select to_jsonb(t) - '{updated_at,version}'::text[] from work.tasks as t"
    long, quoted = "x" * 61, 'a "b" \\ é\n'
    change = (
        "update work.tasks set title = %s, description = %s, labels = '{b,c}', priority = 9, due_date = now(),"
        " metadata = '{\"b\": 1, \"aa\": [1.50, null]}', ai_analysis = 'null', estimated_minutes = 5,"
        " deleted_at = now()"
    )
    with owner(database) as connection:
        (before,) = connection.execute(image).fetchone() or (None,)
        connection.execute(change, (quoted, long))
        (after,) = connection.execute(image).fetchone() or (None,)
        row = connection.execute(
            "select p.payload, p.payload = p.payload::jsonb::text, l.event_type, l.changes_summary, l.resource_name"
            " from audit.audit_logs l join audit.audit_payloads p using (id, created_at) order by l.id desc limit 1"
        ).fetchone()
    assert before
    assert after
    assert row is not None
    differ = [name for name in after if after[name] != before[name]]
    assert json.loads(row[0]) == {
        "old": {name: before[name] for name in differ},
        "new": {name: after[name] for name in differ},
    }
    assert row[1:3] == (True, "task_deleted")
    assert row[3].startswith(
        f"ai_analysis: {{}} → -, deleted_at: - → {after['deleted_at']}, description, due_date: "
    )
    assert row[3].endswith(
        f"estimated_minutes: - → 5, labels, metadata, priority: 5 → 9, title: One → {quoted}"
    )
    assert row[4] == quoted


def test_rows_of_one_statement_have_salts_and_ids_of_their_own(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme", key="ACME")
    for number in range(3):
        call(database, "work.add", ada, project="acme", title=f"Task {number}")
    with owner(database) as connection:
        connection.execute("update work.tasks set priority = 9")
        connection.execute("update work.tasks set priority = 8")
        row = connection.execute(
            "select count(*), count(distinct p.salt), count(distinct l.log_id), min(length(p.salt)),"
            " bool_and(substr(l.log_id::text, 15, 1) = '7')"
            " from audit.audit_logs l join audit.audit_payloads p using (id, created_at)"
        ).fetchone()
    assert row is not None
    assert row[0] == row[1] == row[2] > 6
    assert row[3:] == (16, True)


def test_nobody_changes_the_log(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme")
    with owner(database) as connection:
        tables = [
            table
            for (table,) in connection.execute(
                "select inhrelid::regclass::text from pg_inherits where inhparent in"
                " ('audit.audit_logs'::regclass, 'audit.audit_payloads'::regclass)"
            )
        ]
        assert len(tables) == 8
        for table in ("audit.audit_logs", "audit.audit_payloads", *tables):
            with pytest.raises(psycopg.Error) as failed:
                connection.execute(f"truncate {table}")
            assert failed.value.sqlstate == "ST403", table
        for statement in (
            "delete from audit.audit_logs",
            "update audit.audit_logs set user_name = 'eve'",
            "delete from audit.audit_payloads",
            "update audit.audit_payloads set payload = ''",
        ):
            with pytest.raises(psycopg.Error) as failed:
                connection.execute(statement)
            assert failed.value.sqlstate == "ST403"


def test_nobody_forges_the_log(database: Database) -> None:
    with database.connection() as connection:
        for statement in (
            "select kit.audit_write('task', 'create', array['x'], null, null, array['{}'], null, null)",
            "insert into audit.audit_logs (event_type, event_action, resource_type) values ('custom', 'create', 'x')",
            "select kit.guard_partition('audit.audit_logs', 'audit.audit_logs_rest')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_partitions_made_later_are_guarded_and_survive_a_migration(database: Database) -> None:
    with database.connection() as connection:
        row = connection.execute("select kit.ensure_partitions('audit.audit_logs', 5)").fetchone()
        assert row == (3,)
        assert connection.execute("select kit.ensure_partitions('audit.audit_logs', 5)").fetchone() == (0,)
    conninfo = make_conninfo(database.target.direct_conninfo, user="steward_owner")
    newest = "select 'audit.audit_logs_' || to_char(now() at time zone 'utc' + interval '5 months', 'YYYYMM')"
    with owner(database) as connection:
        table = connection.execute(newest).fetchone()
        assert table is not None
        with pytest.raises(psycopg.Error, match="cannot be changed"):
            connection.execute(f"truncate {table[0]}")
        connection.execute("update kit.settings set value = '\"old\"' where key = 'code_checksum'")
    migrate(conninfo)
    with owner(database) as connection, pytest.raises(psycopg.Error, match="cannot be changed"):
        connection.execute(f"truncate {table[0]}")
    database.close()
    rollback(conninfo, to="0002")
    migrate(conninfo)


def test_rows_of_the_default_partition_do_not_stop_the_next_months(database: Database) -> None:
    with owner(database) as connection:
        connection.execute(
            "insert into audit.audit_logs (event_type, event_action, resource_type, created_at)"
            " values ('custom', 'create', 'x', now() + interval '4 months')"
        )
        assert connection.execute("select kit.ensure_partitions('audit.audit_logs', 5)").fetchone() == (2,)


def test_the_log_filters(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="One")
    bob = Actor(role="admin", user_name="bob", agent="robo")
    call(database, "projects.add", bob, name="Two")
    call(database, "projects.update", bob, project="two", description="x")

    def names(**given: Any) -> list[tuple[str, str]]:
        page = call(database, "audit.list", ada, **given)
        return [(one.resource_type, one.event_action) for one in page.items]

    assert names(project="two") == [("project", "update"), ("project", "create")]
    assert names(actor="ROBO") == names(actor="bob") == names(project="two")
    assert len(names(actor=str(ada.user_id))) == 2
    assert names(event_type="project_updated") == [("project", "update")]
    assert names(resource_type="project_member") == [("project_member", "create")]
    assert names(since="2999-01-01") == []
    first = call(database, "audit.list", ada, limit=2)
    rest = call(database, "audit.list", ada, limit=100, cursor=first.next_cursor)
    ids = [one.id for one in first.items + rest.items]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == len(call(database, "audit.list", ada, limit=100).items)


def follow(
    database: Database, mark: str | None, count: int, *, limit: int = 500
) -> tuple[list[Any], str | None]:
    """Read until so many rows came: an open transaction of any database of the server holds them back."""
    seen: list[Any] = []
    deadline = time.monotonic() + 20
    while len(seen) < count and time.monotonic() < deadline:
        part = changes(database, mark, limit=limit)
        assert len(part.items) <= limit
        seen, mark = seen + part.items, part.mark
    return seen, mark


def test_a_listener_is_not_misled_by_the_order_of_ids(database: Database, actor: Actor) -> None:
    mark: str | None = changes(database, None).mark
    add = "insert into accounts.users (username) values (%s)"
    with owner(database) as younger, owner(database) as older:
        younger.autocommit = older.autocommit = False
        older.execute("select pg_current_xact_id()")
        younger.execute(add, ("lower id",))
        older.execute(add, ("higher id",))
        older.commit()
        seen, mark = follow(database, mark, 1)
        assert [one.resource_name for one in seen] == ["higher id"]
        younger.commit()
    more, mark = follow(database, mark, 1)
    assert [one.resource_name for one in more] == ["lower id"]
    assert more[0].id < seen[0].id


def test_a_listener_waits_for_an_older_transaction(database: Database, actor: Actor) -> None:
    mark: str | None = changes(database, None).mark
    add = "insert into accounts.users (username) values (%s)"
    with owner(database) as older, owner(database) as younger:
        older.autocommit = False
        older.execute(add, ("older",))
        younger.execute(add, ("younger",))
        held = changes(database, mark)
        assert held.items == []
        older.commit()
    seen, mark = follow(database, held.mark, 2)
    assert [one.resource_name for one in seen] == ["older", "younger"]
    assert changes(database, mark).items == []


def test_a_listener_reads_in_parts(database: Database, actor: Actor) -> None:
    mark = changes(database, None).mark
    for n in range(7):
        call(database, "accounts.add_user", actor, username=f"u{n}")
    seen, _ = follow(database, mark, 7, limit=3)
    assert [one.resource_name for one in seen] == [f"u{n}" for n in range(7)]


def test_the_log_is_followed_by_its_index(database: Database) -> None:
    with owner(database) as connection:
        connection.execute("set enable_seqscan = off")
        plan = "\n".join(
            line
            for (line,) in connection.execute(
                "explain select id from audit.audit_logs where (xid, id) > ('5'::xid8, 1) and xid < '9'::xid8"
                " order by xid, id limit 10"
            )
        )
    assert "xid_id_idx" in plan
    assert "Seq Scan" not in plan


def test_a_task_and_an_issue_are_found_by_their_references(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme", key="ACME")
    task = call(database, "work.add", ada, title="Task", project="acme")
    issue = call(database, "work.add_issue", ada, title="Issue", project="acme")
    for reference, made in (("ACME-1", task.task), ("acme-2", issue)):
        page = call(database, "audit.history", ada, resource=reference)
        assert {row.resource_id for row in page.items} == {str(made.id)}
        assert call(database, "audit.list", ada, resource=reference).items
    with pytest.raises(NotFound, match="ACME-9"):
        call(database, "audit.history", ada, resource="ACME-9")


def test_the_history_of_a_task_tells_its_ties(database: Database, ada: Actor) -> None:
    call(database, "projects.add", ada, name="Acme", key="ACME")
    for title in ("first", "second"):
        call(database, "work.add", ada, title=title, project="acme")
    call(database, "work.depend", ada, task="ACME-2", on="ACME-1")
    call(database, "work.undepend", ada, task="ACME-2", on="ACME-1")

    def told(**given: Any) -> list[tuple[str, str]]:
        page = call(database, "audit.history", ada, resource="ACME-2", **given)
        return [(row.resource_type, row.event_action.value) for row in page.items]

    ties = [("task_dependency", "delete"), ("task_dependency", "create")]
    assert told() == [*ties, ("task", "create")]
    assert told(resource_type="task_dependency") == ties
    assert told(limit=1) == ties[:1]
    assert told(resource_type="task") == [("task", "create")]
