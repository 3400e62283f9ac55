"""Keeps a claim alive while a command runs, by a thread and a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from steward.kit.errors import Conflict, Denied, NotFound, StewardError
from steward.surfaces.cli.client import Caller


class Keeper:
    """Renews a lease every third of it; as a context manager, while the block runs.

    Attributes:
        lost: why the claim is not ours any more, None while it is.
    """

    def __init__(self, make_caller: Callable[[], Caller], task: str, token: int, lease_seconds: int) -> None:
        self.lost: str | None = None
        self._make_caller = make_caller
        self._arguments = {"task": task, "token": token, "lease_seconds": lease_seconds}
        self._every_s = lease_seconds / 3
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        caller = self._make_caller()
        try:
            wait_s = self._every_s
            while not self._over.wait(wait_s):
                wait_s = self._renewed(caller)
                if self.lost is not None:
                    return
        finally:
            caller.close()

    def _renewed(self, caller: Caller) -> float:
        """Renew once; return how long to wait for the next time: less where the house did not answer."""
        try:
            caller.call("work.heartbeat", self._arguments, request_key=None)
        except (Conflict, Denied, NotFound) as exc:
            self.lost = exc.message
        except StewardError:
            return max(self._every_s / 5, 0.2)
        return self._every_s
