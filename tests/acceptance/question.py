"""Item 5: an agent asks over MCP, a person answers on the page, the agent goes on; and every page has its picture."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from playwright.async_api import async_playwright

from bench.browser import FLAGS, chromium
from bench.harness import House
from tests.acceptance.items import Run
from tests.acceptance.live_board import call_tool, over_http, take_pictures

_PAGES = {
    "overview": "/",
    "projects": "/projects",
    "tasks": "/tasks",
    "board": "/tasks?view=board",
    "epics": "/epics",
    "issues": "/issues",
    "workflows": "/workflows",
    "graph": "/graph",
    "agents": "/agents",
    "devlog": "/devlog",
    "inbox": "/inbox",
    "search": "/search?q=task",
}


def check(run: Run) -> None:
    """Play the story in a home with the sample rows."""
    with House("acceptance") as house:
        house.up("--demo")
        asyncio.run(_play(run, house))


async def _play(run: Run, house: House) -> None:
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        stack.push_async_callback(browser.close)
        agent = await stack.enter_async_context(over_http(house, "standard"))
        page = await (await browser.new_context()).new_page()
        await page.goto(house.sign_in())
        await page.goto(f"{house.url}/inbox")
        claim = await call_tool(agent, "work_claim", project="all")
        task, token = claim["task"]["task"]["ref"], claim["token"]
        asked = await call_tool(agent, "work_ask", task=task, token=token, question="Blue or green?")
        answer = page.locator(f"#answer-{asked['id']}")
        await answer.wait_for(timeout=5_000)
        run.check("a question asked over MCP comes up on the open inbox", True, task)
        await answer.fill("Green, like the door.")
        await page.locator(f"form[action='/questions/{asked['id']}/answer'] button[type=submit]").click()
        told = await call_tool(agent, "work_wait_answer", question=asked["id"])
        for _ in range(50):
            if told:
                break
            await asyncio.sleep(0.1)
            told = await call_tool(agent, "work_wait_answer", question=asked["id"])
        run.check(
            "the answer on the page reaches the agent",
            told["answer"] == "Green, like the door.",
            told["answer"],
        )
        done = await call_tool(agent, "work_finish", task=task, token=token, result="painted green")
        run.check(
            "and the agent goes on with its token and finishes", done["status"] == "done", done["status"]
        )
        await take_pictures(run, browser, house, _PAGES)
