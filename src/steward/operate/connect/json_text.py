"""Changes to JSON as somebody wrote it: members and items come and go, every other byte stays where it is.

Comments and trailing commas are read over, as the settings of some clients have them. Each change is checked: what is
parsed afterwards has to be what was meant.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from steward.kit.errors import Invalid

_SPACE = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.S)
_SCALAR = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_DEEPEST = 100


@dataclass(slots=True)
class Node:
    """A value and where it stands in the text."""

    start: int
    end: int
    value: Any
    members: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    # Where the key of a member begins; of an item, the item itself.
    key_start: int = 0

    @property
    def children(self) -> list[Node]:
        """Return the values in it, in their order."""
        return list(self.members.values()) or self.items


class Document:
    """A JSON text that can be changed here and there."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text if text.strip() else "{}" + (text or "\n")
        self.name = name
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self._parse()
        if not isinstance(self.root.value, dict):
            raise Invalid(f"{name} holds no JSON object", hint="mend the file, then try again")

    # ------------------------------------------------------------------------------------------------------ reading

    def _parse(self) -> None:
        self.root = self._value(self._skip(0), 0)
        if self._skip(self.root.end) != len(self.text):
            raise self._wrong(self._skip(self.root.end))

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _wrong(self, at: int) -> Invalid:
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        return Invalid(
            f"{self.name} is no JSON: line {line}, column {column}", hint="mend the file, then try again"
        )

    def _value(self, at: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._wrong(at)
        opens = self.text[at : at + 1]
        if opens == "{":
            return self._object(at, depth)
        if opens == "[":
            return self._array(at, depth)
        found = _STRING.match(self.text, at) if opens == '"' else _SCALAR.match(self.text, at)
        if found is None:
            raise self._wrong(at)
        try:
            return Node(at, found.end(), json.loads(found[0], strict=False), key_start=at)
        except ValueError:
            raise self._wrong(at) from None

    def _object(self, at: int, depth: int) -> Node:
        node = Node(at, at, {}, key_start=at)
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "}":
            key = self._value(at, depth + 1)
            colon = self._skip(key.end)
            if not isinstance(key.value, str) or self.text[colon : colon + 1] != ":":
                raise self._wrong(at)
            value = self._value(self._skip(colon + 1), depth + 1)
            value.key_start = at
            node.members[key.value] = value
            node.value[key.value] = value.value
            at = self._after(value.end, "}")
        node.end = at + 1
        return node

    def _array(self, at: int, depth: int) -> Node:
        node = Node(at, at, [], key_start=at)
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "]":
            value = self._value(at, depth + 1)
            node.items.append(value)
            node.value.append(value.value)
            at = self._after(value.end, "]")
        node.end = at + 1
        return node

    def _after(self, at: int, closing: str) -> int:
        """Return where the next member begins, or the end: behind a comma either may stand."""
        at = self._skip(at)
        if self.text[at : at + 1] == ",":
            return self._skip(at + 1)
        if self.text[at : at + 1] != closing:
            raise self._wrong(at)
        return at

    def find(self, path: tuple[str, ...]) -> Node | None:
        """Return what stands at a path of keys, None when nothing does."""
        node: Node | None = self.root
        for key in path:
            node = node.members.get(key) if node is not None else None
        return node

    # ------------------------------------------------------------------------------------------------------ writing

    def set_member(self, path: tuple[str, ...], value: Any) -> None:
        """Add a member that is not there yet; the object around it is there."""
        *parents, key = path
        node = self.find(tuple(parents))
        if node is None or not isinstance(node.value, dict):
            raise Invalid(f"{self.name}: {'.'.join(parents)} is no object", hint="mend the file")
        self._insert(node, value, json.dumps(key, ensure_ascii=False) + ": ")

    def append_item(self, path: tuple[str, ...], value: Any) -> None:
        """Add an item at the end of a list that is there."""
        node = self.find(path)
        if node is None or not isinstance(node.value, list):
            raise Invalid(f"{self.name}: {'.'.join(path)} is no list", hint="mend the file")
        self._insert(node, value, "")

    def _insert(self, node: Node, value: Any, key: str) -> None:
        expected = self._expected(node, value, json.loads(key[:-2]) if key else None)
        if not node.children:
            self._fill(node, value, key)
        elif self._is_inline(node):
            self._splice(node.children[-1].end, ", " + key + json.dumps(value, ensure_ascii=False))
        else:
            self._add_line(node, value, key)
        self._check(expected)

    def _expected(self, node: Node, value: Any, key: str | None) -> Any:
        if key is not None:
            node.value[key] = value
        else:
            node.value.append(value)
        # Parents hold the very same objects, so the whole has changed with it.
        return json.loads(json.dumps(self.root.value))

    def _check(self, expected: Any) -> None:
        self._parse()
        if self.root.value != expected:
            raise Invalid(
                f"{self.name} is written in a way that cannot be changed safely", hint="change it by hand"
            )

    def _splice(self, at: int, new: str, end: int | None = None) -> None:
        self.text = self.text[:at] + new + self.text[at if end is None else end :]

    def _is_inline(self, node: Node) -> bool:
        return "\n" not in self.text[node.start : node.children[-1].end]

    def _fill(self, node: Node, value: Any, key: str) -> None:
        """Write into an object or list that is empty but for comments."""
        outer = self._indent_of(node.start)
        inner = outer + self._unit()
        inside = self.text[node.start + 1 : node.end - 1].rstrip()
        new = f"{inside}{self.newline}{inner}{key}{self._dumped(value, inner)}{self.newline}{outer}"
        self._splice(node.start + 1, new, node.end - 1)

    def _add_line(self, node: Node, value: Any, key: str) -> None:
        """Write a line behind the last one, and behind the comment that may end that."""
        last = node.children[-1]
        inner = self._indent_of(node.children[0].key_start)
        after = self._skip(last.end)
        has_comma = self.text[after : after + 1] == ","
        behind = after + 1 if has_comma else last.end
        comment = re.match(r"[ \t]*(?://[^\r\n]*|/\*[^\n]*?\*/)[ \t]*(?=\r?\n)", self.text[behind:])
        at = behind + (comment.end() if comment else 0)
        line = f"{self.newline}{inner}{key}{self._dumped(value, inner)}{',' if has_comma else ''}"
        self._splice(at, line)
        if not has_comma:
            self._splice(last.end, ",")

    def _indent_of(self, at: int) -> str:
        """Return the white space that begins the line of a place."""
        begin = self.text.rfind("\n", 0, at) + 1
        found = re.match(r"[ \t]*", self.text[begin:at])
        return found[0] if found else ""

    def _unit(self) -> str:
        """Return by how much the writer of this text indents."""
        first = self.root.children[0] if self.root.children else None
        indent = self._indent_of(first.key_start) if first and not self._is_inline(self.root) else ""
        return indent or "  "

    def _dumped(self, value: Any, indent: str) -> str:
        text = json.dumps(value, ensure_ascii=False, indent=self._unit())
        return text.replace("\n", self.newline + indent)

    # ----------------------------------------------------------------------------------------------------- removing

    def remove_member(self, path: tuple[str, ...]) -> None:
        """Take a member out, with the comma that it no longer needs."""
        *parents, key = path
        node = self.find(tuple(parents))
        if node is None or key not in node.members:
            return
        at = list(node.members).index(key)
        del node.value[key]
        self._cut(node, at)

    def remove_item(self, path: tuple[str, ...], at: int) -> None:
        """Take an item out of a list."""
        node = self.find(path)
        if node is None or at >= len(node.items):
            return
        del node.value[at]
        self._cut(node, at)

    def _cut(self, node: Node, at: int) -> None:
        expected = json.loads(json.dumps(self.root.value))
        children = node.children
        child = children[at]
        if at > 0 and self.text[children[at - 1].end : child.key_start].replace(",", "", 1).strip():
            self._cut_line(children[at - 1], child)
        elif at > 0:
            self._splice(children[at - 1].end, "", child.end)
        elif len(children) > 1:
            self._splice(child.key_start, "", children[1].key_start)
        else:
            self._splice(node.start + 1, "", node.end - 1)
        self._check(expected)

    def _cut_line(self, last: Node, child: Node) -> None:
        """Take out what stands behind a comment: its line, and the one comma that is then too many."""
        begin = len(self.text[: child.key_start].rstrip())
        end = self._skip(child.end)
        if self.text[end : end + 1] == ",":
            self._splice(begin, "", end + 1)
            return
        self._splice(begin, "", child.end)
        comma = self._skip(last.end)
        if self.text[comma : comma + 1] == ",":
            self._splice(comma, "", comma + 1)
