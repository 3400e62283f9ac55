"""Templates, their filters, and the policy that keeps scripts out of other people's text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from steward.surfaces.web.views import Frame, NavItem, words

HERE = Path(__file__).parent
STATIC = HERE / "static"

# No inline script or style, nothing from elsewhere, no frames: text that slips through escaping still cannot act.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Longer text is shown as it is: parsing it would hold up the page.
_MARKDOWN_LIMIT = 60_000
_SHOWN_LIMIT = 400_000
_STEPS = ((60, "s"), (60, "m"), (24, "h"), (7, "d"), (5, "w"), (12, "mo"))
_NAV = (
    ("Overview", "overview", "/"),
    ("Inbox", "inbox", "/inbox"),
    ("Tasks", "list", "/tasks"),
    ("Board", "board", "/tasks?view=board"),
    ("Epics", "epic", "/epics"),
    ("Issues", "issue", "/issues"),
    ("Workflows", "workflow", "/workflows"),
    ("Graph", "graph", "/graph"),
    ("Agents", "agent", "/agents"),
    ("Sessions", "session", "/sessions"),
    ("Cost", "cost", "/cost"),
    ("Budgets", "budget", "/budgets"),
    ("Devlog", "devlog", "/devlog"),
    ("Projects", "projects", "/projects"),
)


@lru_cache(maxsize=1)
def static_version() -> str:
    """Return a short hash of all static files: a changed file changes the addresses of all, so caches keep them."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a static file."""
    return f"/static/{static_version()}/{name}"


def priority_name(priority: int) -> str:
    """Return low, medium, high or critical for 1..10."""
    if priority >= 10:
        return "critical"
    if priority >= 8:
        return "high"
    return "medium" if priority >= 5 else "low"


def _span(seconds: float) -> str:
    value = max(0.0, seconds)
    for size, unit in _STEPS:
        if value < size:
            return f"{int(value)}{unit}"
        value /= 4.345 if unit == "w" else size
    return f"{int(value)}y"


def ago(moment: datetime) -> str:
    """Return how long ago, in one short unit."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return "now" if seconds < 45 else _span(seconds)


def left(moment: datetime) -> str:
    """Return how much time is left."""
    remaining = moment - datetime.now(UTC)
    return f"{_span(remaining.total_seconds())} left" if remaining > timedelta() else "lease over"


def iso(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(moment: datetime) -> str:
    """Return a time in words, in the server's time zone."""
    return moment.astimezone().strftime("%-d %B %Y, %H:%M:%S %Z")


def gist(text: str) -> str:
    """Return text in one line, without the marks of Markdown."""
    return " ".join(re.sub(r"[*_`#>]+", "", text).split())


def marked(text: str, query: str) -> Markup:
    """Return text, escaped, with the words of a query marked."""
    terms = [re.escape(word) for word in query.split() if len(word) > 1][:8]
    if not terms:
        return escape(text)
    pieces = re.split(f"({'|'.join(terms)})", text, flags=re.IGNORECASE)
    # Every piece is escaped by itself; only the tags around it are ours.
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if index % 2 else escape(piece)
        for index, piece in enumerate(pieces)
    )


class _Renderer(RendererHTML):
    """Renders links that tell the other side nothing."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        if urlsplit(str(token.attrGet("href") or "")).netloc:
            token.attrSet("rel", "noopener noreferrer nofollow")
            token.attrSet("target", "_blank")
        return self.renderToken(tokens, idx, options, env)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"html": False, "breaks": True, "maxNesting": 12}, renderer_cls=_Renderer
    )
    # Images would tell a foreign server who reads; the policy forbids them anyway.
    return parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])


def markdown(text: str) -> Markup:
    """Return imported or written text as safe HTML: markup in it is escaped, links to scripts are left as text."""
    if len(text) > _MARKDOWN_LIMIT:
        shown = text[:_SHOWN_LIMIT]
        rest = "" if len(text) == len(shown) else f"\n… {len(text) - len(shown):,} more characters"
        return Markup('<pre class="plain">{}{}</pre>').format(shown, rest)
    # The parser escapes all text itself (html is off), so its result is safe.
    return Markup(_markdown().render(text))  # noqa: S704


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the template environment: escaping always on, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "ago": ago,
        "gist": gist,
        "iso": iso,
        "left": left,
        "markdown": markdown,
        "marked": marked,
        "priority_name": priority_name,
        "when": when,
        "words": words,
    }
    made.globals["static"] = static_url
    return made


def navigation(here: str, questions: int = 0) -> list[NavItem]:
    """Return the main navigation with the entry of an address marked, and how many questions wait."""
    counts = {"/inbox": questions}
    return [NavItem(name, icon, href, href == here, counts.get(href, 0)) for name, icon, href in _NAV]


def render(template: str, page: object, frame: Frame | None = None, here: str = "") -> str:
    """Return a page as HTML.

    Args:
        template: file under templates/.
        page: the record of `views` that the template shows.
        frame: what surrounds the page; None for pages that stand alone.
        here: the navigation's address that this page belongs to.
    """
    return (
        environment()
        .get_template(template)
        .render(page=page, frame=frame, nav=navigation(here, frame.questions if frame else 0))
    )
