"""To which projects, tasks and commits sessions are tied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from steward.domains import projects, work
from steward.kit.db import Actor, Database
from tests.importers.transcripts.helpers import answered, bring_in, came, rows, said, used, written

pytestmark = pytest.mark.db


def _project_of(database: Database, actor: Actor, session: str = "") -> str:
    found = rows(
        database,
        actor,
        "select p.slug from telemetry.agent_sessions as s join projects.projects as p on p.id = s.project_id"
        " where %s in ('', s.external_id)",
        session,
    )
    return str(found[0]["slug"])


def _repository(folder: Path, remote: str | None) -> Path:
    (folder / ".git").mkdir(parents=True)
    text = f'[remote "origin"]\n\turl = {remote}\n' if remote else "[core]\n\tbare = false\n"
    (folder / ".git" / "config").write_text(text)
    return folder


def test_a_folder_with_a_remote_makes_its_project_once(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    shop = _repository(tmp_path / "shop", "https://me:hunter2secret@example.org/acme/shop.git")
    (shop / "src").mkdir()
    first = written(
        tmp_path / "t" / "a.jsonl", [said(1, "x", session="a", cwd=str(shop / "src")), answered(2)]
    )
    second = written(tmp_path / "t" / "b.jsonl", [said(1, "y", session="b", cwd=str(shop))])
    assert bring_in(database, actor, first, second).unplaced == {"/nowhere/shop": 1}
    made = rows(
        database, actor, "select name, path, repository_url from projects.projects where slug = 'shop'"
    )
    assert len(made) == 1
    assert made[0]["path"] == str(shop)
    assert "hunter2" not in str(made)
    assert {_project_of(database, actor, name) for name in ("a", "b")} == {"shop"}


def test_a_folder_of_another_machine_stays_without_a_project_unless_told(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", [said(1, "x"), answered(2)])
    assert bring_in(database, actor, path).unplaced == {"/nowhere/shop": 1}
    assert _project_of(database, actor) == "system"
    assert bring_in(database, actor, path, create_projects=True).unplaced == {}
    assert _project_of(database, actor) == "shop"
    spent = rows(
        database,
        actor,
        "select p.slug from telemetry.token_usage as t join projects.projects as p on p.id = t.project_id",
    )
    assert spent == [{"slug": "shop"}]


def test_the_project_that_is_named_wins(database: Database, actor: Actor, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [said(1, "x", cwd=str(_repository(tmp_path / "shop", None)))])
    bring_in(database, actor, path)
    assert _project_of(database, actor) == "shop"
    bring_in(database, actor, path, project="Mine")
    assert _project_of(database, actor) == "mine"
    other = written(tmp_path / "b.jsonl", [said(1, "y", session="b")])
    bring_in(database, actor, other, project="Mine")
    assert _project_of(database, actor, "b") == "mine"


def test_a_place_that_holds_everything_is_no_project(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", [said(1, "x", cwd="/tmp"), answered(2, cwd="/")])
    assert list(bring_in(database, actor, path).unplaced) == ["/tmp"]


def _task(database: Database, actor: Actor, project: UUID) -> tuple[str, str]:
    with database.transaction(actor, permission="work:write") as db:
        made: Any = work.add(db, title="Mend it", project=str(project))
        return made.task.ref, str(made.task.id)


def test_what_is_spent_between_claim_and_finish_is_the_tasks(
    database: Database, actor: Actor, tmp_path: Path
) -> None:
    with database.transaction(actor, permission="projects:write") as db:
        project = projects.add(db, name="Shop", key="SHOP").id
    ref, task = _task(database, actor, project)
    by_branch, other = _task(database, actor, project)
    claimed = json.dumps({"token": 1, "task": {"ref": ref, "id": task}})
    path = written(
        tmp_path / "a.jsonl",
        [
            answered(1),
            used(2, "c", "mcp__steward__work_claim"),
            came(3, "c", claimed),
            answered(4),
            answered(5),
            used(6, "f", "mcp__steward__work_finish", task=ref, token=1),
            came(7, "f", "{}"),
            answered(8),
            answered(9, gitBranch=f"fix/{by_branch.lower()}-login"),
            answered(10, gitBranch="feat/NONE-99999"),
            used(11, "k", "Bash", command="git commit -m x"),
            came(12, "k", "[main abc1234] x"),
        ],
    )
    for outcome in ("imported", "unchanged"):
        assert bring_in(database, actor, path, project="SHOP").files[0].outcome == outcome
        spent = rows(
            database, actor,
            "select extract(second from at)::int as at, task_id::text as task from telemetry.token_usage order by at",
        )  # fmt: skip
        assert {row["at"]: row["task"] for row in spent} == {
            1: None, 2: None, 4: task, 5: task, 6: task, 8: None, 9: other, 10: None, 11: None,
        }  # fmt: skip
    assert [row["sha"] for row in rows(database, actor, "select sha from telemetry.session_commits")] == [
        "abc1234"
    ]


def test_a_branch_names_no_task_of_another_project(database: Database, actor: Actor, tmp_path: Path) -> None:
    with database.transaction(actor, permission="projects:write") as db:
        project = projects.add(db, name="Shop", key="SHOP").id
    ref, _ = _task(database, actor, project)
    here = str(_repository(tmp_path / "elsewhere", "https://example.org/acme/elsewhere.git"))
    path = written(tmp_path / "a.jsonl", [answered(1, gitBranch=f"x/{ref}", cwd=here)])
    bring_in(database, actor, path)
    assert rows(database, actor, "select task_id from telemetry.session_tasks") == []
