"""What a column may hold, told to whoever gave it something else.

The database refuses by the name of a constraint. Here that becomes the argument, its value and the rule in words; the
rule is read from the catalog, so a new constraint needs no line here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg

from steward.kit.errors import Invalid

_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_SHOWN = 60
_WORDS: tuple[tuple[str, str], ...] = (
    (r"::(?:text|jsonb|numeric|bpchar|character varying)(?:\[\])?", ""),
    (r"\(length\((\w+)\) >= (\d+)\) AND \(length\(\1\) <= (\d+)\)", r"(\2 to \3 characters)"),
    (r"length\(\w+\) <= (\d+)", r"at most \1 characters"),
    (r"\((\w+) >= (-?[\d.]+)\) AND \(\1 <= (-?[\d.]+)\)", r"(\2 to \3)"),
    (r"\(?\b(\w+)\)? >= \(?(-?[\d.]+)\)?", r"\2 or more"),
    (r"\(?\b(\w+)\)? > \(?(-?[\d.]+)\)?", r"more than \2"),
    (r"\w+ = ANY \(+ARRAY\[(.*?)\]\)+", r"one of \1"),
    (r"\w+ ~ '\\S'", "not blank"),
    (r"(\w+) = btrim\(\1\)", "without spaces around it"),
    (r"\w+ ~\*? ('(?:[^']|'')*')", r"of the form \1"),
    (r"jsonb_typeof\(\w+\) = '(\w+)'", r"an \1 in JSON"),
    (r" AND ", " and "),
    (r" OR ", " or "),
)


def rule_in_words(definition: str) -> str:
    """Return a check constraint as `pg_get_constraintdef` writes it, in words as far as they go."""
    found = re.fullmatch(r"CHECK \((.*)\)(?: NOT VALID)?", definition, re.DOTALL)
    text = found[1] if found else definition
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    # The brackets of an expression say nothing more; those of a form ('…') do.
    parts = re.split(r"('(?:[^']|'')*')", text)
    return "".join(part if part.startswith("'") else re.sub(r"[()]", "", part) for part in parts)


def argument_of(column: str, given: Mapping[str, Any]) -> str:
    """Return the argument that filled a column: of the same name, or of its beginning (complexity_score)."""
    named = [name for name in given if column == name or column.startswith(f"{name}_")]
    return max(named, key=len, default=column)


def broken_rule(
    exc: psycopg.errors.CheckViolation, given: Mapping[str, Any], definition: str | None
) -> Invalid:
    """Return the error that stands for a broken check constraint.

    Args:
        exc: what the database said.
        given: the arguments of the call.
        definition: the constraint, None when it is not known.
    """
    name, of = exc.diag.constraint_name or "", exc.diag.table_name or ""
    detail = {"constraint_name": name, "table_name": of}
    rule = rule_in_words(definition) if definition else f"what {name} says"
    found = re.fullmatch(rf"{re.escape(of)}_(\w+?)_check\d*", name)
    if found is None:
        return Invalid(
            f"these values do not go together in {of}", hint=f"it must hold: {rule}", detail=detail
        )
    field = argument_of(found[1], given)
    return Invalid(
        f"{field}:{_shown(given.get(field))} is not allowed", hint=f"allowed: {rule}", detail=detail
    )


def out_of_range(text: str, given: Mapping[str, Any]) -> Invalid | None:
    """Return the error that names the argument that is too large a number; None when none of them is.

    Args:
        text: what the database said, such as `smallint out of range`.
        given: the arguments of the call.
    """
    bound = _RANGES.get(text.partition(" ")[0])
    for name, value in given.items():
        if bound and isinstance(value, int) and not -bound <= value < bound:
            return Invalid(
                f"{name}:{_shown(value)} is too large a number", hint=f"allowed: {-bound} to {bound - 1}"
            )
    return None


def _shown(value: object) -> str:
    if value is None:
        return " its value"
    text = repr(value)
    return f" {text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'}"
