"""Comments of a file are comments of Steward: theirs stay theirs, ours stay ours."""

from __future__ import annotations

from typing import Any

import pytest

from steward.importers.said import written_number
from tests.importers.beads.conftest import BeadsBench
from tests.importers.beads.samples import issue, jsonl
from tests.work.scene import agent, call

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


STATE = "select id, content, version, updated_at, deleted_at, metadata from work.comments order by id"
TASKS = "select id, version, updated_at, metadata from work.tasks order by id"


def add(bench: BeadsBench, on: str, content: str) -> Any:
    return call(bench.database, "work.comment", agent(), on=on, content=content)


def ids(bench: BeadsBench) -> dict[str, str]:
    return {content: str(id) for content, id in bench.sql("select content, id from work.comments")}


def comes_in_again_without_a_row(bench: BeadsBench) -> None:
    """What is exported and imported changes no row, and is exported the same again."""
    before, text = (bench.sql(STATE), bench.sql(TASKS)), bench.give_back()
    entry = bench.bring(text)
    assert not any(count for name, count in entry.changes.items() if name != "unchanged")
    assert (bench.sql(STATE), bench.sql(TASKS)) == before
    assert bench.give_back() == text


def test_what_is_said_in_steward_goes_out_and_comes_in_again_without_a_row(bench: BeadsBench) -> None:
    old = said(1, "One") | {"issue_id": "bd-1", "mood": "good"}
    lines = (issue("bd-1", comments=[old], comment_count=1), issue("bd-2"), issue("bd-3"))
    bench.put(*lines)
    first, second = add(bench, "SHOP-1", "Two"), add(bench, "SHOP-2", "First of all")
    out = bench.issues()
    assert out[0]["comments"] == [
        old,
        {
            "id": written_number(str(first.id)),
            "issue_id": "bd-1",
            "author": first.author,
            "text": "Two",
            "created_at": first.created_at.isoformat().replace("+00:00", "Z"),
        },
    ]
    assert (out[0]["comment_count"], "comment_count" in out[1], out[2]) == (2, False, lines[2])
    assert [each["text"] for each in out[1]["comments"]] == ["First of all"]
    for line, made in ((out[0], first), (out[1], second)):
        assert line["updated_at"] == made.created_at.isoformat().replace("+00:00", "Z")
    comes_in_again_without_a_row(bench)


def test_new_comments_have_unique_ids_where_a_file_has_no_numbers(bench: BeadsBench) -> None:
    bench.put(issue("bd-1", comments=[said(1, "One") | {"id": "019d9b8d-e35f-7ce4-9714-d304b1eb90b0"}]))
    made = add(bench, "SHOP-1", "Two")
    assert bench.issues()[0]["comments"][1]["id"] == str(made.id)
    comes_in_again_without_a_row(bench)


def test_what_was_said_anew_and_taken_back_in_steward_is_so_in_the_file(bench: BeadsBench) -> None:
    comments = [said(1, "One"), said(2, "Two") | {"mood": "good"}, said(3, "Three")]
    bench.put(issue("bd-1", comments=comments), issue("bd-2", comments=[said(4, "Four")]))
    rows = ids(bench)
    changed = call(bench.database, "work.update_comment", comment=rows["Two"], content="Two, better")
    for text in ("One", "Four"):
        call(bench.database, "work.delete_comment", comment=rows[text])
    out = bench.issues()
    assert out[0]["comments"] == [comments[1] | {"text": "Two, better"}, comments[2]]
    assert "comments" not in out[1]
    assert out[0]["updated_at"] >= changed.updated_at.isoformat()[:19]
    comes_in_again_without_a_row(bench)


@pytest.mark.parametrize("numbers", [True, False])
def test_an_exported_comment_is_the_same_one_ever_after(bench: BeadsBench, numbers: bool) -> None:
    bench.put(issue("bd-1", comments=[said(1, "One")] if numbers else []))
    for text in ("Ours", "Gone"):
        add(bench, "SHOP-1", text)
    bench.bring(bench.give_back())
    rows = ids(bench)
    call(bench.database, "work.update_comment", comment=rows["Ours"], content="Ours, better")
    call(bench.database, "work.delete_comment", comment=rows["Gone"])
    comes_in_again_without_a_row(bench)
    [line] = bench.issues()
    assert [each["text"] for each in line["comments"]][-1] == "Ours, better"
    line["comments"][-1]["text"] = "Theirs"
    assert bench.put(line).changes["comments_updated"] == 1
    assert bench.sql("select content, deleted_at is null from work.comments where id = %s", rows["Ours"]) == [
        ("Theirs", True)
    ]
    del line["comments"][-1]
    assert bench.put(line).changes["comments_removed"] == 1
    assert not any(each.get("comments", [None])[-1:] == ["Theirs"] for each in bench.issues())


def test_comments_without_ids_are_not_taken_for_each_other(bench: BeadsBench) -> None:
    texts = ["One", "Two", "Three"]
    bench.put(issue("bd-1", comments=[{"author": "ada", "text": text} for text in texts]))
    call(bench.database, "work.delete_comment", comment=ids(bench)["One"])
    assert bench.issues()[0]["comments"] == [
        {"id": f"~{place}", "author": "ada", "text": text} for place, text in enumerate(texts[1:], 2)
    ]
    comes_in_again_without_a_row(bench)


def test_what_is_no_comment_stays_where_comments_change(bench: BeadsBench) -> None:
    odd = [{"id": 7, "text": " "}, "text"]
    bench.put(issue("bd-1", comments=[*odd, said(1, "One"), said(1, "One again")]))
    add(bench, "SHOP-1", "Two")
    out = bench.issues()[0]["comments"]
    assert (out[:4], out[4]["text"]) == ([*odd, said(1, "One"), said(1, "One again")], "Two")
    comes_in_again_without_a_row(bench)


def test_a_task_of_steward_goes_out_with_its_comments(bench: BeadsBench) -> None:
    bench.put(issue("bd-1"))
    call(bench.database, "work.add", title="Added", project="shop")
    made = add(bench, "SHOP-2", "Said")
    out = bench.issues()
    assert [(each["issue_id"], each["text"]) for each in out[1]["comments"]] == [(out[1]["id"], "Said")]
    assert out[1]["updated_at"] == made.created_at.isoformat().replace("+00:00", "Z")
    entry = bench.put(*out)
    assert not [name for name in entry.changes if name.startswith("comments")]
    assert bench.issues() == out
    comes_in_again_without_a_row(bench)
