"""A client of Steward's Python interface: `PROJECT AGENT BATCH`; the home comes from the environment."""

from __future__ import annotations

import sys

import steward
from bench.crews import work


def main() -> None:
    """Claim and finish until nothing is left, one at a time or in batches."""
    project, agent, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with steward.connect(project=project, agent=agent) as house:

        def one_by_one() -> int:
            done = 0
            while claim := house.work.claim():
                house.work.finish(task=claim.task.task.ref, token=claim.token)
                done += 1
            return done

        def in_batches() -> int:
            done = 0
            while claims := house.work.claim_many(limit=batch):
                house.work.finish_many(
                    tasks=[claim.task.ref for claim in claims], tokens=[claim.token for claim in claims]
                )
                done += len(claims)
            return done

        house.work.next()
        work(one_by_one if batch == 1 else in_batches)


if __name__ == "__main__":
    main()
