"""Whoever gives a value that the database refuses is told which, and what is allowed; no constraint's name is shown."""

from __future__ import annotations

from typing import Any

import pytest

from steward.kit.db import Database
from steward.kit.errors import Invalid
from steward.kit.limits import rule_in_words
from tests.work.scene import add, call, project

REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "work.add",
        {"title": "x", "max_attempts": 0},
        "max_attempts: 0 is not between 1 and 1000",
        "give 1 to 1000",
    ),
    ("work.add", {"title": "x", "max_attempts": 40_000}, "max_attempts: 40000 is not", "give 1 to 1000"),
    ("work.add", {"title": "x", "complexity": 14}, "complexity: 14 is not between 1 and 13", "give 1 to 13"),
    (
        "work.add",
        {"title": "x", "estimated_minutes": -1},
        "estimated_minutes: -1 is not",
        "give 0 to 2147483647",
    ),
    ("work.update", {"task": "ACME-1", "complexity": 140_000}, "complexity: 140000 is not", "give 1 to 13"),
    ("work.update", {"task": "ACME-1", "actual_minutes": -1}, "actual_minutes: -1 is not", "give 0 to"),
    (
        "work.finish",
        {"task": "ACME-1", "actual_minutes": 2**31},
        "actual_minutes: 2147483648 is",
        "give 0 to",
    ),
    ("projects.add", {"name": " "}, "name: ' ' has not 1 to 255 characters", "give 1 to 255"),
    ("projects.update", {"project": "acme", "name": "x" * 300}, "name: 'xxxxx", "give 1 to 255"),
    (
        "projects.add",
        {"name": "x", "slug": "A B"},
        "slug: 'A B' is not allowed",
        "form '^[a-z0-9][a-z0-9_-]*$'",
    ),
    (
        "projects.add",
        {"name": "x", "key": "!"},
        "key: '!' is not allowed",
        "allowed: of the form '^[A-Z0-9]{2,10}$'",
    ),
    ("projects.add", {"name": "x", "path": "p" * 5000}, "path: 'ppp", "allowed: 1 to 4096 characters"),
    (
        "projects.update",
        {"project": "acme", "github_repo_id": 10**20},
        "github_repo_id: 1000",
        "allowed: -9223",
    ),
    (
        "work.add_epic",
        {"title": "x", "project": "acme", "epic_id": "a b"},
        "epic_id: 'a b' is not",
        "of the form",
    ),
    ("accounts.add_user", {"username": "x", "email": "x"}, "email: 'x' is not allowed", "allowed: "),
    (
        "work.add_devlog",
        {"title": "", "project": "acme", "description": "x"},
        "title: '' is not allowed",
        "allowed: ",
    ),
]


@pytest.mark.parametrize(("operation", "given", "message", "hint"), REFUSED)
def test_a_refusal_names_the_argument_its_value_and_what_is_allowed(
    database: Database, operation: str, given: dict[str, Any], message: str, hint: str
) -> None:
    project(database)
    add(database, "A")
    more = {"project": "acme"} if operation == "work.add" else {}
    with pytest.raises(Invalid) as refused:
        call(database, operation, **given, **more)
    assert refused.value.message.startswith(message)
    assert hint in (refused.value.hint or "")
    assert "_check" not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("CHECK ((max_attempts > 0))", "more than 0"),
        ("CHECK (((complexity >= 1) AND (complexity <= 13)))", "1 to 13"),
        (
            "CHECK (((length(name) >= 1) AND (length(name) <= 255) AND (name = btrim(name))))",
            "1 to 255 characters",
        ),
        ("CHECK ((kind = ANY (ARRAY['a'::text, 'b'::text])))", "one of 'a', 'b'"),
        ("CHECK ((slug ~ '^(a|b)$'::text))", "of the form '^(a|b)$'"),
        (
            "CHECK (((title ~ '\\S'::text) AND (length(title) <= 2000)))",
            "not blank and at most 2000 characters",
        ),
        ("CHECK ((jsonb_typeof(metadata) = 'object'::text))", "an object in JSON"),
    ],
)
def test_rules_are_told_in_words(definition: str, words: str) -> None:
    assert rule_in_words(definition).startswith(words)
