"""Item 4: a client is connected, its hooks come in while the page is open, and every byte comes back at the end."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from bench.browser import FLAGS, chromium
from bench.harness import House, run
from tests.acceptance.items import Run
from tests.acceptance.live_board import take_pictures
from tests.telemetry.hooks import ANSWER, PROMPT, SESSION, a_session

_SETTINGS = (
    '{\n   "model":  "opus",\r\n "env": {"EDITOR": "vi"},\n  "permissions": {"allow": ["Bash(ls:*)"]}\n}'
)
_CODEX = '# mine\nmodel = "gpt-5.2"   # the good one\n\n[tui]\nnotifications = true\n'
_PAGES = {
    "sessions": "/sessions",
    "session": f"/sessions/{SESSION}",
    "cost": "/cost",
    "cost-by-model": "/cost/model",
    "responses": "/cost/responses",
    "budgets": "/budgets",
}


def check(told: Run) -> None:
    """Play the story in a home with the sample rows."""
    with House("acceptance") as house:
        house.up("--demo")
        files = _lay(house)
        before = {path: (path.read_bytes(), path.stat().st_mode) for path in files}
        tree = _tree(house)
        for client in ("claude", "codex", "gemini"):
            done = house.steward("connect", client, "--yes")
            told.check(f"{client} is connected", done.status == 0, done.err.strip()[-200:])
        settings = json.loads((house.folder / ".claude" / "settings.json").read_text("utf-8"))
        told.check("what was there stays", settings["env"]["EDITOR"] == "vi", sorted(settings))
        again = house.steward("connect", "claude", "--dry-run")
        told.check("a second time there is nothing to do", "+++" not in again.out, again.out[-200:])
        asyncio.run(_play(told, house, settings))
        for client in ("gemini", "codex", "claude"):
            house.steward("disconnect", client, "--yes").checked()
        after = {path: (path.read_bytes(), path.stat().st_mode) for path in files}
        told.check("every byte and right is as before", after == before, [path.name for path in files])
        told.check("and no file stays behind", _tree(house) == tree, sorted(_tree(house) - tree))


def _lay(house: House) -> list[Path]:
    """Write settings such as people have."""
    texts = {
        ".claude/settings.json": _SETTINGS,
        ".codex/config.toml": _CODEX,
        ".claude/CLAUDE.md": "Be brief.",
    }
    for name, text in texts.items():
        path = house.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(0o600)
    return [house.folder / name for name in texts]


def _tree(house: House) -> set[str]:
    found = (path for name in (".claude", ".codex", ".gemini") for path in (house.folder / name).rglob("*"))
    return {str(path.relative_to(house.folder)) for path in found if path.is_file()} | {
        name for name in (".claude.json",) if (house.folder / name).exists()
    }


def _hook(settings: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return address and headers that the client was told for its events."""
    for groups in settings["hooks"].values():
        for group in groups:
            for hook in group["hooks"]:
                if hook["type"] == "http":
                    return hook["url"], hook["headers"]
    raise AssertionError("no hook of type http was written")


def _curl(url: str, headers: dict[str, str], event: dict[str, Any]) -> int:
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", url, "--data-binary", "@-"]
    for name, value in (headers | {"Content-Type": "application/json"}).items():
        words += ["-H", f"{name}: {value}"]
    return int(run(words, text=json.dumps(event)).out or 0)


async def _play(told: Run, house: House, settings: dict[str, Any]) -> None:
    url, headers = _hook(settings)
    events = a_session()
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        stack.push_async_callback(browser.close)
        page = await (await browser.new_context()).new_page()
        await page.goto(house.sign_in())
        answers = [await asyncio.to_thread(_curl, url, headers, events[0])]
        await page.goto(f"{house.url}/sessions/{SESSION}")
        loads = await page.evaluate("performance.getEntriesByType('navigation').length")
        answers += [await asyncio.to_thread(_curl, url, headers, event) for event in events[1:]]
        told.check("every hook is answered with 200", set(answers) == {200}, answers)
        for words in (PROMPT, ANSWER):
            await page.get_by_text(words).first.wait_for(timeout=10_000)
        same = loads == await page.evaluate("performance.getEntriesByType('navigation').length")
        told.check("what is said comes up on the open page, without a reload", same, PROMPT)
        again = [await asyncio.to_thread(_curl, url, headers, event) for event in events]
        told.check("told again, each call still counts once", _calls(house) == 4, (_calls(house), set(again)))
        await take_pictures(told, browser, house, _PAGES)


def _calls(house: House) -> int:
    with house.connection("owner") as connection:
        row = connection.execute(
            "select count(*) from telemetry.tool_calls where session_id = %s", (SESSION,)
        ).fetchone()
    assert row is not None
    return int(row[0])
