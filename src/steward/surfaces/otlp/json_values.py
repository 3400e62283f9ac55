"""Values of OTLP in JSON, as the specification has them and as exporters write them.

Ids are hex, or base64 as protobuf's own JSON has it; enums are integers, digits or names; integers of 64 bits are texts
or numbers; keys are in lowerCamelCase or as in the protocol's own files. What is unknown is ignored, what is wrong is
refused with its place.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Object = dict[str, Any]
_HEX = re.compile(r"[0-9a-fA-F]*")
_DIGITS = re.compile(r"-?[0-9]+(?:\.0+)?")
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_KINDS = {dict: "object", list: "list", str: "text", bool: "truth value", int: "number", float: "number"}
MOST_DEPTH = 32


class Bad(ValueError):
    """A value that is not what its place takes; the place grows as the error goes up.

    Attributes:
        records: how many records cannot be read for it.
    """

    records = 1

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where: list[str | int] = list(where)

    def within(self, *where: str | int) -> Bad:
        """Return the error with what its place lies in."""
        self.where = [*where, *self.where]
        return self

    def __str__(self) -> str:
        parts = [f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.where]
        return f"{''.join(parts).removeprefix('.') or 'the body'}: {self.reason}"


def shown(value: Any) -> str:
    """Return a value for a message, not longer than helps."""
    text = repr(value) if isinstance(value, str | int | float) else f"a {_KINDS.get(type(value), 'value')}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def get(parent: Object, name: str, other: str = "") -> Any:
    """Return a field by its name in JSON, else by its name in the protocol's files; null is absence."""
    value = parent.get(name)
    return parent.get(other) if value is None and other else value


def items(parent: Object, name: str, other: str = "") -> list[Object]:
    """Return the objects of a field that is a list.

    Raises:
        Bad: it is no list, or holds something else.
    """
    value = get(parent, name, other)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Bad(f"{shown(value)} is no list", name)
    for at, each in enumerate(value):
        if type(each) is not dict:
            raise Bad(f"{shown(each)} is no object", name, at)
    return value


def each(parent: Object, name: str, other: str, read: Callable[[Object], T]) -> Iterable[T]:
    """Read the objects of a list; an error names which."""
    for at, value in enumerate(items(parent, name, other)):
        try:
            yield read(value)
        except Bad as exc:
            raise exc.within(name, at) from None


def member(parent: Object, name: str, other: str = "") -> Object:
    """Return a field that is an object, an empty one where it is absent."""
    value = get(parent, name, other)
    if value is None:
        return {}
    if type(value) is not dict:
        raise Bad(f"{shown(value)} is no object", name)
    return value


def text(parent: Object, name: str, other: str = "") -> str:
    """Return a field that is a text."""
    value = get(parent, name, other)
    if value is None:
        return ""
    if type(value) is not str:
        raise Bad(f"{shown(value)} is no text", name)
    return value


def truth(parent: Object, name: str, other: str = "") -> bool:
    """Return a field that is a truth value."""
    value = get(parent, name, other)
    if value is None:
        return False
    if type(value) is not bool:
        raise Bad(f"{shown(value)} is neither true nor false", name)
    return value


def whole(value: Any, low: int, high: int) -> int:
    """Return an integer that is a number, or a text of one."""
    if type(value) is str and _DIGITS.fullmatch(value) and len(value) < 40:
        value = int(value.partition(".")[0])
    elif type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise Bad(f"{shown(value)} is no whole number")
    if not low <= value <= high:
        raise Bad(f"{shown(value)} is not between {low} and {high}")
    return value


def integer(parent: Object, name: str, other: str = "", *, low: int = 0, high: int = 2**64 - 1) -> int:
    """Return a field that is an integer, 0 where it is absent."""
    value = get(parent, name, other)
    if value is None:
        return 0
    try:
        return whole(value, low, high)
    except Bad as exc:
        raise exc.within(name) from None


def number(value: Any) -> float:
    """Return a number, which may be written as a text, also one that is none: "NaN", "Infinity"."""
    if type(value) in (int, float):
        return _finite(value)
    if type(value) is str:
        if value in _SPECIAL:
            return _SPECIAL[value]
        if _NUMBER.fullmatch(value):
            return _finite(value)
    raise Bad(f"{shown(value)} is no number")


def _finite(value: Any) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if math.isinf(found):
        raise Bad(f"{shown(value)} is too large a number")
    return found


def optional_number(parent: Object, name: str, other: str = "") -> float | None:
    """Return a field that is a number, None where it is absent."""
    value = get(parent, name, other)
    if value is None:
        return None
    try:
        return number(value)
    except Bad as exc:
        raise exc.within(name) from None


def enum(parent: Object, name: str, known: Mapping[str, int], other: str = "") -> int:
    """Return a field that is an enum: an integer, also one that is unknown; digits; a name that is known."""
    value = get(parent, name, other)
    if value is None:
        return 0
    if type(value) is str and not _DIGITS.fullmatch(value):
        found = known.get(value)
        if found is None:
            raise Bad(f"{shown(value)} is none of {', '.join(list(known)[:6])} …", name)
        return found
    return integer(parent, name, other, low=-(2**31), high=2**31 - 1)


def binary(value: str) -> bytes | None:
    """Return bytes that are written in base64, of either alphabet; None where they are not."""
    try:
        plain = value.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def id_of(parent: Object, name: str, other: str, size: int) -> bytes | None:
    """Return an id in hex, else in base64; None where it is absent, all zero, or of another length."""
    value = text(parent, name, other)
    if len(value) == 2 * size and _HEX.fullmatch(value):
        found: bytes | None = bytes.fromhex(value)
    elif 0 < len(value) <= 2 * size:
        found = binary(value)
    else:
        return None
    return found if found is not None and len(found) == size and any(found) else None


# ------------------------------------------------------------------------------------------------------- attributes


def any_value(value: Object, depth: int = 0) -> Any:
    """Return a value of any kind; None for an empty one."""
    if depth > MOST_DEPTH:
        raise Bad(f"values lie within each other more than {MOST_DEPTH} deep")
    for name, inner in value.items():
        read = _READERS.get(name)
        if read is not None and inner is not None:
            try:
                return read(inner, depth)
            except Bad as exc:
                raise exc.within(name) from None
    return None


def _string(value: Any, _: int) -> str:
    if type(value) is not str:
        raise Bad(f"{shown(value)} is no text")
    return value


def _bool(value: Any, _: int) -> bool:
    if type(value) is not bool:
        raise Bad(f"{shown(value)} is neither true nor false")
    return value


def _int(value: Any, _: int) -> int:
    return whole(value, -(2**63), 2**63 - 1)


def _double(value: Any, _: int) -> float:
    return number(value)


def _bytes(value: Any, _: int) -> str:
    found = binary(value) if type(value) is str else None
    if found is None:
        raise Bad(f"{shown(value)} is no base64")
    return base64.b64encode(found).decode()


def _array(value: Any, depth: int) -> list[Any]:
    if type(value) is not dict:
        raise Bad(f"{shown(value)} is no object")
    return list(each(value, "values", "", lambda item: any_value(item, depth + 1)))


def _map(value: Any, depth: int) -> Object:
    if type(value) is not dict:
        raise Bad(f"{shown(value)} is no object")
    return attributes(value, "values", depth + 1)


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "stringValue": _string, "string_value": _string, "boolValue": _bool, "bool_value": _bool,
    "intValue": _int, "int_value": _int, "doubleValue": _double, "double_value": _double,
    "arrayValue": _array, "array_value": _array, "kvlistValue": _map, "kvlist_value": _map,
    "bytesValue": _bytes, "bytes_value": _bytes,
}  # fmt: skip


def attributes(parent: Object, name: str = "attributes", depth: int = 0) -> Object:
    """Return attributes as an object; of two with one key the later."""
    found: Object = {}
    for at, item in enumerate(items(parent, name)):
        key, value = item.get("key"), item.get("value")
        if type(key) is not str:
            if key is not None:
                raise Bad(f"{shown(key)} is no text", name, at, "key")
            key = ""
        if type(value) is dict:
            plain = value.get("stringValue")
            if type(plain) is str:
                found[key] = plain
                continue
            try:
                found[key] = any_value(value, depth)
            except Bad as exc:
                raise exc.within(name, at, "value") from None
        elif value is None:
            found[key] = None
        else:
            raise Bad(f"{shown(value)} is no object", name, at, "value")
    return found
