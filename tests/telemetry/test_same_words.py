"""The same words are said once, whoever saw them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from steward.domains.telemetry import Batch, MessageRole, MessageTold, SessionTold, Source, absorb
from steward.kit.db import Db
from tests.telemetry.told import START


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 0, 1)])
def test_the_same_words_from_several_sources_are_one_message(db: Db, order: tuple[int, ...]) -> None:
    sources = [Source.TRANSCRIPT, Source.HOOK, Source.OTLP]
    session = SessionTold(uuid4(), "claude-code", "x", START, START)
    told = [
        MessageTold(uuid4(), session.id, MessageRole.USER, "go on", START + timedelta(seconds=n), source)
        for n, source in enumerate(sources)
    ]
    for n in order:
        absorb(db, Batch(sessions=[session], messages=[told[n]]))
    assert _said(db) == [str(sources[min(order)])]


def test_a_hook_and_an_exporter_make_one_message_and_later_words_another(db: Db) -> None:
    session = SessionTold(uuid4(), "claude-code", "x", START, START)
    for source, minutes in ((Source.OTLP, 0), (Source.HOOK, 0), (Source.OTLP, 1), (Source.OTLP, 30)):
        said = MessageTold(
            uuid4(), session.id, MessageRole.USER, "yes", START + timedelta(minutes=minutes), source
        )
        absorb(db, Batch(sessions=[session], messages=[said]))
    assert _said(db) == ["hook", "otlp"]


def _said(db: Db) -> list[str]:
    found = db.dicts('select source from telemetry.chat_messages order by "timestamp"')
    return [str(row["source"]) for row in found]
