"""A client that calls Steward's SQL functions: `DSN PROJECT_ID AGENT BATCH`."""

from __future__ import annotations

import sys
from uuid import UUID

import psycopg

from bench.crews import work


def main() -> None:
    """Claim and finish until nothing is left."""
    dsn, project, agent, batch = sys.argv[1], UUID(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("select set_config('steward.agent', %s, false)", (agent,))
        row = connection.execute("select agents.ensure_agent(%s, null)", (agent,)).fetchone()
        assert row is not None
        claim, finish = (
            "select task_id, token from work.claim_tasks(%b, %b, null, %b)",
            "select work.finish_tasks(%b, %b)",
        )

        def in_batches() -> int:
            done = 0
            while taken := connection.execute(claim, (row[0], project, batch), binary=True).fetchall():
                connection.execute(finish, ([task for task, _ in taken], [token for _, token in taken]))
                done += len(taken)
            return done

        def one_by_one() -> int:
            done = 0
            while taken := connection.execute(claim, (row[0], project, 1), binary=True).fetchone():
                connection.execute("select work.finish_task(%b, %b)", taken)
                done += 1
            return done

        work(one_by_one if batch == 1 else in_batches)


if __name__ == "__main__":
    main()
