"""Runs the application in this process: listens, serves, and ends gracefully."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from steward.kit import log
from steward.kit.errors import StewardError
from steward.operate import server

if TYPE_CHECKING:
    from steward.kit.config import Settings

_LOG_BYTES = 10 * 1024 * 1024
_LOG_FILES = 3
_GRACE_S = 8


class _Server(uvicorn.Server):
    """Uvicorn that ends long polls and live pages as soon as it is told to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal and wake everybody who waits."""
        super().handle_exit(sig, frame)
        edge = getattr(self.config.app.state, "edge", None)  # type: ignore[union-attr]
        if edge is not None:
            edge.stop()


def serve(
    settings: Settings,
    *,
    bound: socket.socket | None = None,
    detached: bool = False,
    ready: Callable[[server.Running], Any] | None = None,
) -> None:
    """Serve until a signal ends it.

    Args:
        settings: of which home.
        bound: the listening socket; one is made when None.
        detached: the log goes to the home's file instead of standard error.
        ready: called from another thread with the state once requests are answered.

    Raises:
        Conflict: the port is taken.
    """
    from steward import __version__
    from steward.surfaces.rest.server import create_app

    log.configure(settings.log_level)
    if detached:
        _log_to_file(settings)
    bound = bound or server.listen(settings)
    port = bound.getsockname()[1]
    app = create_app(settings, port=port)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=30,
    )
    try:
        path = str(server.log_file(settings)) if detached else None
        state = server.write_state(settings, settings.host, port, __version__, path)
        if ready is not None:
            threading.Thread(target=_tell, args=(state, ready), daemon=True).start()
        _Server(config).run(sockets=[bound])
    finally:
        server.clear_state(settings)
        bound.close()


def _tell(state: server.Running, ready: Callable[[server.Running], Any]) -> None:
    """Call back once the server answers."""
    import time

    while not server.answers(state):
        time.sleep(0.05)
    ready(state)


def _log_to_file(settings: Settings) -> None:
    """Keep the log within a few files of bounded size."""
    handler = logging.handlers.RotatingFileHandler(
        server.log_file(settings), maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(log.JsonFormatter())
    logging.getLogger().handlers[:] = [handler]


def main() -> None:
    """Serve detached, as `steward up --detach` starts it."""
    from steward.kit.config import load_settings

    parser = argparse.ArgumentParser(prog="steward-server")
    for name in ("home", "port", "host"):
        parser.add_argument(f"--{name}")
    try:
        serve(load_settings(vars(parser.parse_args())), detached=True)
    except StewardError as exc:
        logging.getLogger("steward.server").error("%s", exc.message, extra={"hint": exc.hint})
        sys.exit(exc.exit_status)


if __name__ == "__main__":
    main()
