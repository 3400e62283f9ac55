"""One Markdown file of Backlog.md: YAML in front, sections behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from steward.importers.refusal import Refused

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.M)
# Older files name people as @ada without quotes, which YAML does not allow.
_BARE_NAME = re.compile(r"(?<![\w'\"])@[\w.-]+(?!['\"\w])")
_DESCRIPTION = re.compile(
    r"<!-- SECTION:DESCRIPTION:BEGIN -->\n?(.*?)<!-- SECTION:DESCRIPTION:END -->\n?", re.S
)
_CRITERIA = re.compile(r"<!-- AC:BEGIN -->\n?(.*?)<!-- AC:END -->\n?", re.S)
_HEADED = r"^##[ \t]+{}[ \t]*\n(.*?)(?=^##[ \t]|\Z)"
_MARKER = re.compile(r"^[ \t]*<!-- (?:SECTION:\w+|AC|DOD):(?:BEGIN|END) -->[ \t]*\n?", re.M)
_BOX = re.compile(r"^\s*[-*]\s+\[[ xX]\]\s*(?:#\d+\s+)?(.+?)\s*$", re.M)
_COMMENTS = re.compile(
    r"(?:^##[ \t]+Comments[ \t]*\n\s*)?<!-- COMMENTS:BEGIN -->\n?(.*?)<!-- COMMENTS:END -->\n?", re.S | re.M
)
_COMMENT = re.compile(
    r"(?:\A\s*|^---[ \t]*\n)author:[ \t]*(?P<author>[^\n]*)\ncreated:[ \t]*(?P<created>[^\n]*)\n---[ \t]*\n"
    r"(?P<text>.*?)(?=^---[ \t]*\nauthor:|\Z)",
    re.M | re.S,
)
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        front: the values in front; every scalar is a text, as it was written.
        description: the section of that name.
        criteria: acceptance criteria, without their boxes and numbers.
        rest: plan, notes and whatever else follows, markers left out.
        comments: author, time and text of each, as they are written.
    """

    front: dict[str, Any]
    description: str
    criteria: tuple[str, ...]
    rest: str
    comments: tuple[tuple[str, str, str], ...] = ()


def read_document(text: str, name: str) -> Document | None:
    """Read a file; None when it has nothing in front.

    Raises:
        Refused: it holds conflict markers, or what stands in front is no YAML.
    """
    text = text.replace("\r\n", "\n")
    if (conflict := _CONFLICT.search(text)) is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        raise Refused(
            f"{name}: line {line}: the file holds git conflict markers",
            hint="finish the merge and import again; nothing of the folder was imported",
            line=line,
            place=name,
            kind="conflict_markers",
        )
    match = _FRONT.match(text)
    if match is None:
        return None
    front = read_yaml(match[1], name, 2)
    if not isinstance(front, dict):
        raise _refused(name, 2, "what stands in front is no list of keys and values")
    return Document(front, *_sections(text[match.end() :]))


def read_yaml(text: str, name: str, first_line: int = 1) -> Any:
    """Read YAML in which every scalar stays the text it is: no dates, no numbers, no yes and no.

    Raises:
        Refused: it is no YAML; the message names the line.
    """
    try:
        return _load(text)
    except (yaml.YAMLError, RecursionError) as error:
        try:
            return _load(_BARE_NAME.sub(r"'\g<0>'", text))
        except (yaml.YAMLError, RecursionError):
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "it cannot be read"
            raise _refused(name, first_line + (mark.line if mark else 0), f"not YAML: {problem}") from None


def _load(text: str) -> Any:
    # The base loader knows lists, mappings and texts alone: it makes no objects.
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506


def _refused(name: str, line: int, what: str) -> Refused:
    return Refused(
        f"{name}: line {line}: {what}",
        hint="mend that file and import again; nothing of the folder was imported",
        line=line,
        place=name,
        kind="not_yaml",
    )


def _sections(body: str) -> tuple[str, tuple[str, ...], str, tuple[tuple[str, str, str], ...]]:
    comments, body = _comments(body)
    description, body = _take(body, _DESCRIPTION, "Description")
    criteria, body = _take(body, _CRITERIA, "Acceptance Criteria")
    rest = _EMPTY_LINES.sub("\n\n", _MARKER.sub("", body)).strip()
    return description.strip(), tuple(_BOX.findall(criteria)), rest, comments


def _comments(body: str) -> tuple[tuple[tuple[str, str, str], ...], str]:
    """Cut the comments out; a section that cannot be read as such stays a part of the text."""
    section = _COMMENTS.search(body)
    found = tuple(
        (each["author"].strip(), each["created"].strip(), each["text"].strip())
        for each in (_COMMENT.finditer(section[1]) if section else ())
    )
    if section is None or not found:
        return (), body
    return found, body[: section.start()] + body[section.end() :]


def _take(body: str, marked: re.Pattern[str], heading: str) -> tuple[str, str]:
    """Cut one section out, found by its markers, in older files by its heading."""
    headed = re.compile(_HEADED.format(heading), re.S | re.M)
    if (match := marked.search(body)) is not None:
        before = re.sub(rf"^##[ \t]+{heading}[ \t]*\n\s*\Z", "", body[: match.start()], flags=re.M)
        return match[1], before + body[match.end() :]
    if (match := headed.search(body)) is not None:
        return match[1], body[: match.start()] + body[match.end() :]
    return "", body
