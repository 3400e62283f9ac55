"""Changes to JSON: members and items come and go, every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.kit.errors import Invalid
from steward.operate.connect.json_text import Document

KEYS = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _as_written(data: Any, style: int) -> str:
    indents: list[Any] = [None, 2, 4, "\t"]
    text = json.dumps(data, indent=indents[style % 4], ensure_ascii=bool(style & 4))
    text = text.replace("\n", "\r\n") if style & 8 else text
    return text + ("" if style & 16 else "\n")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.integers(0, 31), KEYS, VALUES)
def test_what_comes_goes_again(data: dict[str, Any], style: int, key: str, value: Any) -> None:
    text = _as_written(data, style)
    document = Document(text, "x")
    if key in data:
        return
    document.set_member((key,), value)
    assert json.loads(document.text) == data | {key: value}
    # What stood there stands there still, but for the end of its last line.
    if data:
        kept = text.rstrip().removesuffix("}").rstrip()
        assert document.text.startswith(kept)
        document.remove_member((key,))
        assert document.text == text


COMMENTED = """\
// mine
{
    "env": { "A": "1" }, // keep
    "hooks": {
        "Stop": [
            {"hooks": []}, // theirs
        ],
    },
    /* the end */
}
"""


def test_comments_and_trailing_commas_stay() -> None:
    document = Document(COMMENTED, "x")
    document.append_item(("hooks", "Stop"), {"a": 1})
    document.set_member(("env", "B"), "2")
    document.set_member(("new",), [1])
    for words in ("// mine", "// keep", "// theirs", "/* the end */", '{"hooks": []}', '"A": "1", "B": "2"'):
        assert words in document.text
    again = Document(document.text, "x").root.value
    assert again == {"env": {"A": "1", "B": "2"}, "hooks": {"Stop": [{"hooks": []}, {"a": 1}]}, "new": [1]}
    document.remove_member(("new",))
    document.remove_member(("env", "B"))
    document.remove_item(("hooks", "Stop"), 1)
    assert document.text == COMMENTED


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", '{"a"}', '{"a": }', '{"a": 1 "b": 2}', "{} x", '{"a": 01x}', "{'a': 1}", "{" * 5, "\ufeff{}",
     '{"a": ' * 200 + "1" + "}" * 200],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Invalid, match="settings"):
        Document(text, "settings")


def test_empty_texts_become_objects() -> None:
    for text in ("", "\n", "   \n"):
        document = Document(text, "x")
        document.set_member(("a",), 1)
        assert json.loads(document.text) == {"a": 1}
