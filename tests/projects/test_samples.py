"""Seeds and sample rows may be put in twice."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.kit.db import Database
from steward.kit.op import ROOMS
from steward.kit.sql import folder_of

pytestmark = pytest.mark.db

_COUNTS = """
select
  (select count(*) from accounts.users),
  (select count(*) from accounts.users where password_hash is not null),
  (select count(*) from agents.agents),
  (select count(*) from agents.model_providers),
  (select count(*) from projects.projects),
  (select count(*) from projects.project_members where role <> 'owner'),
  (select count(*) from projects.project_counters),
  (select count(*) from work.tasks) > 0
"""


def test_seeds_and_samples_are_idempotent(database: Database) -> None:
    conninfo = make_conninfo(database.target.direct_conninfo, user="steward_owner")
    seen: list[tuple[Any, ...] | None] = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for _ in range(2):
            for name in ("seed.sql", "sample.sql"):
                for room in ROOMS:
                    path = folder_of(room) / name
                    if path.exists():
                        connection.execute(path.read_text("utf-8"))
            seen.append(connection.execute(_COUNTS).fetchone())
    # Five users, ten agents, seven providers; five projects of a platform, four of a machine, and the system's.
    assert seen == [(5, 0, 10, 7, 10, 15, 10, True)] * 2
