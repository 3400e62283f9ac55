"""Who is asking: the bearer of a key, or a browser that followed a one-time link and has a session since."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.requests import Request

from steward.domains import accounts
from steward.kit.db import Actor, Db
from steward.kit.errors import Denied, Unauthenticated

if TYPE_CHECKING:
    from steward.domains.accounts import Principal
    from steward.surfaces.rest.edge import Edge

COOKIE = "steward_session"
COOKIE_S = 30 * 24 * 3600
_PUBLIC = frozenset({"/healthz", "/readyz", "/login", "/favicon.ico"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_NOBODY = Actor(surface="rest")


def is_public(path: str) -> bool:
    """Tell whether a path answers to everybody."""
    return path in _PUBLIC or path.startswith("/static/")


def bearer(request: Request) -> str | None:
    """Return the key of the Authorization header, or None."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


async def authenticate(request: Request) -> None:
    """Set `request.state.actor`.

    Raises:
        Unauthenticated: no key and no session, or one that is not known.
        Denied: a browser's session, but the write does not say from which page it comes.
    """
    key, token = bearer(request), request.cookies.get(COOKIE)
    if key is not None:
        found = await _ask(request, lambda db: accounts.identify_key(db, key=key))
        surface, wrong = "rest", "this key is unknown, revoked or expired"
    elif token:
        if request.method not in _SAFE and "origin" not in request.headers:
            raise Denied("a browser's write must name its Origin", hint="use a key for programs")
        found = await _ask(request, lambda db: accounts.identify_session(db, token=token))
        surface, wrong = "web", "this session has ended"
    else:
        found, surface, wrong = None, "", "no key and no session came with the request"
    if found is None:
        hint = (
            "send `Authorization: Bearer <key>` (`steward key` prints it); in a browser follow `steward open`"
        )
        raise Unauthenticated(wrong, hint=hint)
    request.state.actor = _actor(found, request, surface)


async def _ask(request: Request, ask: Callable[[Db], Principal | None]) -> Principal | None:
    """Ask the room of accounts in a thread; a heartbeat's caller is known by the share of heartbeats."""
    edge: Edge = request.app.state.edge

    def work() -> Principal | None:
        with edge.database.transaction(_NOBODY, operation="accounts.identify") as db:
            return ask(db)

    return await edge.thread(work, share="vital" if request.url.path == "/api/work/heartbeat" else "general")


def _header(request: Request, name: str) -> str | None:
    value = request.headers.get(name)
    return unquote(value)[:255] if value else None


def _actor(principal: Principal, request: Request, surface: str) -> Actor:
    """Return who acts: the principal, as the agent and in the session that the headers name."""
    return principal.actor(
        agent=_header(request, "x-steward-agent"),
        session=_header(request, "x-steward-session"),
        project=_header(request, "x-steward-project"),
        request=request.state.request_id,
        surface=surface,
        ip=client_ip(request),
    )


def client_ip(request: Request) -> str | None:
    """Return the address of the caller where it is one."""
    import ipaddress

    host = request.client.host if request.client else ""
    try:
        # PostgreSQL's inet knows no zone, which a link-local address bears.
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None


async def make_link(request: Request) -> str:
    """Return the path of a one-time link for the bearer of a user's key.

    Raises:
        Denied: the caller is an agent or a browser.
    """
    actor: Actor = request.state.actor
    user_id = actor.user_id
    if user_id is None or actor.surface != "rest" or actor.agent_bound:
        raise Denied("only the bearer of a user's own key may ask for a link", hint="send that key")
    edge: Edge = request.app.state.edge

    def work() -> str:
        with edge.database.transaction(actor, operation="accounts.create_login_link") as db:
            return accounts.create_login_link(db, user_id=user_id)

    return f"/login?token={await edge.thread(work)}"


async def redeem_link(request: Request) -> str:
    """Return the session that a one-time link opens.

    Raises:
        Unauthenticated: the link is unknown, used or too old.
    """
    edge: Edge = request.app.state.edge
    token = request.query_params.get("token", "")[:200]
    ip, agent = client_ip(request), request.headers.get("user-agent")

    def work() -> str:
        with edge.database.transaction(_NOBODY, operation="accounts.redeem_login_link") as db:
            return accounts.redeem_login_link(db, token=token, ip=ip, user_agent=agent)

    return await edge.thread(work)


async def end_session(request: Request) -> None:
    """End the session of the caller's cookie."""
    token = request.cookies.get(COOKIE)
    edge: Edge = request.app.state.edge

    def work() -> None:
        with edge.database.transaction(_NOBODY, operation="accounts.end_session") as db:
            accounts.end_session(db, token=token or "")

    await edge.thread(work)
