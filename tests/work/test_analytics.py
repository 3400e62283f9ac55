"""Figures of workflows: efficiency, quality, bottlenecks, critical path, advice; totals of projects."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from steward.domains.work import Statistics, WorkflowAnalytics
from steward.kit.db import Actor, Database
from steward.kit.errors import Denied
from tests.work.scene import Hand, add, agent, call, owner, project, without

LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["with its lock", "without it"])


@pytest.fixture
def stage(database: Database) -> Iterator[Database]:
    project(database)
    call(database, "work.add_workflow", name="W", project="acme")
    yield database
    while Hand.opened:
        Hand.opened.pop().close()


def task(database: Database, title: str, minutes: int | None = None, **arguments: Any) -> str:
    return add(database, title, workflow="W", project="acme", estimated_minutes=minutes, **arguments)


def analyse(database: Database) -> WorkflowAnalytics:
    found = call(database, "work.workflow_analytics", workflow="W")
    assert isinstance(found, WorkflowAnalytics)
    return found


def advice(found: WorkflowAnalytics) -> dict[str, list[str]]:
    return {one["kind"]: one["tasks"] for one in found.workflow.optimization_opportunities}


def test_an_empty_workflow_has_figures(stage: Database) -> None:
    found = analyse(stage).workflow
    assert (found.total_tasks, found.completion_percentage) == (0, Decimal(0))
    assert (found.efficiency_score, found.quality_score, found.complexity_score) == (None, None, None)
    assert (found.critical_path, found.bottlenecks, found.optimization_opportunities) == ([], [], [])


def test_counts_hours_and_efficiency(stage: Database) -> None:
    for minutes, actual in ((120, 60), (60, 30)):
        call(stage, "work.finish", task=task(stage, "a", minutes, complexity=4), actual_minutes=actual)
    task(stage, "open", 60, complexity=10)
    call(stage, "work.update", task=task(stage, "stuck"), status="blocked")
    call(stage, "work.update", task=task(stage, "gone"), status="cancelled")
    found = analyse(stage).workflow
    assert (found.total_tasks, found.completed_tasks, found.failed_tasks, found.blocked_tasks) == (5, 2, 1, 1)
    assert found.completion_percentage == Decimal("40.00")
    assert (found.estimated_duration_hours, found.actual_duration_hours) == (Decimal("4.00"), Decimal("1.50"))
    assert found.efficiency_score == Decimal("266.67"), "all that was estimated by all that was spent"
    assert found.resource_utilization["finished_efficiency"] == 200, "like with like"
    assert found.complexity_score == Decimal("6.00")
    assert found.quality_score == 100


def test_a_large_efficiency_and_a_full_quality_fit(stage: Database) -> None:
    """Section 6, S2 6: 20 h estimated by 1 h spent overflowed, and 10 could not be stored."""
    call(stage, "work.finish", task=task(stage, "a", 20 * 60, complexity=10), actual_minutes=60)
    found = analyse(stage)
    assert found.workflow.efficiency_score == 2000
    assert (found.tasks[0].efficiency_ratio, found.tasks[0].complexity_score) == (Decimal(2000), Decimal(10))
    call(stage, "work.finish", task=task(stage, "b", 1_000_000), actual_minutes=1)
    assert analyse(stage).tasks[1].efficiency_ratio == 100_000_000


def test_subtasks_are_counted_once(stage: Database) -> None:
    whole = task(stage, "whole", 100)
    for title in ("one", "two"):
        add(stage, title, parent=whole, estimated_minutes=50)
    found = analyse(stage).workflow
    assert (found.total_tasks, found.estimated_duration_hours) == (3, Decimal("1.67"))


def test_quality_falls_with_failed_tries(stage: Database) -> None:
    good, bad, worst = (task(stage, title) for title in ("good", "bad", "worst"))
    call(stage, "work.fail", task=bad, reason="no")
    call(stage, "work.fail", task=worst, reason="no", final=True)
    for done in (good, bad):
        call(stage, "work.finish", task=done)
    found = analyse(stage)
    scores = {one.ref: one.quality_metrics["overall_score"] for one in found.tasks}
    assert scores == {good: 100, bad: 50, worst: 0}
    assert found.workflow.quality_score == 50
    assert {one.ref: (one.error_count, one.retry_count) for one in found.tasks} == {
        good: (0, 0),
        bad: (1, 1),
        worst: (1, 0),
    }
    assert found.workflow.failed_tasks == 1


def test_the_critical_path_is_the_longest_by_minutes(stage: Database) -> None:
    a, b, c, d, e = (task(stage, *pair) for pair in (("a", 60), ("b", 120), ("c", 30), ("d", 200), ("e", 5)))
    for waiting, blocker in ((b, a), (c, b), (c, d), (e, a)):
        call(stage, "work.depend", task=waiting, on=blocker)
    found = analyse(stage)
    assert [one["task"] for one in found.workflow.critical_path] == [d, c]
    assert found.workflow.critical_path_minutes == 230
    call(stage, "work.update", task=a, estimated_minutes=90)
    found = analyse(stage)
    assert [(one["task"], one["minutes"]) for one in found.workflow.critical_path] == [
        (a, 90),
        (b, 120),
        (c, 30),
    ]
    assert {one.ref: one.critical_position for one in found.tasks} == {a: 1, b: 2, c: 3, d: None, e: None}
    assert advice(found)["critical_path"] == [a]


def test_what_is_done_is_no_longer_on_the_path_until_all_is(stage: Database) -> None:
    first, second = task(stage, "first", 1000), task(stage, "second", 10)
    begin, end = task(stage, "begin", 500), task(stage, "end", 100)
    for waiting, blocker in ((second, first), (end, begin)):
        call(stage, "work.depend", task=waiting, on=blocker)
    call(stage, "work.finish", task=first)
    found = analyse(stage)
    assert [one["task"] for one in found.workflow.critical_path] == [begin, end]
    assert found.workflow.critical_path_minutes == 600
    assert advice(found)["critical_path"] == [begin]
    for ref in (second, begin, end):
        call(stage, "work.finish", task=ref)
    assert [one["task"] for one in analyse(stage).workflow.critical_path] == [first, second]


def test_a_done_task_is_no_path_where_nothing_left_has_an_estimate(stage: Database) -> None:
    done = task(stage, "done", 100)
    task(stage, "left")
    task(stage, "left as well")
    call(stage, "work.finish", task=done)
    found = analyse(stage).workflow
    assert (found.critical_path, found.critical_path_minutes) == ([], 0)


def test_minutes_in_work_are_without_the_wait_for_people(stage: Database) -> None:
    ref = task(stage, "asked")
    taken = call(stage, "work.claim", agent(), task=ref)
    call(stage, "work.start", agent(), task=ref, token=taken.token)
    asked = call(stage, "work.ask", agent(), task=ref, question="Which?", token=taken.token)
    call(stage, "work.answer", question=asked.id, answer="This.")
    call(stage, "work.finish", agent(), task=ref, token=taken.token)
    with owner(stage) as connection:
        connection.execute("update work.questions set waited_ms = 1800000")
        connection.execute("update work.tasks set started_at = completed_at - interval '50 minutes'")
    assert analyse(stage).tasks[0].performance_metrics["minutes_in_work"] == 20


def test_bottlenecks_are_who_holds_up_most(stage: Database) -> None:
    a, b, c, d = (task(stage, title, 10) for title in "abcd")
    for waiting, blocker in ((b, a), (c, b), (d, b), (d, a)):
        call(stage, "work.depend", task=waiting, on=blocker)
    call(stage, "work.depend", task=c, on=d, type="relates_to")
    with owner(stage) as connection:
        connection.execute("update work.task_dependencies set created_at = now() - interval '50 hours'")
        connection.execute("update work.tasks set created_at = now() - interval '30 hours'")
    found = analyse(stage)
    assert {one.ref: int(one.blocking_factor) for one in found.tasks} == {a: 3, b: 2, c: 0, d: 0}
    assert [
        (one["task"], one["waiting"], one["blocking_for_hours"]) for one in found.workflow.bottlenecks
    ] == [
        (a, 3, 30),
        (b, 2, 30),
    ]
    assert found.tasks[0].dependency_impact_score == 75
    assert found.workflow.waiting_tasks == 3
    told = advice(found)
    assert (told["bottleneck"], told["long_blocked"]) == ([a, b], [b, c, d])
    call(stage, "work.finish", task=a, actual_minutes=1)
    after = analyse(stage)
    assert {one.ref: int(one.blocking_factor) for one in after.tasks} == {a: 0, b: 2, c: 0, d: 0}


def test_a_parent_waits_for_its_subtasks(stage: Database) -> None:
    whole = task(stage, "whole")
    part = add(stage, "part", parent=whole, estimated_minutes=30)
    after = task(stage, "after", 10)
    call(stage, "work.depend", task=after, on=whole)
    found = analyse(stage)
    assert {one.ref: int(one.blocking_factor) for one in found.tasks} == {part: 2, whole: 1, after: 0}
    assert [one["task"] for one in found.workflow.critical_path] == [part, whole, after]
    assert found.workflow.critical_path_minutes == 40


def test_advice_names_what_to_do(stage: Database) -> None:
    task(stage, "a", 10, due="2020-01-01T00:00:00Z")
    b = task(stage, "b")
    call(stage, "work.fail", task=b, reason="no")
    found = analyse(stage)
    told = advice(found)
    assert told == {
        "critical_path": ["ACME-1"],
        "parallel": ["ACME-1", b],
        "missing_estimate": [b],
        "retries": [b],
        "overdue": ["ACME-1"],
    }
    texts = [one["advice"] for one in found.workflow.optimization_opportunities]
    assert "2 tasks could be worked on at once, nothing stands between them: ACME-1, ACME-2." in texts


def test_who_worked_is_told(stage: Database) -> None:
    call(stage, "work.claim", Actor(role="admin", agent="codegen"), task=task(stage, "a"))
    claimed = call(stage, "work.start", Actor(role="admin"), task="ACME-1")
    assert claimed.status == "in_progress"
    task(stage, "b")
    workers = {one["name"]: one["tasks"] for one in analyse(stage).workflow.resource_utilization["by_worker"]}
    assert workers == {"nobody": 2}


def test_figures_are_kept_and_one_row_each(stage: Database) -> None:
    assert call(stage, "work.get_workflow_analytics", workflow="W") is None
    task(stage, "a")
    analyse(stage)
    second = analyse(stage)
    kept = call(stage, "work.get_workflow_analytics", workflow="W")
    assert kept == second
    with owner(stage) as connection:
        counted = connection.execute(
            "select (select count(*) from work.workflow_analytics), (select count(*) from work.task_analytics)"
        ).fetchone()
    assert counted == (1, 1)


def test_the_seeds_function_has_its_name_and_signature(stage: Database) -> None:
    task(stage, "a")
    hand = Hand(stage)
    rows = hand.run(
        "select total_tasks from calculate_workflow_analytics((select id from workflows where name = 'W'))"
    )
    assert rows == [(1,)]


def test_only_who_may_write_can_calculate(stage: Database) -> None:
    hand = Hand(stage, Actor(role="readonly"))
    with pytest.raises(psycopg.Error) as refused:
        hand.run("select work.calculate_workflow_analytics(id) from work.workflows")
    assert refused.value.sqlstate == "ST403"
    with pytest.raises(Denied):
        call(stage, "work.workflow_analytics", Actor(role="readonly"), workflow="W")


def test_the_performance_summary_shows_what_is_and_what_was_calculated(stage: Database) -> None:
    call(stage, "work.add_workflow", name="V", project="acme", status="active")
    call(stage, "work.finish", task=task(stage, "a", 60, complexity=4), actual_minutes=30)
    analyse(stage)
    call(stage, "work.update", task=task(stage, "b", 60, complexity=8), status="blocked")
    page = call(stage, "work.performance_summary", project="acme")
    first, second = page.items
    assert (first.workflow_name, first.total_tasks, first.completion_percentage) == ("V", 0, 0)
    assert (second.total_tasks, second.completed_tasks, second.blocked_tasks) == (2, 1, 1)
    assert (second.completion_percentage, second.efficiency_score) == (Decimal("50.00"), Decimal("200.00"))
    assert (second.avg_task_complexity, second.duration_hours) == (Decimal("6.00"), Decimal("0.00"))
    active = call(stage, "work.performance_summary", project="acme", status=["active"])
    assert [one.workflow_name for one in active.items] == ["V"]


def test_statistics_count_each_thing_once(stage: Database) -> None:
    project(stage, "other")
    call(stage, "work.add_epic", title="A", project="acme", status="completed")
    call(stage, "work.add_epic", title="B", project="acme")
    for n in range(3):
        call(stage, "work.add_issue", title=str(n), project="acme", epic="EPIC-001")
    call(stage, "work.close_issue", issue="ACME-1")
    for title in "abcd":
        task(stage, title, epic="EPIC-001")
    call(stage, "work.depend", task="ACME-5", on="ACME-4")
    call(stage, "work.finish", task="ACME-4")
    add(stage, "x", project="other")
    found = call(stage, "work.statistics", project="acme")
    assert found == Statistics(
        total_projects=1,
        total_epics=2,
        completed_epics=1,
        total_issues=3,
        open_issues=2,
        total_workflows=1,
        active_workflows=0,
        completed_workflows=0,
        total_tasks=4,
        completed_tasks=1,
        total_dependencies=1,
    )
    everything = call(stage, "work.statistics", project="all")
    assert (everything.total_projects, everything.total_tasks) == (2, 5)


def test_a_long_chain_that_was_just_loaded_is_worked_through(stage: Database) -> None:
    with owner(stage) as connection:
        connection.execute(
            "insert into work.tasks (project_id, number, title, workflow_id, estimated_minutes)"
            " select w.project_id, n, 't', w.id, 1 from work.workflows w, generate_series(1, 1500) n"
        )
        connection.execute(
            "insert into work.task_dependencies (task_id, depends_on_task_id, project_id)"
            " select t.id, b.id, t.project_id from work.tasks t join work.tasks b on b.number = t.number - 1"
        )
    found = analyse(stage)
    assert found.workflow.critical_path_minutes == 1500
    assert found.tasks[0].blocking_factor == 1499


@LOCKED
def test_an_older_calculation_does_not_overwrite_a_newer_one(stage: Database, locked: bool) -> None:
    done = task(stage, "a", 60)
    if not locked:
        without(stage, "work.calculate_workflow_analytics", "for no key update")
    calculate = "select work.calculate_workflow_analytics(id) from work.workflows"
    first, second = Hand(stage), Hand(stage)
    first.run(calculate)
    second.begin(calculate)
    assert second.waits()
    call(stage, "work.finish", task=done, actual_minutes=30)
    first.commit()
    second.end()
    second.commit()
    kept = call(stage, "work.get_workflow_analytics", workflow="W").tasks[0]
    assert kept.actual_effort_hours == (Decimal("0.50") if locked else None)
