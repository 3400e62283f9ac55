"""What the documentation tells people to type works: every ```sh block runs, page by page, in one private home.

Blocks marked ```shell are not run: they need the network, a client of others, or an address that is made up.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.harness import Done, House, run

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with House("docs") as house:
        # Pages leave the port to Steward, and so do other tests at the same time.
        home = house.folder / "home"
        home.mkdir(mode=0o700)
        (home / "config.toml").write_text(f"port = {house.port}\n", "utf-8")
        yield house


def _blocks(page: Path) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL))


def _follow(house: House, page: Path) -> Done:
    """Type a page's blocks into one shell, as somebody who follows it does."""
    programs = Path(sys.executable).parent
    environment = house.environment | {"PATH": f"{programs}:{house.environment['PATH']}"}
    words = ["bash", "-c", f"set -eux -o pipefail\n{_blocks(page)}"]
    return run(words, timeout_s=120, cwd=house.work, env=environment)


@pytest.mark.slow
def test_the_tutorial_works(house: House) -> None:
    done = _follow(house, DOCS / "tutorial.md").checked()
    assert "refused with status 5" in done.out
    finished = [line.split(" ", 2)[2] for line in done.out.splitlines() if line.startswith("finished ")]
    assert finished == ["Payment", "Write the checkout", "Send the receipt"]
    again = (house.work / "demo-shop" / "again.json").read_text("utf-8")
    assert '"unchanged"' in again
    exported = (house.work / "demo-shop" / ".taskmaster" / "tasks" / "tasks.json").read_text("utf-8")
    assert "pending" not in exported


@pytest.mark.slow
@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_how_to_works(house: House, page: Path) -> None:
    if not _blocks(page):
        pytest.skip("nothing on this page can be tried here")
    house.up()
    _follow(house, page).checked()
