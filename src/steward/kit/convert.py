"""One conversion between JSON (or command-line words) and the types that operations declare.

Every surface uses it, so a value means the same on each. Pydantic would do it too, but costs a tenth of a second to
import, which every call of the command line would pay.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import types
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, IntEnum
from functools import cache
from pathlib import PurePath
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from steward.kit.errors import Invalid

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def _wrong(path: str, value: object, wanted: str) -> Invalid:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return Invalid(
        f"{path}: {shown} is not {wanted}", hint=f"give {path} as {wanted}", detail={"place": path}
    )


def optional_inner(kind: Any) -> Any | None:
    """Return T of `T | None`, or None when the type is not optional."""
    if get_origin(kind) not in (Union, types.UnionType):
        return None
    rest = [part for part in get_args(kind) if part is not type(None)]
    return rest[0] if len(rest) == 1 and len(get_args(kind)) == 2 else None


@cache
def hints(kind: type) -> dict[str, Any]:
    """Return the resolved annotations of a dataclass."""
    return get_type_hints(kind)


def _load_bool(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _wrong(path, value, "true or false")


def _load_int(value: Any, path: str) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise _wrong(path, value, "a whole number")
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(path, value, "a whole number") from None


def _load_float(value: Any, path: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong(path, value, "a number") from None
    if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
        raise _wrong(path, value, "a finite number")
    return number


def _load_decimal(value: Any, path: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _wrong(path, value, "a decimal number") from None
    if not number.is_finite():
        raise _wrong(path, value, "a finite number")
    return number


def _load_str(value: Any, path: str) -> str:
    # What is named by words may be named by its id too, and Python has that as a UUID.
    value = str(value) if isinstance(value, UUID) else value
    if not isinstance(value, str):
        raise _wrong(path, value, "a text")
    if "\x00" in value:
        raise _wrong(path, value, "a text without NUL characters (PostgreSQL cannot store them)")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _wrong(path, value, "a text of valid Unicode (it holds a lone surrogate)") from None
    return value


def _load_uuid(value: Any, path: str) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        raise _wrong(path, value, "a uuid") from None


def _load_datetime(value: Any, path: str) -> datetime:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _wrong(path, value, "a time such as 2026-01-31T12:00:00Z") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        found.astimezone(UTC)
    except OverflowError:
        raise _wrong(path, value, "a time between the years 1 and 9999 in UTC") from None
    return found


def _load_date(value: Any, path: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(path, value, "a day such as 2026-01-31") from None


def _load_bytes(value: Any, path: str) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode("".join(str(value).split()), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(path, value, "bytes as base64") from None


_SCALARS: dict[Any, Any] = {
    bytes: _load_bytes,
    bool: _load_bool,
    int: _load_int,
    float: _load_float,
    Decimal: _load_decimal,
    str: _load_str,
    UUID: _load_uuid,
    datetime: _load_datetime,
    date: _load_date,
}


def _load_enum(kind: type[Enum], value: Any, path: str) -> Enum:
    try:
        return kind(value)
    except ValueError:
        exc = _wrong(path, value, f"one of {_words(kind)}")
        exc.hint = "give one of these"
        raise exc from None


def _words(kind: type[Enum]) -> str:
    """Return what an enum takes; of a scale of numbers its range and the words for some of them."""
    values = [str(member.value) for member in kind]
    if not issubclass(kind, IntEnum):
        return ", ".join(values)
    named = [member.name.lower() for member in kind if not re.fullmatch(r"[A-Z]\d+", member.name)]
    return ", ".join([*named, f"{values[0]} to {values[-1]}"])


def _load_list(kind: Any, value: Any, path: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
        raise _wrong(path, value, "a list")
    (inner,) = get_args(kind) or (Any,)
    return [load(inner, item, f"{path}[{i}]") for i, item in enumerate(value)]


def _load_dict(kind: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "an object")
    inner = (get_args(kind) or (str, Any))[1]
    return {_load_str(key, path): load(inner, item, f"{path}.{key}") for key, item in value.items()}


def _load_dataclass(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind) or kind
    if isinstance(value, origin):
        return value
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "an object")
    given = dict(value)
    values = {}
    variables = dict(zip(getattr(origin, "__parameters__", ()), get_args(kind), strict=False))
    for field in dataclasses.fields(origin):
        if field.name in given:
            wanted = _bind(hints(origin)[field.name], variables)
            values[field.name] = load(wanted, given.pop(field.name), f"{path}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise Invalid(f"{path}.{field.name} is missing", hint=f"give {field.name}")
    if given:
        unknown = ", ".join(sorted(map(str, given)))
        known = ", ".join(field.name for field in dataclasses.fields(origin))
        raise Invalid(f"{path}: unknown field {unknown}", hint=f"the fields are {known}")
    return origin(**values)


def _bind(kind: Any, variables: Mapping[Any, Any]) -> Any:
    """Put the arguments of a generic dataclass in place of its type variables."""
    if isinstance(kind, TypeVar):
        return variables.get(kind, Any)
    if get_origin(kind) is list:
        return list[_bind(get_args(kind)[0], variables)]  # type: ignore[misc]
    return kind


def load(kind: Any, value: Any, path: str) -> Any:
    """Return `value` as the declared type.

    Args:
        kind: a scalar type, enum, list, dict, dataclass, Literal, or `T | None` of these.
        value: JSON data or the words of a command line.
        path: where the value stands, for the message.

    Raises:
        Invalid: the value is not of that type; the message names value and place.
    """
    if kind is Any:
        return value
    inner = optional_inner(kind)
    if inner is not None:
        return None if value is None else load(inner, value, path)
    origin = get_origin(kind) or kind
    if origin in _SCALARS:
        return _SCALARS[origin](value, path)
    if origin is Literal:
        if value not in get_args(kind):
            raise _wrong(path, value, f"one of {', '.join(map(str, get_args(kind)))}")
        return value
    if origin is list:
        return _load_list(kind, value, path)
    if origin is dict:
        return _load_dict(kind, value, path)
    if dataclasses.is_dataclass(origin):
        return _load_dataclass(kind, value, path)
    if isinstance(origin, type) and issubclass(origin, Enum):
        return _load_enum(origin, value, path)
    raise TypeError(f"{path}: operations cannot take or give {kind!r}")


def timestamp(value: datetime) -> str:
    """Return a time as RFC 3339 in UTC, as `--json` shows it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dump(value: Any) -> Any:
    """Return a result as plain JSON data; decimals become text so that no digit is lost."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Decimal):
        # Never as 0E-9, which people do not read.
        return f"{value:f}" if value else "0"
    if isinstance(value, UUID | date | PurePath):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    return value
