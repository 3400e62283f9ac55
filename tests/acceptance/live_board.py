"""Item 3: two real MCP clients work an imported file off in order while the board in a browser follows, live."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import Browser, Page, async_playwright

from bench.browser import FLAGS, chromium
from bench.harness import House, test_data
from tests.acceptance import counter
from tests.acceptance.items import Run

# 34 tasks and 111 subtasks, 54 of them open, with dotted dependencies.
_FILE = "0xfauzi_testcraft.tasks.json"
_HALF_DONE = "BongsooJeong_brick-chain-blaster.tasks.json"
_MOVED_MS = 5_000
_OPEN = ("pending", "in_progress")
_ROWS = """
    select 'KEY-' || t.number, t.import_ref, t.status, t.completed_at
    from work.tasks as t
    where t.import_file_id = (select f.id from work.import_files as f order by f.created_at limit 1)
    order by t.completed_at, t.number
"""


@dataclass(slots=True)
class Story:
    """What the agents did: references in the order in which they were finished, and how often the board followed."""

    finished: list[tuple[str, str]] = field(default_factory=list)
    moves: int = 0
    lost_moves: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def check(run: Run) -> None:
    """Import, let agents work, watch, and look at every page."""
    with House("acceptance") as house:
        house.up()
        house.steward("import", str(test_data() / "taskmaster" / _FILE)).checked()
        project = _project(house)
        before = {row[0]: row for row in _rows(house)}
        asyncio.run(_play(run, house, project, before))


def _project(house: House) -> str:
    with house.connection() as connection:
        found = connection.execute(
            "select p.key from projects.projects as p join work.import_files as f on f.project_id = p.id"
            " order by f.created_at limit 1"
        ).fetchone()
    assert found is not None
    return str(found[0])


def _rows(house: House) -> list[tuple[Any, ...]]:
    with house.connection() as connection:
        return connection.execute(_ROWS.replace("KEY", _project(house))).fetchall()


async def _play(run: Run, house: House, project: str, before: dict[str, tuple[Any, ...]]) -> None:
    story = Story()
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        stack.push_async_callback(browser.close)
        page = await _board(browser, house, project)
        clients = [
            await stack.enter_async_context(each) for each in (_stdio(house, project), over_http(house))
        ]
        await _look_at_tools(run, clients)
        await _work(clients, page, project, story)
        await _check_page(run, page, story)
        await page.close()
        # A list that is half worked off shows more of the pages.
        house.steward("import", str(test_data() / "taskmaster" / _HALF_DONE)).checked()
        await _pictures(run, browser, house, project)
    _check_order(run, house, story, before)


# ------------------------------------------------------------------------------------------------------ the agents


@asynccontextmanager
async def _stdio(house: House, project: str) -> AsyncIterator[Client]:
    environment = house.environment | {"STEWARD_AGENT": "stdio-agent", "STEWARD_PROJECT": project}
    words = StdioServerParameters(command=str(house.program), args=["mcp"], env=environment, cwd=house.work)
    async with Client(words) as client:
        yield client


@asynccontextmanager
async def over_http(house: House, profile: str = "core") -> AsyncIterator[Client]:
    """Connect an MCP client over HTTP as an agent."""
    headers = {
        "Authorization": f"Bearer {house.key()}",
        "X-Steward-Agent": "http-agent",
        "X-Steward-Profile": profile,
    }
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http)) as client,
    ):
        yield client


async def call_tool(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool and return its structured content.

    Raises:
        RuntimeError: the tool answered with an error.
    """
    answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        raise RuntimeError(f"{tool}: {answer.content}")
    content = answer.structured_content or {}
    # A result that is no object, or may be none, stands under a name.
    return content.get("result") if "result" in content else content


async def _look_at_tools(run: Run, clients: list[Client]) -> None:
    for name, client in zip(("stdio", "HTTP"), clients, strict=True):
        listed = (await client.list_tools()).tools
        plain = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed]
        size = len(json.dumps({"tools": plain}, separators=(",", ":"), ensure_ascii=False).encode())
        run.check(
            f"MCP over {name}: at most 10 tools, 10,500 bytes",
            len(listed) <= 10 and size <= 10_500,
            f"{len(listed)}, {size:,}",
        )


async def _work(clients: list[Client], page: Page, project: str, story: Story) -> None:
    """Let the clients take turns until nothing is ready; each turn is watched on the board."""
    idle = 0
    for client in itertools.cycle(clients):
        claim = await call_tool(client, "work_claim", project=project)
        if not claim:
            idle += 1
            if idle == len(clients):
                return
            continue
        idle = 0
        token, row = claim["token"], claim["task"]["task"]
        reference = str(row["ref"])
        await call_tool(client, "work_start", task=reference, token=token)
        await _watch(page, reference, "work", story)
        await call_tool(client, "work_finish", task=reference, token=token, result="done by a test")
        story.finished.append((reference, str(row.get("title"))))


async def _watch(page: Page, reference: str, column: str, story: Story) -> None:
    """Wait until the card stands in a column; columns show a bounded number of cards, so the count is a witness too."""
    try:
        await page.locator(f"#column-{column} #t-{reference}").wait_for(timeout=_MOVED_MS)
        story.moves += 1
    except Exception as exc:
        story.lost_moves.append(f"{reference}: {str(exc).splitlines()[0]}")


# ------------------------------------------------------------------------------------------------------- the board


async def _board(browser: Browser, house: House, project: str) -> Page:
    """Open the board, signed in, and leave a mark that a reload would wipe away."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(house.sign_in())
    await page.goto(f"{house.url}/tasks?view=board")
    await page.evaluate("window.steward_mark = 'never reloaded'")
    return page


async def _check_page(run: Run, page: Page, story: Story) -> None:
    figures = f"{story.moves} moves seen, missed {story.lost_moves[:3]}"
    run.check("every claimed card moves on the open board", story.moves > 0 and not story.lost_moves, figures)
    last = story.finished[-1][0] if story.finished else "none"
    await page.locator(f"#column-done #t-{last}").wait_for(timeout=_MOVED_MS)
    run.check("the last finished card stands under Done", True, last)
    mark = await page.evaluate("window.steward_mark")
    run.check("without a reload of the page", mark == "never reloaded", mark)


def _check_order(run: Run, house: House, story: Story, before: dict[str, tuple[Any, ...]]) -> None:
    """Check by the file alone that nothing was finished before what it waits for."""
    data = counter.read(test_data() / "taskmaster" / _FILE)
    waits = counter.count(data).waits
    closed = {str(row[1]) for row in before.values() if row[2] not in _OPEN}
    names = {key: str(row[1]) for key, row in before.items()}
    wrong = []
    for key, _ in story.finished:
        early = [other for _, row, other in waits if row == names[key] and other not in closed]
        wrong += [f"{names[key]} before {other}" for other in early]
        closed.add(names[key])
    run.check("the clients finished tasks", len(story.finished) > 20, f"{len(story.finished)} tasks")
    run.check("none before what it waits for", not wrong, wrong[:3] or f"{len(waits)} dependencies looked at")
    left = [row[1] for row in _rows(house) if row[2] in _OPEN]
    open_before = sum(row[2] in _OPEN for row in before.values())
    run.check("nothing that could be done is left", not left, f"{open_before} were open; left {left[:5]}")


# ------------------------------------------------------------------------------------------------------- pictures


async def _pictures(run: Run, browser: Browser, house: House, project: str) -> None:
    with house.connection() as connection:
        row = connection.execute("select max(number) from work.tasks").fetchone()
    addresses = {
        "overview": "/",
        "tasks": "/tasks",
        "board": "/tasks?view=board",
        "task": f"/tasks/{project}-{row[0] if row else 1}",
        "projects": "/projects",
        "search": "/search?q=test",
        "missing": "/tasks/NONE-1",
    }
    await take_pictures(run, browser, house, addresses)


async def take_pictures(run: Run, browser: Browser, house: House, addresses: dict[str, str]) -> None:
    """Take a picture of every page in both themes, wide and narrow."""
    taken, noise = 0, list[str]()
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme, width in itertools.product(themes, (1440, 390)):
        context = await browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
        page = await context.new_page()
        page.on("pageerror", lambda error: noise.append(str(error)))
        await page.goto(house.sign_in())
        for name, address in addresses.items():
            await page.goto(house.url + address)
            await page.screenshot(path=run.pictures / f"{name}-{theme}-{width}.png")
            taken += 1
        await context.close()
    run.check("every page has its picture in both themes", taken == 4 * len(addresses), run.pictures)
    run.check("no page throws an error in the browser", not noise, noise[:3])
