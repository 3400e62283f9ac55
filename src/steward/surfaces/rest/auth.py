"""Who is asking: the bearer of a key, or a browser that followed a one-time link.

The link and the cookie are signed with a secret of the home, so that a restart of the server logs nobody out; that a
link was used is remembered for as long as it would be valid.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import UUID

from steward.kit.config import make_private
from steward.kit.db import Actor
from steward.kit.errors import Denied, Unauthenticated

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from steward.domains.accounts import Principal
    from steward.kit.config import Settings
    from steward.surfaces.rest.edge import Edge

COOKIE = "steward_session"
SESSION_S = 30 * 24 * 3600
LINK_S = 600
_PUBLIC = frozenset({"/healthz", "/readyz", "/login", "/favicon.ico"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANONYMOUS = Actor(surface="rest")


def is_public(path: str) -> bool:
    """Tell whether a path answers to everybody."""
    return path in _PUBLIC or path.startswith("/static/")


def session_secret(settings: Settings) -> bytes:
    """Return the home's secret for links and cookies, made at first use (0600)."""
    path: Path = settings.home / "run" / "session.secret"
    make_private(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text("ascii"))
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text("ascii"))


def _sign(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), sha256).hexdigest()


def make_token(secret: bytes, purpose: str, user_id: UUID, seconds: int) -> str:
    """Return a signed token for a purpose (`link` or `session`) that is valid for so many seconds."""
    text = f"{user_id.hex}.{int(time.time()) + seconds}.{secrets.token_urlsafe(12)}"
    return f"{text}.{_sign(secret, f'{purpose}.{text}')}"


def read_token(secret: bytes, purpose: str, token: str) -> UUID | None:
    """Return whose token it is; None when it is forged, expired or for another purpose."""
    text, _, signature = token.rpartition(".")
    if not token.isascii() or not hmac.compare_digest(signature, _sign(secret, f"{purpose}.{text}")):
        return None
    user, expiry, _ = text.split(".")
    return UUID(user) if int(expiry) > time.time() else None


class Links:
    """One-time links: a used one is refused."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._used: dict[str, float] = {}

    def use(self, token: str) -> UUID | None:
        """Return whose link it is and use it up; None when it is not valid or was used."""
        now = time.time()
        self._used = {used: until for used, until in self._used.items() if until > now}
        user = read_token(self.secret, "link", token)
        if user is None or token in self._used:
            return None
        self._used[token] = now + LINK_S
        return user


def bearer(request: Request) -> str | None:
    """Return the key of the Authorization header, or None."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


async def authenticate(request: Request) -> None:
    """Set `request.state.actor`.

    Raises:
        Unauthenticated: no key and no session, or one that is not known.
        Denied: a browser's session, but the request does not come from a page of this server.
    """
    edge: Edge = request.app.state.edge
    key = bearer(request)
    if key is not None:
        principal = await edge.thread(lambda: _by_key(edge, key), share=_share(request))
        request.state.actor = actor_of(principal, request, surface="rest")
        return
    token = request.cookies.get(COOKIE)
    user_id = read_token(request.app.state.links.secret, "session", token) if token else None
    if user_id is None:
        hint = (
            "send `Authorization: Bearer <key>` (`steward key` prints it); in a browser follow `steward open`"
        )
        raise Unauthenticated("no key and no session came with the request", hint=hint)
    if request.method not in _SAFE and "origin" not in request.headers:
        raise Denied("a browser's write must name its Origin", hint="use a key for programs")
    found = await edge.thread(lambda: _by_user(edge, user_id), share=_share(request))
    request.state.actor = actor_of(found, request, surface="web")


def _share(request: Request) -> str:
    return "vital" if request.url.path == "/api/work/heartbeat" else "general"


def _by_key(edge: Edge, key: str) -> Principal:
    from steward.domains import accounts

    with edge.database.transaction(_ANONYMOUS, operation="accounts.identify") as db:
        return accounts.identify_key(db, key=key)


def _by_user(edge: Edge, user_id: UUID) -> Principal:
    from steward.domains import accounts

    with edge.database.transaction(_ANONYMOUS, operation="accounts.identify") as db:
        return accounts.identify_user(db, user_id=user_id)


def _header(request: Request, name: str) -> str | None:
    value = request.headers.get(name)
    return unquote(value)[:255] if value else None


def actor_of(principal: Principal, request: Request, *, surface: str) -> Actor:
    """Return who acts: the key's owner, as the agent and in the session that the headers name.

    A key that names an agent wins over the header.
    """
    return Actor(
        user_id=principal.user_id,
        user_name=principal.user_name,
        role=principal.role,
        agent=principal.agent or _header(request, "x-steward-agent"),
        agent_bound=principal.agent is not None,
        session=_header(request, "x-steward-session"),
        request=request.state.request_id,
        surface=surface,
        ip=request.client.host if request.client else None,
        project=_header(request, "x-steward-project"),
    )
