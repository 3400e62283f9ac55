"""A command in the foreground: its streams are ours, its signals too, and its status is what we leave with."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

# What a terminal sends to the whole group reaches the command without us.
_OF_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, *_OF_A_TERMINAL)


class Child:
    """Runs one command."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._group = os.isatty(0)

    def run(self, words: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run a command to its end and return its status, 128 and the signal where one ended it.

        Raises:
            OSError: it cannot be started.
        """
        before = self._listen()
        try:
            self._process = subprocess.Popen(list(words), env=dict(environ))
            for number in self._early:
                self._process.send_signal(number)
            status = self._process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return status if status >= 0 else 128 - status

    def _listen(self) -> dict[int, Any]:
        if threading.current_thread() is not threading.main_thread():
            return {}
        return {number: signal.signal(number, self._pass_on) for number in _PASSED_ON}

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self._group and number in _OF_A_TERMINAL:
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)
