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
_BOX = re.compile(r"\s*[-*]\s+\[(?P<tick>[ xX])\]\s*(?:#\d+\s+)?(?P<text>.*)")
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
class Criterion:
    """An acceptance criterion: its text without box and number, whether it is ticked, and its line in the file."""

    text: str
    ticked: bool
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        front: the values in front; every scalar is a text, as it was written.
        description: the section of that name.
        criteria: acceptance criteria.
        strays: lines among these that belong to none.
        rest: plan, notes and whatever else follows, markers left out.
        comments: author, time and text of each, as they are written.
        lines: where sections begin.
    """

    front: dict[str, Any]
    description: str
    criteria: tuple[Criterion, ...]
    strays: tuple[int, ...]
    rest: str
    comments: tuple[tuple[str, str, str], ...]
    lines: dict[str, int]


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
    return _document(front, _Body(text[match.end() :], 1 + text.count("\n", 0, match.end())))


def front_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the lines of what stands in front: by key, and by key and place among the texts of a list."""
    match = _FRONT.match(text.replace("\r\n", "\n"))
    node = _compose(match[1]) if match else None
    lines: dict[tuple[str | int, ...], int] = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        lines[str(key.value),] = key.start_mark.line + 2
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        texts = [each for each in items if isinstance(each, yaml.ScalarNode) and each.value.strip()]
        lines |= {(str(key.value), place): each.start_mark.line + 2 for place, each in enumerate(texts)}
    return lines


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return yaml.compose(_BARE_NAME.sub(r"'\g<0>'", text), Loader=yaml.BaseLoader)


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


class _Body:
    """What stands behind the front: sections are cut out of it, and their lines in the file still known."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self._whole = text
        self._first_line = first_line
        self._cuts: list[tuple[int, int]] = []

    def line(self, at: int) -> int:
        """Return the line of a place in what is left."""
        for start, length in reversed(self._cuts):
            if at >= start:
                at += length
        return self._first_line + self._whole.count("\n", 0, at)

    def cut(self, start: int, end: int) -> None:
        """Take a part out."""
        self.text = self.text[:start] + self.text[end:]
        self._cuts.append((start, end - start))

    def take(self, marked: re.Pattern[str], heading: str) -> tuple[str, int]:
        """Cut one section out, found by its markers, in older files by its heading; return its first line too."""
        headed = re.compile(_HEADED.format(heading), re.S | re.M)
        if (match := marked.search(self.text)) is not None:
            line = self.line(match.start(1))
            before = re.sub(rf"^##[ \t]+{heading}[ \t]*\n\s*\Z", "", self.text[: match.start()], flags=re.M)
            self.cut(len(before), match.end())
            return match[1], line
        if (match := headed.search(self.text)) is not None:
            line = self.line(match.start(1))
            self.cut(match.start(), match.end())
            return match[1], line
        return "", self._first_line


def _document(front: dict[str, Any], body: _Body) -> Document:
    first = body.line(0)
    comments = _comments(body)
    description, begin = body.take(_DESCRIPTION, "Description")
    criteria, strays = _criteria(*body.take(_CRITERIA, "Acceptance Criteria"))
    rest = _EMPTY_LINES.sub("\n\n", _MARKER.sub("", body.text)).strip()
    lines = {"description": begin, "details": first}
    return Document(front, description.strip(), criteria, strays, rest, comments, lines)


def _comments(body: _Body) -> tuple[tuple[str, str, str], ...]:
    """Cut the comments out; a section that cannot be read as such stays a part of the text."""
    section = _COMMENTS.search(body.text)
    found = tuple(
        (each["author"].strip(), each["created"].strip(), each["text"].strip())
        for each in (_COMMENT.finditer(section[1]) if section else ())
    )
    if section is not None and found:
        body.cut(section.start(), section.end())
    return found


def _criteria(section: str, first_line: int) -> tuple[tuple[Criterion, ...], tuple[int, ...]]:
    """Read the boxes; an indented line below one goes on with its text."""
    found: list[tuple[list[str], bool, int]] = []
    strays: list[int] = []
    for number, line in enumerate(section.split("\n"), first_line):
        if not line.strip() or _MARKER.fullmatch(line):
            continue
        if (box := _BOX.fullmatch(line.rstrip())) is not None:
            found.append(([box["text"]], box["tick"] != " ", number))
        elif found and line[0].isspace():
            found[-1][0].append(line.strip())
        else:
            strays.append(number)
    criteria = [Criterion("\n".join(filter(None, texts)), ticked, number) for texts, ticked, number in found]
    strays += [each.line for each in criteria if not each.text]
    return tuple(each for each in criteria if each.text), tuple(sorted(strays))
