"""Sessions: what they did and took, when they ended, how well they went, and how they are found."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from steward.domains import telemetry, work
from steward.domains.telemetry import (
    BucketInterval,
    EntryKind,
    MessageKind,
    MessageRole,
    Outcome,
    SessionState,
    ToolKind,
)
from steward.kit.db import Actor, Database, Db
from steward.kit.errors import Invalid, NotFound
from tests.telemetry.told import START, Teller
from tests.work.scene import Hand, call, owner, project


def _story() -> Teller:
    """Return a session with everything in it: one failed command, one of two tests failed, one build failed."""
    told = Teller().session(title="Mend the cellar", git_branch="cellar", cwd="/home/a/acme")
    told.say("Please mend the cellar").answer("I look first.", thinking="Where is the leak?")
    told.tool("Read", ToolKind.READ, file_path="/a.py")
    told.tool("Edit", ToolKind.WRITE, file_path="/a.py", lines_added=7, lines_removed=2)
    told.tool("Edit", ToolKind.WRITE, file_path="/a.py", lines_added=1, lines_removed=0)
    told.tool("Bash", ToolKind.COMMAND, success=False, error="no such file")
    told.tool("Bash", ToolKind.TEST, success=False).tool("Bash", ToolKind.TEST)
    told.tool("Bash", ToolKind.BUILD, success=False)
    return told.answer("Done.", output=70, cost=None).commit("Mend the cellar")


# ------------------------------------------------------------------------------------------------------- what it did


def test_a_session_is_shown_with_what_it_did_and_took(db: Db) -> None:
    found = telemetry.get(db, session=str(_story().to(db)))
    row, did = found.session, found.figures
    assert (row.client, row.title, row.messages, row.tool_calls) == ("claude-code", "Mend the cellar", 4, 7)
    assert (row.tool_failures, row.responses, row.unpriced_calls, row.cost_usd) == (3, 2, 1, Decimal("0.01"))
    assert (row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens) == (
        20,
        120,
        200,
        10,
    )
    assert (did.files_modified, did.lines_added, did.lines_removed, did.commands_executed) == (1, 8, 2, 4)
    assert (did.tests_run, did.tests_passed, did.build_attempts, did.build_successes) == (2, 1, 1, 0)
    assert [each.subject for each in found.commits] == ["Mend the cellar"]
    assert [(each.source, each.responses, each.messages) for each in found.sources] == [("transcript", 2, 4)]
    assert [(each.model, each.responses) for each in found.models] == [(row.model, 2)]
    assert [each.subagent for each in found.parts] == [None]


def test_quality_is_worked_out_by_the_formula(db: Db) -> None:
    # One error 5, half of the tests 10, all builds 20.
    assert telemetry.get(db, session=str(_story().to(db))).figures.quality_score == 65
    assert telemetry.get(db, session=str(Teller().say("hi").to(db))).figures.quality_score == 100


@pytest.mark.parametrize(
    ("errors", "tests", "passed", "builds", "built", "quality"),
    [(0, 0, 0, 0, 0, 100), (1, 0, 0, 0, 0, 95), (9, 0, 0, 0, 0, 70), (0, 3, 2, 0, 0, "93.33"),
     (6, 2, 0, 2, 0, 30), (0, 2, 9, 0, 0, 100), (0, 0, 0, 4, 3, 95)],
)  # fmt: skip
def test_parts_of_quality_are_skipped_when_nothing_ran(
    db: Db, errors: int, tests: int, passed: int, builds: int, built: int, quality: Any
) -> None:
    row = db.dicts(f"select telemetry.quality_of({errors}, {tests}, {passed}, {builds}, {built}) as quality")[
        0
    ]
    assert row["quality"] == Decimal(quality)


def test_s4_8_quality_is_kept_when_a_session_ends(db: Db) -> None:
    told = _story()
    told.to(db)
    ended = telemetry.end_session(db, session=str(told.id), outcome=Outcome.PARTIAL)
    assert (ended.state, ended.outcome, ended.quality_score) == (
        SessionState.ENDED,
        Outcome.PARTIAL,
        Decimal(65),
    )


def test_a_session_that_nobody_ended_is_scored_by_the_job(db: Db) -> None:
    told = _story()
    told.to(db)
    assert telemetry.list_(db, project="all").items[0].quality_score is None
    assert db.value("telemetry.score_sessions", limit=500) == 1
    assert telemetry.list_(db, project="all").items[0].quality_score == 65
    assert db.value("telemetry.score_sessions", limit=500) == 0
    told.tool("Bash", ToolKind.TEST).to(db)
    assert db.value("telemetry.score_sessions", limit=500) == 1, "it went on, so it is scored anew"


def test_s4_4_figures_that_are_no_numbers_spoil_nothing(db: Db) -> None:
    made = telemetry.start_session(db, client="cursor")
    told = {
        "testsRun": 4.9,
        "testsPassed": "3",
        "linesAdded": -5,
        "errorsEncountered": 1e300,
        "tokensUsed": None,
    }
    telemetry.update_session(db, session=str(made.id), metrics=told)
    did = telemetry.get(db, session=str(made.id)).figures
    assert (did.tests_run, did.tests_passed, did.lines_added, did.tokens_used) == (4, 0, 0, 0)
    assert did.errors_encountered == 10**15


def test_what_a_client_tells_counts_where_it_is_more(db: Db) -> None:
    told = _story()
    told.to(db)
    telemetry.update_session(
        db, session=str(told.id), metrics={"testsRun": 10, "testsPassed": 9, "linesAdded": 1}
    )
    did = telemetry.get(db, session=str(told.id)).figures
    assert (did.tests_run, did.tests_passed, did.lines_added) == (10, 9, 8)


def test_s4_8_messages_are_no_events(db: Db) -> None:
    found = telemetry.get(db, session=str(_story().to(db)))
    assert found.figures.events_count == 7 + 2 + 1, "tools, responses, commits"
    assert found.session.messages == 4


# ---------------------------------------------------------------------------------------------- begin, complete, end


def test_a_session_is_begun_completed_and_ended(db: Db) -> None:
    made = telemetry.start_session(db, client="cursor", title="By hand", context={"branch": "x"})
    again = telemetry.start_session(db, client="cursor", external_id=made.external_id, model="gpt-5")
    assert (again.id, again.title, again.model, again.state) == (
        made.id,
        "By hand",
        "gpt-5",
        SessionState.ACTIVE,
    )
    telemetry.update_session(db, session=str(made.id), context={"n": 1}, metrics={"testsRun": 2})
    telemetry.update_session(db, session=str(made.id), context={"n": 2}, metrics={"testsPassed": 1})
    place = telemetry.get(db, session=str(made.id)).place
    assert place.context == {"branch": "x", "n": 2}
    assert place.metrics == {"testsRun": 2, "testsPassed": 1}
    assert [row.id for row in telemetry.active(db, project="all")] == [made.id]
    ended = telemetry.end_session(db, session=str(made.id), outcome=Outcome.SUCCESS)
    assert (ended.state, ended.quality_score) == (SessionState.ENDED, Decimal(90))
    assert telemetry.active(db, project="all") == []
    once_more = telemetry.end_session(db, session=str(made.id), outcome=Outcome.FAILURE)
    assert (once_more.ended_at, once_more.outcome) == (ended.ended_at, Outcome.FAILURE)


def test_s4_8_a_session_without_a_name_gets_an_id_of_its_own(db: Db) -> None:
    made = {telemetry.start_session(db, client="cursor").id for _ in range(20)}
    assert len(made) == 20
    assert {each.version for each in made} == {4}, "of the system's randomness"


def test_s4_8_two_who_tell_at_once_both_stay(database: Database) -> None:
    made = call(database, "telemetry.start_session", client="cursor")
    first, second = Hand(database), Hand(database)
    statement = "select telemetry.update_session(%s, '{}', %s::jsonb)"
    first.run(statement, made.id, '{"testsRun": 3}')
    second.begin(statement, made.id, '{"linesAdded": 5}')
    assert second.waits(), "it waits for the row, and then reads what the first one wrote"
    first.commit()
    second.end()
    second.commit()
    metrics = call(database, "telemetry.get", session=str(made.id)).place.metrics
    assert metrics == {"testsRun": 3, "linesAdded": 5}


def test_many_who_tell_at_once_all_stay(database: Database) -> None:
    made = call(database, "telemetry.start_session", client="cursor")

    def tell(n: int) -> None:
        call(database, "telemetry.update_session", session=str(made.id), metrics={f"m{n}": n})

    threads = [threading.Thread(target=tell, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(call(database, "telemetry.get", session=str(made.id)).place.metrics) == 8


@pytest.mark.parametrize(
    ("seen", "ended", "state"),
    [(5, None, "active"), (29, None, "active"), (31, None, "silent"), (40, 40, "ended"), (5, 40, "active"),
     (31, 40, "silent")],
)  # fmt: skip
def test_a_session_is_over_when_it_says_so_or_is_silent(
    db: Db, seen: int, ended: int | None, state: str
) -> None:
    now = datetime.now(UTC)
    last = now - timedelta(minutes=seen)
    told = Teller(at=now - timedelta(hours=1)).session(last_seen_at=last)
    told.batch.sessions[0].end_time = None if ended is None else now - timedelta(minutes=ended)
    row = telemetry.get(db, session=str(told.to(db))).session
    assert row.state == state
    assert row.ended_at == (None if state == "active" else last)
    assert row.duration_s == (60 - seen) * 60


def test_unknown_and_ambiguous_sessions_are_told(db: Db) -> None:
    with pytest.raises(NotFound, match="there is no session 'nope'"):
        telemetry.get(db, session="nope")
    for last in "12":
        Teller(UUID(f"aaaaaaaa-0000-4000-8000-00000000000{last}")).to(db)
    with pytest.raises(Invalid, match="more than one session"):
        telemetry.get(db, session="aaaaaaaa")
    assert telemetry.get(db, session="aaaaaaaa-0000-4000-8000-000000000002").session.client == "claude-code"
    made = telemetry.start_session(db, client="cursor", external_id="tab 7")
    assert telemetry.get(db, session="tab 7").session.id == made.id


# -------------------------------------------------------------------------------------------------------------- lists


def test_sessions_are_listed_newest_first_and_narrowed(db: Db) -> None:
    ids = []
    for n in range(5):
        told = Teller(at=START + timedelta(hours=n), client="codex" if n == 3 else "claude-code")
        told.session(title=f"Session {n}", git_branch="main", model=f"model-{n % 2}")
        ids.append(told.say(f"word{n}").to(db))
    telemetry.end_session(db, session=str(ids[1]), outcome=Outcome.FAILURE)

    def listed(**known: Any) -> list[int]:
        return [ids.index(row.id) for row in telemetry.list_(db, project="all", **known).items]

    assert listed() == [4, 3, 2, 1, 0]
    assert listed(client="codex") == [3]
    assert listed(model="model-0") == [4, 2, 0]
    assert listed(outcome=Outcome.FAILURE) == [1]
    assert listed(state=SessionState.SILENT) == [4, 3, 2, 0]
    assert listed(state=SessionState.ACTIVE) == []
    assert listed(since=START + timedelta(hours=1), until=START + timedelta(hours=3)) == [2, 1]
    assert listed(text="SESSION 2") == [2]
    assert listed(text="%") == []
    first = telemetry.list_(db, project="all", limit=2)
    assert first.next_cursor
    assert listed(limit=2, cursor=first.next_cursor) == [2, 1]
    assert telemetry.clients(db) == ["claude-code", "codex"]


def test_sessions_are_found_by_their_task(db: Db, database: Database) -> None:
    project(database)
    task = call(database, "work.add", title="Mend", project="acme").task
    told = _story().tie(task.id)
    told.into(database)
    Teller().session().into(database)
    found = call(database, "telemetry.list", project="all", task=task.ref).items
    assert [(row.id, row.tasks) for row in found] == [(told.id, [task.ref])]
    took = call(database, "telemetry.task_sessions", task=task.ref)
    assert (took.figures.sessions, took.figures.calls, took.figures.cost_usd) == (1, 2, Decimal("0.01"))
    assert took.figures.total_tokens == 350
    assert [row.id for row in took.sessions] == [told.id]
    shown = call(database, "telemetry.get", session=str(told.id))
    assert [(each.task, each.source) for each in shown.tasks] == [(task.ref, "run")]
    work_row = call(
        database,
        "telemetry.task_sessions",
        task=call(database, "work.add", title="x", project="acme").task.ref,
    )
    assert (work_row.figures.sessions, work_row.figures.cost_usd, work_row.sessions) == (0, 0, [])


def test_subagents_and_parents_are_told(db: Db) -> None:
    top = _story()
    top.to(db)
    child = Teller(at=START + timedelta(minutes=1)).session(parent_session_id=top.id)
    child.to(db)
    grandchild = Teller(at=START + timedelta(minutes=2)).session(parent_session_id=child.id)
    grandchild.to(db)
    assert [row.id for row in telemetry.get(db, session=str(top.id)).subagents] == [child.id]
    assert [row.id for row in telemetry.get(db, session=str(grandchild.id)).parents] == [child.id, top.id]
    top.batch.sessions[0].parent_session_id = grandchild.id
    top.to(db)
    round_about = telemetry.get(db, session=str(grandchild.id))
    assert len(round_about.parents) == 2, "a circle ends"


# ------------------------------------------------------------------------------------------------------ conversations


def _pages(db: Db, session: UUID, limit: int, **known: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        part = telemetry.conversation(db, session=str(session), limit=limit, cursor=cursor, **known)
        found += part.entries
        cursor = part.next_cursor
        if cursor is None:
            return found


def _word(entry: Any) -> str:
    return next(
        word
        for word in (
            entry.message and entry.message.content,
            entry.tool and entry.tool.call_id,
            entry.response and str(entry.response.id),
            entry.commit and entry.commit.sha,
        )
        if word
    )


def test_a_conversation_is_in_order_and_the_same_in_pages(db: Db) -> None:
    told = _story().say("Look at it", subagent="explorer").answer("It is wet.", subagent="explorer")
    told.to(db)
    whole = telemetry.conversation(db, session=str(told.id), limit=500)
    kinds = [entry.kind for entry in whole.entries]
    assert kinds[:4] == [EntryKind.MESSAGE, EntryKind.RESPONSE, EntryKind.MESSAGE, EntryKind.MESSAGE]
    assert [kinds.count(kind) for kind in EntryKind] == [3, 6, 7, 1]
    assert [entry.at for entry in whole.entries] == sorted(entry.at for entry in whole.entries)
    thought, said = whole.entries[2:4]
    assert thought.message
    assert said.message
    assert (thought.message.kind, said.message.content) == (MessageKind.THINKING, "I look first.")
    words = [_word(entry) for entry in whole.entries]
    for limit in (1, 2, 3, 7):
        assert [_word(entry) for entry in _pages(db, told.id, limit)] == words
    main = [_word(entry) for entry in _pages(db, told.id, 3, part="main")]
    own = [_word(entry) for entry in _pages(db, told.id, 3, part="explorer")]
    assert len(own) == 3
    assert sorted(main + own) == sorted(words)


def test_a_conversation_is_read_from_its_end(db: Db) -> None:
    told = _story()
    told.to(db)
    words = [_word(entry) for entry in telemetry.conversation(db, session=str(told.id)).entries]
    last = telemetry.conversation(db, session=str(told.id), last=True, limit=4)
    assert [_word(entry) for entry in last.entries] == words[-4:]
    assert last.next_cursor is None
    told.say("And now?").to(db)
    again = telemetry.conversation(db, session=str(told.id), cursor=last.start_cursor)
    assert [_word(entry) for entry in again.entries] == [*words[-4:], "And now?"]
    back: list[str] = []
    before = last.previous_cursor
    while before:
        part = telemetry.conversation(db, session=str(told.id), before=before, limit=3)
        back = [_word(entry) for entry in part.entries] + back
        before = part.previous_cursor
    assert back == words[:-4]
    with pytest.raises(Invalid, match="reads on"):
        telemetry.conversation(db, session=str(told.id), last=True, cursor=last.start_cursor)
    empty = telemetry.conversation(db, session=str(Teller().to(db)), last=True)
    assert (empty.entries, empty.previous_cursor, empty.start_cursor) == ([], None, None)


def test_a_very_long_message_is_cut_and_says_so(db: Db) -> None:
    told = Teller().say("x" * 150_000)
    message = telemetry.conversation(db, session=str(told.to(db)), most=70_000).entries[0].message
    assert message is not None
    assert (len(message.content), message.length) == (70_000, 150_000)
    with pytest.raises(Invalid, match="most: 0"):
        telemetry.conversation(db, session=str(told.id), most=0)


def test_what_was_said_is_found_by_its_words(db: Db) -> None:
    told = _story()
    told.to(db)
    other = Teller(at=START + timedelta(days=1)).say("The cellar <b>again</b>, with a pump", MessageRole.USER)
    other.to(db)
    hits = telemetry.search_messages(db, text="cellar", project="all").items
    assert [hit.session_id for hit in hits] == [other.id, told.id], "the newest first"
    span = hits[0].snippet_spans[0]
    assert hits[0].snippet[span.start : span.end] == "cellar"
    assert [
        hit.session_id for hit in telemetry.search_messages(db, text='"a pump"', project="all").items
    ] == [other.id]
    assert (
        telemetry.search_messages(db, text="cellar -pump", project="all", session=str(other.id)).items == []
    )
    first = telemetry.search_messages(db, text="cellar", project="all", limit=1)
    then = telemetry.search_messages(db, text="cellar", project="all", limit=1, cursor=first.next_cursor)
    assert [hit.session_id for hit in then.items] == [told.id]
    there = telemetry.conversation(db, session=str(other.id), cursor=hits[0].cursor).entries[0]
    assert there.message is not None
    assert there.message.id == hits[0].id
    with pytest.raises(Invalid, match="holds no word"):
        telemetry.search_messages(db, text=" - ", project="all")


def test_tools_are_listed_and_counted(db: Db) -> None:
    told = _story()
    told.to(db)
    failed = telemetry.list_tools(db, session=str(told.id), failed=True)
    assert [call.kind for call in failed.items] == [ToolKind.COMMAND, ToolKind.TEST, ToolKind.BUILD]
    first = telemetry.list_tools(db, session=str(told.id), limit=3)
    rest = telemetry.list_tools(db, session=str(told.id), limit=10, cursor=first.next_cursor)
    assert len(first.items) + len(rest.items) == 7
    uses = telemetry.tool_stats(db, project="all")
    assert [(use.name, use.calls, use.failures, use.sessions) for use in uses] == [
        ("Bash", 4, 3, 1), ("Edit", 2, 0, 1), ("Read", 1, 0, 1),
    ]  # fmt: skip
    assert (uses[0].avg_ms, uses[0].median_ms, uses[0].total_ms) == (Decimal(400), 400, 1600)


def test_raw_lines_are_shown_in_order_and_cut(db: Db) -> None:
    told = _story()
    told.to(db)
    made = db.connection.execute(
        "insert into telemetry.transcripts (session_id, format) values (%s, 'claude-code') returning id",
        (told.id,),
    ).fetchone()
    assert made is not None
    db.connection.execute(
        "insert into telemetry.transcript_lines (transcript_id, line_no, bytes_until, digest, kind, line)"
        " select %s, n, n * 100, ''::bytea, 'user', repeat('y', n * 10) from generate_series(1, 5) as n",
        (made[0],),
    )
    first = telemetry.raw_lines(db, session=str(told.id), limit=3, most=15)
    assert [(line.line_no, line.length, len(line.line)) for line in first.items] == [
        (1, 10, 10),
        (2, 20, 15),
        (3, 30, 15),
    ]
    rest = telemetry.raw_lines(db, session=str(told.id), part="main", cursor=first.next_cursor)
    assert [line.line_no for line in rest.items] == [4, 5]
    with pytest.raises(Invalid, match="most: 0"):
        telemetry.raw_lines(db, session=str(told.id), most=0)


# ------------------------------------------------------------------------------------------------------------ figures


def _three_days(db: Db) -> None:
    for day, minutes in ((0, 10), (0, 20), (1, 60)):
        told = Teller(at=START + timedelta(days=day, minutes=day * 7)).session()
        told.say("go").spend()
        told.batch.sessions[0].last_seen_at = told.batch.sessions[0].start_time + timedelta(minutes=minutes)
        told.to(db)
    db.value("telemetry.score_sessions", limit=500)


def test_sessions_are_counted_by_stretches_of_time(db: Db) -> None:
    _three_days(db)
    days = telemetry.session_time_buckets(db, project="all")
    assert [(day.session_count, day.avg_duration, day.tokens_used, day.avg_quality) for day in days] == [
        (1, Decimal(3600), 165, Decimal(100)),
        (2, Decimal(900), 330, Decimal(100)),
    ]
    assert days[1].bucket == START.replace(hour=0)
    for interval in BucketInterval:
        found = telemetry.session_time_buckets(db, project="all", interval=interval)
        assert sum(each.session_count for each in found) == 3, interval
        assert sum(each.total_duration for each in found) == 5400
    quarter = telemetry.session_time_buckets(db, project="all", interval=BucketInterval.MINUTES_5)
    assert quarter[0].bucket == START + timedelta(days=1, minutes=5)
    assert telemetry.session_time_buckets(db, project="all", since=START + timedelta(days=9)) == []


def test_s4_3_only_known_intervals_pass_also_for_sql_callers(db: Db) -> None:
    with pytest.raises(Exception, match="is not allowed") as told:
        db.connection.execute("select bucket from telemetry.session_time_buckets('7 minutes; drop table x')")
    assert getattr(told.value, "sqlstate", "") == "ST400"


def test_sessions_are_added_up(db: Db) -> None:
    _three_days(db)
    total = telemetry.session_stats(db, project="all")
    assert (total.sessions, total.silent, total.active, total.total_duration_s) == (3, 3, 0, 5400)
    assert (total.avg_duration_s, total.avg_quality, total.tokens_used) == (Decimal(1800), Decimal(100), 495)
    none = telemetry.session_stats(db, project="all", client="codex")
    assert (none.sessions, none.avg_duration_s, none.cost_usd) == (0, None, Decimal(0))


def test_devlogs_table_of_chats_has_right_figures(db: Db) -> None:
    told = _story()
    told.to(db)
    row = db.dicts(
        "select session_id, agent_type, model_id, started_at, ended_at, message_count, total_tokens"
        " from telemetry.chat_sessions"
    )[0]
    assert (row["session_id"], row["agent_type"], row["message_count"]) == (told.id, "claude-code", 4)
    assert (row["total_tokens"], row["ended_at"]) == (350, told.at)


def test_the_pulse_moves_with_what_is_told(database: Database) -> None:
    def pulse() -> str:
        with database.transaction(Actor(role="service"), operation="test", read_only=True) as db:
            return telemetry.pulse(db)

    before = pulse()
    told = Teller()
    told.session().into(database)
    then = pulse()
    told.spend().into(database)
    assert len({before, then, pulse()}) == 3


def test_only_who_may_writes_sessions(database: Database) -> None:
    reader = Actor(role="readonly", user_name="reader")
    with pytest.raises(Exception, match="may not telemetry:write"):
        call(database, "telemetry.start_session", reader, client="cursor")
    made = call(database, "telemetry.start_session", client="cursor")
    with owner(database) as connection, pytest.raises(Exception, match="there is no session"):
        connection.execute("select telemetry.end_session(%s)", (uuid4(),))
    assert call(database, "telemetry.get", reader, session=str(made.id)).session.client == "cursor"
    assert work.Span(0, 1).end == 1
