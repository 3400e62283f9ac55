"""Background jobs: one leader, no write of a former one, a row for each run."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.kit import op
from steward.kit.db import Actor, Database, Db
from steward.kit.jobs import LEASE, Job, JobRunner, drop_lead, jobs, run_due, run_job, take_lead

pytestmark = pytest.mark.db


def owner(database: Database) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_conninfo(database.target.direct_conninfo, user="steward_owner"), autocommit=True
    )


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with owner(database) as connection:
        return connection.execute(statement).fetchall()


def add_user(db: Db) -> dict[str, Any]:
    """Write something."""
    db.one("accounts.add_user", op.operation("accounts.add_user").returns, **_user("from-job"))
    return {"made": 1}


def _user(name: str) -> dict[str, Any]:
    empty = {"email": None, "display_name": None, "github_username": None, "metadata": None}
    return {"username": name, "role": "user", **empty}


def test_what_is_due_runs_once_and_leaves_a_row(database: Database) -> None:
    known = [Job("test.add", "Write something.", 3600, add_user)]
    runs = run_due(database, "one", known=known)
    assert [(run.job, run.status, run.report) for run in runs] == [("test.add", "succeeded", {"made": 1})]
    assert run_due(database, "one", known=known) == []
    kept = rows(
        database, "select job_name, holder, status, report, completed_at > started_at from kit.job_runs"
    )
    assert kept == [("test.add", "one", "succeeded", {"made": 1}, True)]
    who = rows(
        database,
        "select user_name, service_name, resource_name from audit.audit_logs where operation = 'test.add'",
    )
    assert who == [("steward", "job", "from-job")]


def test_one_leads_and_the_other_waits_for_its_end(database: Database) -> None:
    known = [Job("test.add", "Write something.", 3600, add_user)]
    token = take_lead(database, "one")
    assert token is not None
    assert run_due(database, "two", known=known) == []
    assert take_lead(database, "one") == token
    drop_lead(database, token)
    later = take_lead(database, "two")
    assert later is not None
    assert later > token


def test_a_leader_that_lost_the_lease_writes_nothing(database: Database) -> None:
    def lose_lead(db: Db) -> dict[str, Any]:
        """Write, while somebody else takes the lead."""
        report = add_user(db)
        with owner(database) as connection:
            connection.execute("update kit.leases set lease_until = now() - interval '1 s'")
        assert take_lead(database, "two") is not None
        return report

    runs = run_due(database, "one", known=[Job("test.lose", "Lose the lead.", 3600, lose_lead)])
    assert [run.status for run in runs] == ["failed"]
    assert "no longer held" in (runs[0].error or "")
    assert rows(database, "select count(*) from accounts.users") == [(0,)]
    assert rows(database, "select count(*) from kit.notices") == [(0,)]
    assert rows(database, "select status from kit.job_runs") == [("failed",)]


def test_a_successor_waits_for_the_leaders_commit(database: Database) -> None:
    token = take_lead(database, "one")
    with owner(database) as connection:
        connection.execute("update kit.leases set lease_until = now() - interval '1 s'")
    taken: list[int | None] = []
    thread = threading.Thread(target=lambda: taken.append(take_lead(database, "two")))
    with database.transaction(Actor(role="service")) as db:
        db.run("kit.hold_lease", name=LEASE, token=token)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the lease must not change hands between the check and the commit"
    thread.join(10)
    assert taken[0] is not None


def test_a_failure_is_kept_told_and_taken_back(database: Database) -> None:
    broken = True

    def sometimes(db: Db) -> dict[str, Any]:
        """Fail at first."""
        add_user(db)
        if broken:
            raise RuntimeError("no luck")
        return {}

    one = Job("test.sometimes", "Fail at first.", 3600, sometimes)
    assert run_due(database, "one", known=[one])[0].error == "no luck"
    token = take_lead(database, "one")
    assert token is not None
    run_job(database, one, holder="one", token=token)
    notices = "select topic, message from kit.notices where dismissed_at is null"
    assert rows(database, notices) == [("job test.sometimes", "test.sometimes failed: no luck")]
    assert rows(database, "select count(*) from accounts.users") == [(0,)]
    broken = False
    assert run_job(database, one, holder="one", token=token).status == "succeeded"
    assert rows(database, notices) == []
    assert rows(database, "select status from kit.job_runs order by id") == [
        ("failed",),
        ("failed",),
        ("succeeded",),
    ]


def test_runs_of_a_process_that_went_away_are_closed(database: Database) -> None:
    known = [Job("test.add", "Write something.", 3600, add_user)]
    run_due(database, "one", known=known)
    with owner(database) as connection:
        connection.execute("update kit.job_runs set status = 'running', completed_at = null")
        connection.execute("update kit.leases set lease_until = now()")
    run_due(database, "two", known=known)
    assert rows(database, "select status, error_message from kit.job_runs") == [
        ("failed", "its process went away")
    ]


def test_a_job_that_is_switched_off_does_not_run(database: Database) -> None:
    known = [Job("test.add", "Write something.", 0.001, add_user)]
    with owner(database) as connection:
        connection.execute(
            "insert into kit.jobs (name, description, interval_ms, enabled) values ('test.add', '', 1, false)"
        )
    assert run_due(database, "one", known=known) == []


def test_all_registered_jobs_run(database: Database) -> None:
    runs = run_due(database, "one")
    assert {run.job for run in runs} == {one.name for one in jobs()}
    assert {"kit.purge", "audit.ensure_partitions", "accounts.purge_sessions"} <= {run.job for run in runs}
    assert [(run.job, run.error) for run in runs if run.error] == []


def test_old_request_keys_are_forgotten(database: Database) -> None:
    with owner(database) as connection:
        connection.execute(
            "insert into kit.request_keys (who, key, operation, params_hash, created_at) values"
            " ('', 'old', 'x.y', '', now() - interval '25 hours'), ('', 'new', 'x.y', '', now())"
        )
    run_due(database, "one")
    assert rows(database, "select key from kit.request_keys") == [("new",)]


def test_the_loop_runs_until_told_to_stop_and_gives_the_lead_back(database: Database) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=JobRunner(database, tick_s=0.05).run_forever, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not rows(
        database, "select from kit.job_runs where status = 'succeeded'"
    ):
        time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert rows(database, "select count(*) > 0 from kit.job_runs") == [(True,)]
    assert rows(database, "select count(*) from kit.leases") == [(0,)]


def test_one_leads_among_many(database: Database) -> None:
    taken: list[int | None] = []
    barrier = threading.Barrier(6)

    def take(name: str) -> None:
        barrier.wait()
        taken.append(take_lead(database, name))

    threads = [threading.Thread(target=take, args=(f"h{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([token for token in taken if token is not None]) == 1
