"""Every operation means the same from Python, the command line, REST and MCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from steward.kit import op
from steward.surfaces.mcp.hints import for_agents
from tests.servers import Server
from tests.surfaces.conftest import House, make_house, served
from tests.surfaces.drivers import CliDriver, Driver, McpDriver, PythonDriver, RestDriver
from tests.surfaces.scenario import STORY as HOUSE_STORY
from tests.surfaces.scenario import Told, difference, tell
from tests.surfaces.story_runs import RUNS
from tests.surfaces.story_sessions import COST, SESSIONS

STORY = [*HOUSE_STORY, *RUNS, *SESSIONS, *COST]


@pytest.fixture(scope="module")
def by_python(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Tell the story through Python, against which the others are held."""
    with make_house(server, template, tmp_path_factory.mktemp("python")) as house:
        yield tell(PythonDriver(house.database, house.actor), STORY)


@pytest.fixture
def driver(request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Return the way of calling that a test is parametrised with."""
    if request.param == "cli":
        yield CliDriver(monkeypatch, house.environment)
        return
    if request.param == "cli over http":
        with served(house) as url:
            environment = {
                "STEWARD_HOME": str(house.settings.home),
                "STEWARD_URL": url,
                "STEWARD_KEY": house.key,
            }
            yield CliDriver(monkeypatch, environment)
        return
    with house.client() as client:
        yield RestDriver(client, house.key) if request.param == "rest" else McpDriver(client, house.key)


def _told_to_agents(told: Any) -> Any:
    """Return an error with its hint as MCP gives it: with tools where others name commands."""
    error = told.get("error") if isinstance(told, dict) else None
    if not (isinstance(error, dict) and "hint" in error):
        return told
    return {"error": error | {"hint": for_agents(error["hint"])}}


def test_the_story_uses_every_operation() -> None:
    assert {spec.name for spec in op.operations()} == {step.operation for step in STORY}


@pytest.mark.parametrize("driver", ["cli", "cli over http", "rest", "mcp"], indirect=True)
def test_every_operation_gives_the_same_as_python(driver: Driver, by_python: Told) -> None:
    told = tell(driver, STORY)
    for step, here, there in zip(STORY, told, by_python, strict=True):
        wanted = _told_to_agents(there) if isinstance(driver, McpDriver) else there
        assert difference(here, wanted) is None, f"{step.operation} {dict(step.arguments)} as {step.agent}"


def test_every_operation_succeeds_once_in_the_story(by_python: Told) -> None:
    steps = list(zip(STORY, by_python, strict=True))
    worked = {step.operation for step, told in steps if not (isinstance(told, dict) and "error" in told)}
    assert {spec.name for spec in op.operations()} == worked
