"""The MCP server over the low-level SDK: its tool list is exactly ours, whichever transport carries it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from steward.kit import op
from steward.kit.convert import dump, load
from steward.kit.db import Actor
from steward.kit.errors import Internal, Invalid, NotFound, StewardError
from steward.surfaces.mcp import texts, tools
from steward.surfaces.mcp.hints import for_agents
from steward.surfaces.rest.edge import Edge

Context = ServerRequestContext[Any, Any]
_LONGEST_WAIT_S = 300.0
# What a kind of resource is read by, and the argument that names it.
_RESOURCES = {"tasks": ("work.get", "task"), "projects": ("projects.get", "project")}


@dataclass(frozen=True, slots=True)
class Transport:
    """What the transport knows of a request.

    Attributes:
        edge: returns the way to operations (the server's lifespan makes it).
        actor: who acts.
        profile: which tools the client wants.
        request_key: the request's own key where that is safe; None elsewhere.
    """

    edge: Callable[[], Edge]
    actor: Callable[[Context], Actor]
    profile: Callable[[Context], op.Profile]
    request_key: Callable[[Context], str | None]


def client_name(ctx: Context) -> str | None:
    """Return the name that the client gave of itself."""
    given = ctx.session.client_params
    return given.client_info.name[:255] if given is not None and given.client_info.name else None


def build(transport: Transport) -> Server[Any]:
    """Return the server for a transport."""
    from steward import __version__

    handlers = _Handlers(transport)
    return Server(
        "steward",
        version=__version__,
        title="Steward",
        instructions=texts.INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
    )


class _Handlers:
    """The handlers of one server."""

    def __init__(self, transport: Transport) -> None:
        self.of = transport

    # ------------------------------------------------------------------------------------------------------ tools

    async def list_tools(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools.tools_of(self.of.profile(ctx)))

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            spec = self._spec(ctx, params.name)
            return _success(spec, await self._call(ctx, spec, dict(params.arguments or {})))
        except StewardError as exc:
            return _failure(exc)

    def _spec(self, ctx: Context, name: str) -> op.Operation:
        profile = self.of.profile(ctx)
        known = tools.specs_of(profile)
        if name in known:
            return known[name]
        if name in tools.specs_of(op.Profile.ALL):
            hint = "connect with a wider profile (standard or all)"
            raise NotFound(f"the profile {profile} has no tool {name}", hint=hint)
        raise NotFound(f"there is no tool {name}", hint=f"the tools are {', '.join(known)}")

    async def _call(self, ctx: Context, spec: op.Operation, arguments: dict[str, Any]) -> Any:
        wait_s = 0.0
        if spec.waits and "wait" in arguments:
            wait_s = min(_LONGEST_WAIT_S, max(0.0, float(load(float, arguments.pop("wait"), "wait"))))
        key = self.of.request_key(ctx) if spec.write else None
        dry_run = bool(load(bool, (ctx.meta or {}).get("steward/dryRun", False), "steward/dryRun"))
        return await self.of.edge().wait_for(
            spec, arguments, self.of.actor(ctx), wait_s=wait_s, request_key=key, dry_run=dry_run
        )

    # -------------------------------------------------------------------------------------------------- resources

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[])

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        made = [
            types.ResourceTemplate(
                name=f"{kind[:-1]}", uri_template=f"steward://{kind}/{{{word}}}", description=text,
                mime_type="application/json",
            )
            for kind, word, text in (
                ("tasks", "ref", "A task with what it depends on, by reference such as ACME-42"),
                ("projects", "slug", "A project, by slug or key"),
            )
        ]  # fmt: skip
        return types.ListResourceTemplatesResult(resource_templates=made)

    async def read_resource(
        self, ctx: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            data = await self._read(ctx, params.uri)
        except StewardError as exc:
            raise MCPError(types.INVALID_PARAMS, exc.message, exc.to_dict()) from None
        text = json.dumps(data, ensure_ascii=False)
        note = texts.mark(data)
        contents: list[types.TextResourceContents | types.BlobResourceContents] = [
            types.TextResourceContents(
                uri=params.uri,
                mime_type="application/json",
                text=text,
                _meta={"untrusted": note} if note else None,
            )
        ]
        return types.ReadResourceResult(contents=contents)

    async def _read(self, ctx: Context, uri: str) -> Any:
        scheme, _, rest = uri.partition("://")
        kind, _, word = rest.partition("/")
        if scheme != "steward" or kind not in _RESOURCES or not word or "/" in word:
            raise NotFound(
                f"there is no resource {uri}", hint="steward://tasks/{ref} or steward://projects/{slug}"
            )
        return await self._get(ctx, kind, unquote(word))

    async def _get(self, ctx: Context, kind: str, word: str) -> Any:
        name, argument = _RESOURCES[kind]
        spec = op.operation(name)
        result = await self.of.edge().run(spec, {argument: word}, self.of.actor(ctx))
        return tools.result_data(spec, dump(result))

    # ---------------------------------------------------------------------------------------------------- prompts

    async def list_prompts(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        def ref(required: bool) -> types.PromptArgument:
            return types.PromptArgument(
                name="ref", description="The task, such as ACME-42", required=required
            )

        start = types.Prompt(
            name="start-task",
            title="Start a task",
            description="Claim a task and work on it",
            arguments=[ref(False)],
        )
        handoff = types.Prompt(
            name="handoff", title="Hand a task over", description="Leave a task so that another agent can go on",
            arguments=[ref(True)],
        )  # fmt: skip
        return types.ListPromptsResult(prompts=[start, handoff])

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        ref = (params.arguments or {}).get("ref", "").strip()
        try:
            text = await self._prompt(ctx, params.name, ref)
        except StewardError as exc:
            raise MCPError(types.INVALID_PARAMS, exc.message, exc.to_dict()) from None
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def _prompt(self, ctx: Context, name: str, ref: str) -> str:
        if name not in ("start-task", "handoff"):
            raise NotFound(f"there is no prompt {name!r}", hint="the prompts are start-task and handoff")
        if not ref and name == "handoff":
            raise Invalid("handoff: ref is missing", hint="name the task, such as ACME-42")
        if not ref:
            return texts.START_NEXT
        task = texts.quoted("The task", await self._get(ctx, "tasks", ref))
        return (texts.START if name == "start-task" else texts.HANDOFF).format(ref=ref, task=task)


def _success(spec: op.Operation, result: Any) -> types.CallToolResult:
    structured = tools.result_data(spec, dump(result), wrapped=not isinstance(result, op.DryRun))
    note = texts.mark(structured)
    content: list[types.ContentBlock] = []
    if note:
        content.append(types.TextContent(type="text", text=note))
        # Clients that show only the structured part must see the mark as well.
        structured = structured | {"untrusted": note}
    body = json.dumps({k: v for k, v in structured.items() if k != "untrusted"}, ensure_ascii=False)
    content.append(types.TextContent(type="text", text=body))
    return types.CallToolResult(content=content, structured_content=structured)


def _failure(exc: StewardError) -> types.CallToolResult:
    body = exc.to_dict()
    if "hint" in body:
        body["hint"] = for_agents(body["hint"])
    if isinstance(exc, Internal):
        body.pop("detail", None)
    lines = [f"{body['code']}: {body['message']}"] + ([f"hint: {body['hint']}"] if "hint" in body else [])
    content: list[types.ContentBlock] = [types.TextContent(type="text", text="\n".join(lines))]
    return types.CallToolResult(content=content, structured_content={"error": body}, is_error=True)
