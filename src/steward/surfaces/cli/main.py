"""One run of the command line: parse, call, print, and leave with the status that tells what happened."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer._click.utils import PacifyFlushWrapper

from steward.kit.errors import Internal, StewardError
from steward.surfaces.cli.state import State
from steward.surfaces.cli.tree import Root

INTERRUPTED = 130
PIPE_CLOSED = 141


def run(args: Sequence[str]) -> int:
    """Run the command line.

    Args:
        args: the words after the program's name.

    Returns:
        The exit status: 0, that of the error, 130 after Ctrl-C, 141 when the reader of our output went away.
    """
    state = State()
    try:
        status = _run(args, state)
        sys.stdout.flush()
    except BrokenPipeError:
        _mute(sys.stdout)
        status = PIPE_CLOSED
    except KeyboardInterrupt:
        status = INTERRUPTED
    except SystemExit as exc:
        status = _left(exc)
    finally:
        with contextlib.suppress(Exception):
            state.close()
    return status


def _run(args: Sequence[str], state: State) -> int:
    _lenient_output()
    if "_STEWARD_COMPLETE" in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    try:
        result = Root().main(list(args), prog_name="steward", standalone_mode=False, obj=state)
    except NoArgsIsHelpError as exc:
        sys.stdout.write(f"{exc.format_message()}\n" if exc.message else "")
        return 2
    except ClickException as exc:
        return _usage_error(exc, state, args)
    except StewardError as exc:
        return show_error(exc, state)
    except (typer.Abort, EOFError):
        return INTERRUPTED
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as exc:  # noqa: BLE001 - a person is shown a sentence, a developer the trace
        return _defect(exc, state)
    return result if isinstance(result, int) else 0


def _left(exc: SystemExit) -> int:
    """Return the status with which Typer itself leaves: after completion, or when the reader of our output went."""
    if isinstance(sys.stdout, PacifyFlushWrapper):
        _mute(sys.__stdout__)
        return PIPE_CLOSED
    return exc.code if isinstance(exc.code, int) else 1


def _lenient_output() -> None:
    """Let text that the terminal's encoding lacks be escaped rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _mute(stream: Any) -> None:
    """Point a broken stream at nothing, so that the interpreter's last flush does not fail again."""
    with contextlib.suppress(Exception):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_error(exc: StewardError, state: State) -> int:
    """Print an error on standard error and return its exit status."""
    body = exc.to_dict()
    if state.json:
        sys.stderr.write(json.dumps(body, ensure_ascii=False) + "\n")
    else:
        from steward.surfaces.cli.render import show_error as show

        sys.stdout.flush()
        show(body)
    return exc.exit_status


def _usage_error(exc: ClickException, state: State, args: Sequence[str]) -> int:
    """Print what is wrong with the command line in the shape of every other error."""
    from steward.kit.errors import Invalid

    # The line could not be parsed, so whether JSON is wanted has to be seen from its words.
    state.json = state.json or "--json" in args
    context = getattr(exc, "ctx", None)
    hint = f"see `{context.command_path} --help`" if context is not None else "see `steward --help`"
    return show_error(Invalid(exc.format_message(), hint=hint), state)


def _defect(exc: Exception, state: State) -> int:
    if os.environ.get("STEWARD_LOG_LEVEL", "").lower() == "debug":
        raise exc
    hint = "this is a defect of Steward; STEWARD_LOG_LEVEL=debug shows where"
    return show_error(Internal(f"{type(exc).__name__}: {exc}", hint=hint), state)
