"""Cursors are opaque, typed, and refused when they are none."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.kit import cursor
from steward.kit.errors import Invalid


@given(st.text(), st.integers())
def test_what_was_written_is_read(text: str, number: int) -> None:
    if "\x00" not in text and text.isprintable():
        assert cursor.decode(cursor.encode(text, number), str, int) == (text, number)


@given(st.text(max_size=40))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no cursor"):
        cursor.decode(text, str)


def test_values_come_back_typed() -> None:
    one, when = uuid4(), datetime(2026, 1, 31, tzinfo=UTC)
    page = cursor.page([(one, when), (uuid4(), when)], 1, lambda row: row)
    assert cursor.decode(page.next_cursor, UUID, datetime) == (one, when)
    assert cursor.decode(None, UUID, int) == (None, None)
    with pytest.raises(Invalid):
        cursor.decode(page.next_cursor, int, datetime)
    assert cursor.page([1], 1, lambda n: (n,)).next_cursor is None
