"""The OpenAPI document, made from the registry when it is first asked for."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any, get_args, get_origin

from fastapi import FastAPI
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from steward.kit import op

_REF = "#/components/schemas/{model}"
_STATUSES = {
    "400": "The input is wrong.",
    "401": "No key or session, or one that is not known.",
    "403": "Not allowed.",
    "404": "No such thing.",
    "409": "The thing is in another state.",
    "412": "If-Match named an older version.",
    "503": "A part that is needed is away.",
}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong with the value."},
        "code": {"type": "string", "description": "A stable word for programs."},
        "hint": {"type": "string", "description": "What to do."},
        "info": {"type": "object", "description": "More for programs."},
        "request_id": {"type": "string"},
    },
}
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255},
    "description": "A repeated write with the same key answers with the first result (kept 24 h).",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag that you saw; 412 when the thing changed since.",
}
_ACTING = [
    {"name": name, "in": "header", "schema": {"type": "string"}, "description": text}
    for name, text in (
        ("X-Steward-Agent", "Act as this agent; a key that names an agent wins."),
        ("X-Steward-Session", "The agent's session."),
        ("X-Steward-Project", "The project in hand."),
        ("X-Request-Id", "Kept in the log and echoed."),
    )
]


class _Generate(GenerateJsonSchema):
    """Pydantic's schemas with decimals as the text that we send."""

    def decimal_schema(self, schema: Any) -> dict[str, Any]:
        """Return text: no digit is lost."""
        return {"type": "string", "format": "decimal"}


def _adapters(specs: list[op.Operation]) -> list[tuple[tuple[str, str], JsonSchemaMode, TypeAdapter[Any]]]:
    """Return a type adapter for every parameter and result, keyed by operation and name."""
    found: list[tuple[tuple[str, str], JsonSchemaMode, TypeAdapter[Any]]] = []
    for spec in specs:
        found += [((spec.name, param.name), "validation", TypeAdapter(param.kind)) for param in spec.params]
        found.append(((spec.name, ""), "serialization", TypeAdapter(spec.returns)))
    return found


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of a server."""
    specs = op.operations()
    schemas, definitions = TypeAdapter.json_schemas(
        _adapters(specs), ref_template=_REF, schema_generator=_Generate
    )
    by_place = {key: schema for (key, _), schema in schemas.items()}
    components = dict(definitions.get("$defs", {})) | {"Problem": _PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": app.version, "description": app.description},
        "paths": {spec.path: {spec.method.lower(): _operation(spec, by_place)} for spec in specs},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "steward_session"},
            },
        },
        "security": [{"key": []}, {"session": []}],
        "tags": [{"name": room, "description": _room_help(room)} for room in op.ROOMS],
    }


def _room_help(room: str) -> str:
    import importlib

    return (importlib.import_module(f"steward.domains.{room}").__doc__ or room).strip()


def _default(value: Any) -> Any:
    from steward.kit.convert import dump

    return dump(value)


def _param_schema(param: op.Param, schema: dict[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if not param.required and param.default is not None:
        made["default"] = _default(param.default)
    return made | {"description": param.help}


def _is_object(kind: Any) -> bool:
    parts = [kind, *get_args(kind)]
    origins = [get_origin(part) or part for part in parts]
    return (
        any(dataclasses.is_dataclass(origin) or origin is dict for origin in origins)
        and Decimal not in origins
    )


def _query(spec: op.Operation, schemas: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    found = []
    for param in spec.params:
        schema = _param_schema(param, schemas[spec.name, param.name])
        text = schema.pop("description")
        entry = {"name": param.name, "in": "query", "required": param.required, "description": text}
        if _is_object(param.kind):
            found.append(entry | {"content": {"application/json": {"schema": schema}}})
        else:
            found.append(entry | {"schema": schema})
    return found


def _operation(spec: op.Operation, schemas: dict[tuple[str, str], Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": spec.tool,
        "tags": [spec.room],
        "summary": spec.summary,
        "description": spec.description,
        "parameters": list(_ACTING),
        "responses": _responses(schemas[spec.name, ""]),
    }
    wait = {
        "type": "number",
        "minimum": 0,
        "maximum": 600,
        "description": "Wait up to so many seconds for a result.",
    }
    if not spec.write:
        made["parameters"] += _query(spec, schemas)
        if spec.waits:
            made["parameters"].append({"name": "wait", "in": "query", "schema": wait})
        return made
    made["parameters"].append(_KEY_HEADER)
    if any(param.name == "version" for param in spec.params):
        made["parameters"].append(_IF_MATCH)
    properties = {param.name: _param_schema(param, schemas[spec.name, param.name]) for param in spec.params}
    if spec.waits:
        properties["wait"] = wait
    body: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [param.name for param in spec.params if param.required]
    if required:
        body["required"] = required
    made["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": body}}}
    return made


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "ETag": {"schema": {"type": "string"}, "description": "The version, where the result has one."},
        "Link": {"schema": {"type": "string"}, "description": "The next page, where there is one."},
        "X-Request-Id": {"schema": {"type": "string"}},
    }
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[str, Any] = {
        "200": {
            "description": "The result.",
            "headers": headers,
            "content": {"application/json": {"schema": schema}},
        }
    }
    return found | {status: {"description": text, "content": problem} for status, text in _STATUSES.items()}
