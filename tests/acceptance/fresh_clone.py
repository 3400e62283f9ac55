"""Item 1: a fresh clone with an empty HOME, by nothing but make and Python, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench import harness
from bench.harness import Done, clean_environment
from steward.kit.embedded.area import area_for
from tests.acceptance.items import Run

REPOSITORY = Path(__file__).resolve().parents[2]
_MAKE_S = 1800.0
_ORDINARY = "nobody"


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone in a folder of its own with an empty HOME, and the user that works there (None: ourselves)."""

    folder: Path
    user: pwd.struct_passwd | None

    @property
    def source(self) -> Path:
        return self.folder / "steward"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, *words: str, timeout_s: float = 300) -> Done:
        """Run a command in the clone as its user, in an environment that knows nothing of ours."""
        environment = clean_environment(
            {"HOME": str(self.home), "STEWARD_TEST_DATA": str(harness.test_data())}
        )
        environment.pop("VIRTUAL_ENV", None)
        as_user = []
        if self.user is not None:
            ids = (f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}")
            as_user = ["setpriv", *ids, "--clear-groups"]
            environment |= {"USER": self.user.pw_name, "LOGNAME": self.user.pw_name}
        return harness.run([*as_user, *words], timeout_s=timeout_s, cwd=self.source, env=environment)

    def steward(self, *words: str) -> Any:
        """Run the clone's own `steward` and return its JSON."""
        return self.run(".venv/bin/steward", "--json", *words).json()


@contextmanager
def _clone(user: pwd.struct_passwd | None) -> Iterator[Clone]:
    """Lend a fresh clone; its servers are stopped and everything it made is removed."""
    folder = Path(tempfile.mkdtemp(prefix="steward-clone-"))
    folder.chmod(0o755)
    clone = Clone(folder, user)
    clone.home.mkdir(mode=0o700)
    try:
        harness.run(["git", "clone", "-q", "--no-hardlinks", str(REPOSITORY), str(clone.source)]).checked()
        if user is not None:
            harness.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", str(folder)]).checked()
        yield clone
    finally:
        with suppress(Exception):
            clone.run("make", "down")
        _remove_server_of(clone)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_server_of(clone: Clone) -> None:
    """Remove the folder that root's server has outside its home."""
    if clone.user is None and os.geteuid() == 0:
        shutil.rmtree(area_for(clone.home / ".local" / "share" / "steward").root, ignore_errors=True)


def _serves(done: Done) -> str:
    """Return the address that `make up` printed, once it answers; empty when it does not."""
    found = re.search(r"https?://[\w.:\[\]]+", done.out)
    if done.status != 0 or found is None:
        return ""
    with suppress(OSError), urlopen(f"{found[0]}/readyz", timeout=10) as answer:
        return found[0] if answer.status == 200 else ""
    return ""


def check(run: Run) -> None:
    """Check the clone as whoever runs this, and when that is root as an ordinary user too."""
    as_root = os.geteuid() == 0
    _check_as(run, "root" if as_root else "ordinary user", None)
    if not as_root:
        run.say("root was not tried: run this as root for that")
    elif run.check("there is an ordinary user to try", shutil.which("setpriv") is not None, _ORDINARY):
        _check_as(run, "ordinary user", pwd.getpwnam(_ORDINARY))


def _check_as(run: Run, who: str, user: pwd.struct_passwd | None) -> None:
    """Start, write, start again, stop and start again; then the tests."""
    with _clone(user) as clone:
        first = clone.run("make", "up", timeout_s=_MAKE_S)
        url = _serves(first)
        if not run.check(
            f"{who}: `make up` serves in a fresh clone", bool(url), f"{first.seconds:.1f} s, {url}"
        ):
            run.say((first.err or first.out)[-1500:])
            return
        _check_again(run, clone, who, url)
        _make_test(run, clone, who)


def _check_again(run: Run, clone: Clone, who: str, url: str) -> None:
    clone.steward("projects", "add", "Kept", "--key", "KEPT")
    clone.steward("work", "add", "still here", "--project", "KEPT")
    again = clone.run("make", "up", timeout_s=_MAKE_S)
    same = _serves(again) == url
    run.check(f"{who}: a second `make up` finds the first one's server", same, f"{again.seconds:.1f} s")
    down = clone.run("make", "down")
    run.check(
        f"{who}: `make down` stops it", down.status == 0 and not _serves(again), f"{down.seconds:.1f} s"
    )
    third = clone.run("make", "up", timeout_s=_MAKE_S)
    same = _serves(third) == url
    run.check(f"{who}: then `make up` serves at the same address", same, f"{third.seconds:.1f} s")
    found = json.dumps(clone.steward("work", "list", "--project", "KEPT"))
    run.check(f"{who}: and finds the first one's data", "still here" in found)


def _make_test(run: Run, clone: Clone, who: str) -> None:
    if not run.with_tests:
        run.say(f"{who}: `make test` was left out (--no-tests)")
        return
    done = clone.run("make", "test", timeout_s=3 * _MAKE_S)
    last = [line.strip("= ") for line in done.out.splitlines() if " passed" in line or " failed" in line]
    if not run.check(
        f"{who}: `make test` passes", done.status == 0, f"{done.seconds:.0f} s; {'; '.join(last)}"
    ):
        run.say((done.out + done.err)[-3000:])
