"""Takes secrets of known shapes out of text before anything is stored.

Works on text as it stands in a file, so also on raw JSON: what is put in place of a secret needs no escape, no match
begins or ends within one, and none reaches over a quote into the next line. A text without secrets costs two passes of
pydantic's regular expressions, which run at some gigabytes a second; Python's own, which can look behind, only see a
text that has a secret of their kind in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

# A token begins where a word begins; in raw JSON also behind an escape such as \n, whose letter is no part of the word,
# and behind an escape of a terminal, such as ESC [ 0 m.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})|(?<=[0-9;\[]m))"
# Pictures in base64 hold everything that is short and has no mark of its own.
_START_OUTSIDE_BASE64 = r"(?:(?<![A-Za-z0-9_+\-])|(?<=\\[nrtbf])|(?<=[0-9;\[]m))"
_QUOTES = r"(?:\\*[\"'])?"

# What stands between the lines of a key: the ends of lines as they are or escaped once or more, numbers of lines.
_GAP = r"(?:[\s|>]|\\+[nrt]|[0-9]+(?:\u2192|\\+u2192|\t|\\+t))"
_KEY_LINE = r"[A-Za-z0-9+/]{16,}"
_KEY_TEXT = r"(?:[^\"'`\\\-]|-(?!----)|\\+[nrt/]|\\+u[0-9A-Fa-f]{4})"
_KEY_NAME = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of secret looks.

    Attributes:
        kind: what takes its place: `[secret: <kind>]`.
        core: a pattern that both engines read and that every secret of the kind matches.
        pattern: Python's pattern, which also looks around; its group `keep` stays in front of the replacement.
    """

    kind: str
    core: str
    pattern: str


def _token(kind: str, core: str, before: str = _START, after: str = "") -> Shape:
    return Shape(kind, core, before + core + after)


SHAPES = (
    _token("anthropic key", r"sk-ant-[A-Za-z0-9_\-]{20,}", _START + r"(?=sk-ant-[A-Za-z_\-]{0,40}[0-9])"),
    _token("openai key", r"sk-(?:(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_\-]{20,}|[A-Za-z0-9]{32,})"),
    _token("github token", r"gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}", _START + "(?:", ")"),
    _token("gitlab token", r"gl(?:pat|dt|ptt|rt)-[A-Za-z0-9_\-]{20,}"),
    Shape(
        "slack token",
        r"xox[a-z]-[A-Za-z0-9\-]{10,}",
        _START + r"(?=xox.-[a-z\-]{0,40}[0-9])xox[abeoprs]-[A-Za-z0-9\-]{10,}",
    ),
    _token("slack webhook", r"hooks\.slack\.com\\*/services(?:\\*/[A-Za-z0-9_]{6,}){2,3}", ""),
    _token("aws access key", r"A(?:KI|SI)A[A-Z2-7]{16}", _START_OUTSIDE_BASE64, r"(?![A-Za-z0-9_+/=\-])"),
    Shape(
        "aws secret key",
        r"(?i:secret_?(?:access)?_?key)\\*[\"']?\s{0,4}[:=,]\s{0,4}\\*[\"']?(?:[A-Za-z0-9+/]|\\/){40}",
        r"(?P<keep>(?i:secret_?(?:access)?_?key)\\*[\"']?\s{0,4}[:=,]\s{0,4}\\*[\"']?)"
        r"(?:[A-Za-z0-9+/]|\\/){40}(?![A-Za-z0-9+/=])",
    ),
    _token("google key", r"AIza[A-Za-z0-9_\-]{35}", _START_OUTSIDE_BASE64, r"(?![A-Za-z0-9_+/\-])"),
    _token("npm token", r"npm_[A-Za-z0-9]{36,}"),
    _token("pypi token", r"pypi-[A-Za-z0-9_\-]{50,}"),
    _token("stripe key", r"[rs]k_live_[A-Za-z0-9]{16,}"),
    _token("hugging face token", r"hf_[A-Za-z0-9]{34,}"),
    _token("groq key", r"gsk_[A-Za-z0-9]{48,}"),
    _token("xai key", r"xai-[A-Za-z0-9_]{70,}"),
    _token("google oauth token", r"ya29\.(?:[a-z]\.)?[A-Za-z0-9_\-]{30,}"),
    _token("sendgrid key", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}"),
    Shape("docker token", r"dckr_[A-Za-z0-9_\-]{31,}", _START + r"dckr_[po]at_[A-Za-z0-9_\-]{27,}"),
    _token("digitalocean token", r"do[opr]_v1_[a-f0-9]{64}"),
    Shape("linear key", r"lin_[a-z]{3,5}_[A-Za-z0-9]{40,}", _START + r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    _token("tavily key", r"tvly-[A-Za-z0-9_\-]{32,}"),
    Shape(
        "sentry token",
        r"sntry[a-z]_[A-Za-z0-9+/=_\-]{40,}",
        _START + r"sntry(?:s_eyJ[A-Za-z0-9+/=_\-]{40,}|u_[a-f0-9]{64})",
    ),
    Shape(
        "azure account key",
        r"AccountKey(?:=|\\+u003[dD])(?:[A-Za-z0-9+/]|\\/){86}",
        r"(?P<keep>AccountKey(?:=|\\+u003[dD]))(?:[A-Za-z0-9+/]|\\/){86}={0,2}",
    ),
    _token("json web token", r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]+)?"),
    _token("steward key", r"stw_[A-Za-z0-9]{8}_[A-Za-z0-9_\-]{43}"),
    Shape(
        "private key",
        rf"-----BEGIN {_KEY_NAME}",
        rf"-----BEGIN {_KEY_NAME}"
        rf"(?:(?={_GAP}){_KEY_TEXT}{{1,20000}}?-----END {_KEY_NAME}"
        rf"|{_GAP}{{1,40}}{_KEY_LINE}(?:{_GAP}{{1,40}}{_KEY_LINE})*(?:{_GAP}{{1,40}}[A-Za-z0-9+/]{{1,64}})?={{0,2}})",
    ),
    Shape(
        "password",
        r"://[^\s/@:\"'\\<>]*:[^\s/@\"'\\<>]+@",
        r"(?P<keep>://[^\s/@:\"'\\<>]*:)(?!\$\{?[A-Za-z_]+\}?@)[^\s/@\"'\\<>]+(?=@)",
    ),
    Shape(
        "bearer token",
        r"(?:[Bb]earer|BEARER) {1,4}[A-Za-z0-9._~+/\-]{20,}",
        r"(?P<keep>(?:[Bb]earer|BEARER) {1,4})(?=[A-Za-z._~+/\-]{0,200}[0-9])[A-Za-z0-9._~+/\-]{20,}={0,2}",
    ),
    Shape(
        "basic credentials",
        rf"uthorization{_QUOTES}\s{{0,4}}[:=]\s{{0,4}}{_QUOTES}[Bb]asic {{1,4}}[A-Za-z0-9+/]{{8,}}",
        rf"(?P<keep>uthorization{_QUOTES}\s{{0,4}}[:=]\s{{0,4}}{_QUOTES}[Bb]asic {{1,4}})[A-Za-z0-9+/]{{8,}}={{0,2}}",
    ),
)
"""Every shape that is known; the longer before the shorter that it may hold."""


@cache
def _search(core: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=core, regex_engine="rust-regex"))


@cache
def _halves() -> tuple[SchemaValidator, SchemaValidator]:
    """Return a search for each half of the shapes: so many beginnings at once are beyond the engine's fast ways."""
    half = len(SHAPES) // 2
    first, second = (
        "|".join(f"(?:{shape.core})" for shape in part) for part in (SHAPES[:half], SHAPES[half:])
    )
    return _search(first), _search(second)


@cache
def _patterns() -> tuple[tuple[Shape, re.Pattern[str], re.Pattern[bytes]], ...]:
    return tuple(
        (each, re.compile(each.pattern), re.compile(_utf8(each.pattern).encode())) for each in SHAPES
    )


def _utf8(pattern: str) -> str:
    """Write the arrow that ends a line's number as itself: bytes have no escape for it."""
    return pattern.replace(r"\u2192", "\u2192")


def may_hold_secret(text: str | bytes) -> bool:
    """Tell whether a text may hold a secret; when not, `redact` leaves it as it is. Some gigabytes a second."""
    first, second = _halves()
    return _has(first, text) or _has(second, text)


def redact(text: str) -> str:
    """Return a text with each secret of a known shape replaced by `[secret: <kind>]`."""
    if not may_hold_secret(text):
        return text
    for shape, pattern, _ in _patterns():
        if _has(_search(shape.core), text):
            text = pattern.sub(_put(shape), text)
    return text


def redact_bytes(data: bytes) -> bytes:
    """Return UTF-8 text, whole or damaged, with each secret of a known shape replaced by `[secret: <kind>]`."""
    if not may_hold_secret(data):
        return data
    for shape, _, pattern in _patterns():
        if _has(_search(shape.core), data):
            data = pattern.sub(_put_bytes(shape), data)
    return data


def _has(search: SchemaValidator, text: str | bytes) -> bool:
    """Tell whether a pattern occurs; what is no UTF-8 cannot be searched so fast, and may hold anything."""
    try:
        search.validate_python(text)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] != (
            "string_pattern_mismatch"
        )
    return True


def _put(shape: Shape) -> Callable[[re.Match[str]], str]:
    keeps = "keep" in shape.pattern
    return lambda match: f"{match['keep'] if keeps else ''}[secret: {shape.kind}]"


def _put_bytes(shape: Shape) -> Callable[[re.Match[bytes]], bytes]:
    keeps = "keep" in shape.pattern
    put = f"[secret: {shape.kind}]".encode()
    return lambda match: (match["keep"] if keeps else b"") + put
