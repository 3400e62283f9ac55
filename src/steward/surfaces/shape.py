"""The types of operations as surfaces describe them: words for help, JSON Schema for MCP, Python for stubs."""

from __future__ import annotations

import dataclasses
import re
import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from steward.kit.convert import hints, optional_inner

_WORDS: dict[Any, str] = {
    bool: "flag",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "text",
    UUID: "uuid",
    datetime: "time",
    date: "day",
    bytes: "file",
}
_SCALARS: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "string"},
    str: {"type": "string"},
    UUID: {"type": "string"},
    datetime: {"type": "string"},
    date: {"type": "string"},
    bytes: {"type": "string", "contentEncoding": "base64"},
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a command line needs to know of a type."""

    word: str
    many: bool = False
    choices: tuple[str, ...] = ()
    nullable: bool = False


def choices_of(kind: Any) -> tuple[str, ...]:
    """Return the words that an enum or Literal allows; nothing for other types."""
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        # Numbers that have a name of their own; P4 is only the number 4 again.
        return tuple(member.name.lower() for member in kind if not re.fullmatch(r"[A-Z]\d+", member.name))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return ()


def _number_range(kind: type[IntEnum]) -> dict[str, Any]:
    return {"type": "integer", "minimum": min(kind).value, "maximum": max(kind).value}


def shape_of(kind: Any) -> Shape:
    """Return the shape of a parameter's type; what is no scalar and no list of scalars is JSON."""
    inner = optional_inner(kind)
    if inner is not None:
        return dataclasses.replace(shape_of(inner), nullable=True)
    if get_origin(kind) is list or kind is list:
        item = shape_of((get_args(kind) or (Any,))[0])
        if item.word != "json" and not item.many:
            return dataclasses.replace(item, many=True)
        return Shape("json")
    if choices := choices_of(kind):
        return Shape("choice", choices=choices)
    return Shape(_WORDS.get(kind, "json"))


def json_schema(kind: Any) -> dict[str, Any]:
    """Return a compact JSON Schema: no titles, no definitions, null left out where it means "not given"."""
    inner = optional_inner(kind)
    if inner is not None:
        return json_schema(inner)
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return _number_range(kind)
    if choices := choices_of(kind):
        return {"type": "string", "enum": list(choices)}
    origin = get_origin(kind) or kind
    if origin is list:
        item = json_schema((get_args(kind) or (Any,))[0])
        return {"type": "array", "items": item} if item else {"type": "array"}
    if dataclasses.is_dataclass(origin) and isinstance(origin, type):
        return _object_schema(origin, _variables(kind))
    return {"type": "object"} if origin is dict else {}


def _variables(kind: Any) -> dict[Any, Any]:
    origin = get_origin(kind)
    return dict(zip(getattr(origin, "__parameters__", ()), get_args(kind), strict=False)) if origin else {}


def fields_of(kind: Any) -> dict[str, Any]:
    """Return the fields of a dataclass with their types, those of a generic one put in."""
    origin = get_origin(kind) or kind
    variables = _variables(kind)
    return {
        field.name: substitute(hints(origin)[field.name], variables) for field in dataclasses.fields(origin)
    }


def substitute(kind: Any, variables: dict[Any, Any]) -> Any:
    """Put the arguments of a generic dataclass in place of its type variables."""
    if isinstance(kind, TypeVar):
        return variables.get(kind, Any)
    if get_origin(kind) is list:
        return types.GenericAlias(list, (substitute(get_args(kind)[0], variables),))
    return kind


def _object_schema(kind: Any, variables: dict[Any, Any]) -> dict[str, Any]:
    known = hints(kind)
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(kind):
        properties[field.name] = json_schema(substitute(known[field.name], variables))
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | {"required": required} if required else schema


def is_nullable(kind: Any) -> bool:
    """Tell whether a result may be null."""
    return kind is type(None) or optional_inner(kind) is not None


def python_name(kind: Any) -> str:
    """Return a type as it is written in Python source, with short names."""
    if kind is type(None) or kind is None:
        return "None"
    origin = get_origin(kind)
    if origin is None:
        return "Any" if kind is Any else str(getattr(kind, "__name__", kind))
    if origin in (Union, types.UnionType):
        return " | ".join(python_name(part) for part in get_args(kind))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, get_args(kind)))}]"
    return f"{origin.__name__}[{', '.join(python_name(part) for part in get_args(kind))}]"
