"""The tool list: operations by profile, described in as few bytes as an agent needs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args, get_origin

import mcp_types as types

from steward.kit import op
from steward.kit.convert import optional_inner
from steward.kit.errors import Invalid
from steward.surfaces.shape import json_schema

# What the whole list of the smallest profile may cost an agent's context.
CORE_TOOLS = 10
CORE_BYTES = 10_500
_PROFILES = {
    op.Profile.CORE: (op.Profile.CORE,),
    op.Profile.STANDARD: (op.Profile.CORE, op.Profile.STANDARD),
    op.Profile.ALL: tuple(op.Profile),
}
_WAIT = {"type": "number", "description": "Wait up to so many seconds for a result."}


def profile_of(word: str) -> op.Profile:
    """Return the profile of that name.

    Raises:
        Invalid: there is none.
    """
    try:
        return op.Profile(word)
    except ValueError:
        words = ", ".join(op.Profile)
        raise Invalid(f"profile: there is no {word!r}", hint=f"the profiles are {words}") from None


def specs_of(profile: op.Profile) -> dict[str, op.Operation]:
    """Return the operations of a profile by their tools' names."""
    return {spec.tool: spec for spec in op.operations() if spec.profile in _PROFILES[profile]}


def _input_schema(spec: op.Operation, *, full: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for param in spec.params:
        if not (full or param.core):
            continue
        known = json_schema(param.kind)
        if not param.required and isinstance(param.default, int | str) and param.default not in (False, ""):
            known["default"] = param.default
        properties[param.name] = known | {"description": param.help.rstrip(".")}
    if spec.waits:
        properties["wait"] = dict(_WAIT)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = [param.name for param in spec.params if param.required]
    return schema | {"required": required} if required else schema


def is_wrapped(kind: Any) -> bool:
    """Tell whether a result stands under `result`, because structured content has to be an object."""
    origin = get_origin(kind) or kind
    return optional_inner(kind) is not None or origin is list or json_schema(kind).get("type") != "object"


def _output_schema(spec: op.Operation) -> dict[str, Any]:
    """Return the shape of the result without its fields: an agent reads those where they come."""
    if not is_wrapped(spec.returns):
        return _page_schema() if get_origin(spec.returns) is op.Page else {"type": "object"}
    inner = optional_inner(spec.returns)
    kind = json_schema(spec.returns).get("type")
    word: Any = [kind, "null"] if kind and inner is not None else kind
    if spec.returns is type(None):
        word = "null"
    return {"type": "object", "properties": {"result": {"type": word} if word else {}}}


def _page_schema() -> dict[str, Any]:
    properties = {"items": {"type": "array"}, "next_cursor": {"type": "string"}}
    return {"type": "object", "properties": properties}


def _tool(spec: op.Operation, *, full: bool) -> types.Tool:
    text = spec.summary
    if full and spec.description:
        text += "\n\n" + spec.description
    return types.Tool(
        name=spec.tool,
        description=text,
        input_schema=_input_schema(spec, full=full),
        output_schema=_output_schema(spec),
        annotations=_annotations(spec),
    )


def _annotations(spec: op.Operation) -> types.ToolAnnotations:
    """Return the hints; for a tool that only reads the protocol gives the other two no meaning."""
    if not spec.write:
        return types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
    return types.ToolAnnotations(
        read_only_hint=False,
        destructive_hint=spec.destructive,
        idempotent_hint=spec.idempotent,
        open_world_hint=False,
    )


@cache
def tools_of(profile: op.Profile) -> list[types.Tool]:
    """Return the tools of a profile."""
    return [_tool(spec, full=profile is not op.Profile.CORE) for spec in specs_of(profile).values()]


def list_bytes(profile: op.Profile) -> int:
    """Return how many bytes the compact JSON of a profile's tool list takes."""
    tools = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools_of(profile)]
    return len(json.dumps({"tools": tools}, separators=(",", ":"), ensure_ascii=False).encode())


def result_data(spec: op.Operation, data: Any, *, wrapped: bool = True) -> dict[str, Any]:
    """Return a result as the object of structured content, without fields that say nothing."""
    if wrapped and is_wrapped(spec.returns):
        return {"result": _without_nulls(data)}
    found = _without_nulls(data)
    return found if isinstance(found, dict) else {"result": found}


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    if isinstance(data, list):
        return [_without_nulls(item) for item in data]
    return data


def item_kind(kind: Any) -> Any:
    """Return the type of one thing of a result: of a list or page, its items'."""
    inner = optional_inner(kind)
    if inner is not None:
        return item_kind(inner)
    if get_origin(kind) in (list, op.Page):
        return item_kind(get_args(kind)[0])
    return kind
