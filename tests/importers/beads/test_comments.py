"""Comments of a file are comments of Steward: theirs stay theirs, ours stay ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importers.beads.conftest import BeadsBench
from tests.importers.beads.samples import issue, jsonl
from tests.work.scene import call

pytestmark = pytest.mark.db

ROWS = """
select c.author, u.username, a.name, c.content, c.created_at::text, c.deleted_at is not null
from work.comments as c
left join accounts.users as u on u.id = c.author_user_id
left join agents.agents as a on a.id = c.author_agent_id
order by c.created_at
"""


def said(ref: int, text: str, author: str = "ada") -> dict[str, Any]:
    return {"id": ref, "author": author, "text": text, "created_at": f"2025-12-0{ref}T10:00:00Z"}


def test_comments_are_rows_with_their_authors_and_times(bench: BeadsBench) -> None:
    call(bench.database, "accounts.add_user", username="ada", email="ada@example.org")
    call(bench.database, "agents.register", name="codex")
    comments = [
        said(1, "One"),
        said(2, "Two", "Codex"),
        said(3, "Three", "nobody known"),
        said(4, "Four", ""),
    ]
    entry = bench.put(issue("bd-1", comments=comments))
    assert entry.changes["comments_added"] == 4
    assert bench.sql(ROWS) == [
        ("ada", "ada", None, "One", "2025-12-01 10:00:00+00", False),
        ("Codex", None, "codex", "Two", "2025-12-02 10:00:00+00", False),
        ("nobody known", None, None, "Three", "2025-12-03 10:00:00+00", False),
        ("unknown", None, None, "Four", "2025-12-04 10:00:00+00", False),
    ]
    listed = call(bench.database, "work.list_comments", on="SHOP-1").items
    assert [each.content for each in listed] == ["One", "Two", "Three", "Four"]


def test_a_second_import_writes_no_comment(bench: BeadsBench) -> None:
    line = issue("bd-1", comments=[said(1, "One")])
    bench.put(line)
    before = bench.sql("select id, version, updated_at from work.comments")
    assert bench.run().files[0].changes == {"unchanged": 1}
    entry = bench.put(line, issue("bd-2"))
    assert {name for name in entry.changes if name.startswith("comments")} == set()
    assert bench.sql("select id, version, updated_at from work.comments") == before
    assert bench.give_back() == jsonl(line, issue("bd-2"))


def test_only_what_changed_in_the_file_is_written(bench: BeadsBench) -> None:
    bench.put(issue("bd-1", comments=[said(1, "One"), said(2, "Two"), said(3, "Three"), said(4, "Four")]))
    ids = dict(bench.sql("select content, id from work.comments"))
    call(bench.database, "work.update_comment", comment=str(ids["Two"]), content="Ours")
    call(bench.database, "work.delete_comment", comment=str(ids["Four"]))
    later = [said(1, "One, better"), said(2, "Two, better"), said(4, "Four, better"), said(5, "Five")]
    entry = bench.put(issue("bd-1", comments=later))
    changes = {name: count for name, count in entry.changes.items() if name.startswith("comments")}
    assert changes == {"comments_updated": 1, "comments_added": 1, "comments_removed": 1}
    assert [(row[3], row[5]) for row in bench.sql(ROWS)] == [
        ("One, better", False),
        ("Ours", False),
        ("Three", True),
        ("Four", True),
        ("Five", False),
    ]


def test_what_the_file_had_taken_away_comes_back(bench: BeadsBench) -> None:
    for comments in ([said(1, "One")], [], [said(1, "One, again")]):
        bench.put(issue("bd-1", comments=comments))
    assert [(row[3], row[5]) for row in bench.sql(ROWS)] == [("One, again", False)]


def test_the_report_counts_them(bench: BeadsBench) -> None:
    bench.put(issue("bd-1", comments=[said(1, "One"), said(2, "Two")]))
    report = bench.run()
    assert report.after["comments"] == 2
    assert report.totals()["comments"] == 2
