"""Putting what is wanted into the text of a file, and taking it out again."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from steward.kit.errors import Invalid
from steward.operate.connect.json_text import Document
from steward.operate.connect.types import Format, Target, Want

_MARKS = {
    Format.MARKDOWN: (
        "<!-- steward:begin (`steward disconnect` removes this block) -->",
        "<!-- steward:end -->",
    ),
    Format.DOTENV: ("# steward:begin (`steward disconnect` removes this block)", "# steward:end"),
}
_HEADINGS = (
    "write its tables with a heading each, such as [mcp_servers.name], then try again; or change it by hand"
)
Added = list[dict[str, Any]]


def put(target: Target, text: str) -> tuple[str, Added, list[str]]:
    """Return a file's text with what is wanted in it, what was added, and what stood against it.

    Args:
        target: the file and what is wanted.
        text: its content, without anything of ours.

    Raises:
        Invalid: the file cannot be read as what it should be; names the place.
    """
    if target.format is Format.JSON:
        return _put_json(target, text)
    if target.format is Format.TOML:
        return _put_toml(target, text)
    return _put_block(target, text)


def take_out(kind: Format, name: str, text: str, added: Added) -> tuple[str, list[str]]:
    """Return a file's text without what was added, as far as it is still there as it was, and what was left.

    Args:
        kind: how the file is written.
        name: what the file is called, for messages.
        text: its content now.
        added: what `put` told.
    """
    if kind is Format.JSON:
        return _take_out_json(name, text, added)
    if kind is Format.TOML:
        return _take_out_toml(name, text, added)
    begin, end = _MARKS[kind]
    pattern = re.compile(rf"(?:\r?\n)?{re.escape(begin)}.*?{re.escape(end)}(?:\r?\n)?", re.S)
    return pattern.sub("", text), []


def _shown(path: Iterable[str]) -> str:
    return ".".join(path)


def _refused(target: Target, data: dict[str, Any]) -> dict[str, str]:
    """Return the groups that cannot be written, each with what stands against it."""
    found: dict[str, str] = {}
    for group, (parents, beginning) in target.rivals.items():
        wanted = {want.path: want.value for want in target.wants if want.group == group}
        node = _at(data, parents)
        for key, value in node.items() if isinstance(node, dict) else ():
            path = (*parents, key)
            if (key.startswith(beginning) and path not in wanted) or (
                path in wanted and value != wanted[path]
            ):
                found.setdefault(group, f"{_shown(path)} is set to something of yours")
    for want in target.wants:
        against = _against(data, want)
        if against is not None:
            found.setdefault(want.group, against)
    return found


def _against(data: dict[str, Any], want: Want) -> str | None:
    for depth in range(1, len(want.path)):
        node = _at(data, want.path[:depth])
        if node is not None and not isinstance(node, dict):
            return f"{_shown(want.path[:depth])} is no object"
    there = _at(data, want.path)
    if want.is_item:
        return None if there is None or isinstance(there, list) else f"{_shown(want.path)} is no list"
    if there is not None and there != want.value:
        return f"{_shown(want.path)} is set to something of yours"
    return None


def _at(data: Any, path: Iterable[str]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _wanted(target: Target, data: dict[str, Any]) -> tuple[list[Want], list[str]]:
    """Return what is to be added, and a note for each group that is left out."""
    refused = _refused(target, data)
    notes = [f"{target.path}: {why}, so {group} was left out" for group, why in refused.items()]
    found = []
    for want in target.wants:
        there = _at(data, want.path)
        known = want.value in there if want.is_item and isinstance(there, list) else there == want.value
        if want.group not in refused and not known:
            found.append(want)
    return found, notes


# ------------------------------------------------------------------------------------------------------------- JSON


def _put_json(target: Target, text: str) -> tuple[str, Added, list[str]]:
    document = Document(text, str(target.path))
    wants, notes = _wanted(target, document.root.value)
    added: Added = []
    for want in wants:
        depth = next(n for n in range(len(want.path), -1, -1) if document.find(want.path[:n]) is not None)
        if want.is_item and depth == len(want.path):
            document.append_item(want.path, want.value)
            added.append({"path": list(want.path), "value": want.value, "item": True, "made": depth + 1})
            continue
        value = [want.value] if want.is_item else want.value
        for key in reversed(want.path[depth + 1 :]):
            value = {key: value}
        document.set_member(want.path[: depth + 1], value)
        added.append({"path": list(want.path), "value": want.value, "item": want.is_item, "made": depth + 1})
    return (document.text if added else text), added, notes


def _take_out_json(name: str, text: str, added: Added) -> tuple[str, list[str]]:
    document, left = Document(text, name), []
    for each in reversed(added):
        path = tuple(each["path"])
        node = document.find(path)
        if each["item"]:
            items = node.value if node is not None and isinstance(node.value, list) else []
            if each["value"] in items:
                document.remove_item(path, items.index(each["value"]))
            else:
                left.append(f"{name}: an item of {_shown(path)} was changed, so it was left")
                continue
        elif node is not None and node.value == each["value"]:
            document.remove_member(path)
        elif node is not None:
            left.append(f"{name}: {_shown(path)} was changed, so it was left")
            continue
        _drop_empty(document, path if each["item"] else path[:-1], each["made"])
    return document.text, left


def _drop_empty(document: Document, path: tuple[str, ...], made: int) -> None:
    """Take out the objects and lists that were made for what stood in them, where nothing stands in them now."""
    while len(path) >= max(made, 1):
        node = document.find(path)
        if node is None or node.value:
            return
        document.remove_member(path)
        path = path[:-1]


# ------------------------------------------------------------------------------------------------------------- TOML


def _loaded(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise Invalid(f"{name} is no TOML: {exc}", hint="mend the file, then try again") from None


def _put_toml(target: Target, text: str) -> tuple[str, Added, list[str]]:
    name, data = str(target.path), _loaded(str(target.path), text)
    wants, notes = _wanted(target, data)
    if not wants:
        return text, [], notes
    try:
        return *_added_toml(name, text, data, wants, inline=False), notes
    except Invalid:
        # A heading would take in what follows keys with dots: a table in a line leaves those where they are.
        return *_added_toml(name, text, data, wants, inline=True), notes


def _added_toml(
    name: str, text: str, data: dict[str, Any], wants: list[Want], *, inline: bool
) -> tuple[str, Added]:
    """Return the text with what is wanted, and what was added.

    Raises:
        Invalid: what the user wrote takes no more.
    """
    import tomlkit

    document: Any = tomlkit.parse(text)
    expected, added = copy.deepcopy(data), []
    for want in wants:
        made = _add_toml(name, document, want, inline)
        _set(expected, want.path, want.value)
        added.append({"path": list(want.path), "value": want.value, "item": False, "made": made})
    return _checked(name, text, tomlkit.dumps(document), expected), added


def _add_toml(name: str, document: Any, want: Want, inline: bool) -> int:
    """Put a value into a document; return from which depth on its tables had to be made."""
    from tomlkit.exceptions import TOMLKitError

    *parents, key = want.path
    node, made = document, len(want.path)
    try:
        for depth, parent in enumerate(parents, 1):
            if parent not in node:
                node[parent] = _new_table(
                    node, inline=inline and depth > 1, is_super=not inline and depth < len(parents)
                )
                made = min(made, depth)
            node = node[parent]
        node[key] = _toml(want.value)
    except (TOMLKitError, ValueError, TypeError) as exc:
        raise Invalid(
            f"{name}: {_shown(want.path)} cannot be added to {parents[0]} as it is written there: {exc}",
            hint=f"write {parents[0]} as a table with a heading, [{_shown(parents[:1])}], then try again",
        ) from None
    return made


def _new_table(node: Any, *, inline: bool, is_super: bool) -> Any:
    """Return a table to put into another one; one in a line takes none but such."""
    import tomlkit
    from tomlkit.items import InlineTable

    if inline or isinstance(node, InlineTable):
        return tomlkit.inline_table()
    return tomlkit.table(is_super_table=is_super)


def _toml(value: Any) -> Any:
    import tomlkit

    if not isinstance(value, dict):
        return tomlkit.item(value)
    table = tomlkit.inline_table()
    for key, item in value.items():
        table[key] = _toml(item)
    return table


def _set(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        data = data.setdefault(key, {})
    data[path[-1]] = value


def _checked(name: str, before: str, after: str, expected: dict[str, Any]) -> str:
    """Return the new text in the line ends of the old one, if it means what it should."""
    if "\r\n" in before and not re.search(r"(?<!\r)\n", before):
        after = re.sub(r"(?<!\r)\n", "\r\n", after)
    if _loaded(name, after) != expected:
        raise Invalid(f"{name} is written in a way that cannot be changed safely", hint=_HEADINGS)
    return after


def _take_out_toml(name: str, text: str, added: Added) -> tuple[str, list[str]]:
    import tomlkit

    data, left = _loaded(name, text), []
    document: Any = tomlkit.parse(text)
    for each in reversed(added):
        path = tuple(each["path"])
        there = _at(data, path)
        if there is None:
            continue
        if there != each["value"]:
            left.append(f"{name}: {_shown(path)} was changed, so it was left")
            continue
        for length in _emptied(data, path, each["made"]):
            node, parent = _at(document, path[: length - 1]), _at(data, path[: length - 1])
            del node[path[length - 1]], parent[path[length - 1]]
    return _checked(name, text, tomlkit.dumps(document), data), left


def _emptied(data: dict[str, Any], path: tuple[str, ...], made: int) -> Iterator[int]:
    """Yield how much of a path is to be taken out: the key, then the tables that were made and are empty now."""
    yield len(path)
    for length in range(len(path) - 1, made - 1, -1):
        if _at(data, path[:length]) == {}:
            yield length


# ------------------------------------------------------------------------------------------------------------- text


def _put_block(target: Target, text: str) -> tuple[str, Added, list[str]]:
    begin, end = _MARKS[target.format]
    want = target.wants[0]
    if begin in text:
        return text, [], [f"{target.path}: a block of ours is there already, so it was left as it is"]
    for group, (_, beginning) in target.rivals.items():
        if re.search(rf"^\s*(?:export\s+)?{re.escape(beginning)}", text, re.M):
            return text, [], [f"{target.path}: {beginning} is set by you, so {group} was left out"]
    newline = "\r\n" if "\r\n" in text else "\n"
    block = newline.join([begin, *str(want.value).splitlines(), end, ""])
    if text:
        gap = newline if text.endswith("\n") else newline * 2
        block = (gap if target.format is Format.MARKDOWN or not text.endswith("\n") else "") + block
    return text + block, [{"path": [], "value": json.dumps(want.value)}], []
