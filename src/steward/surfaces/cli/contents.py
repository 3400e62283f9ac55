"""Contents of files as results: saved, or handed on as they are, where JSON has base64."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from steward.kit.errors import Invalid
from steward.surfaces.cli.state import State
from steward.surfaces.manifest import VerbEntry

# The name of the option's value; no operation has an argument like it.
OUTPUT = "__output"
Call = Callable[[Mapping[str, Any]], Any]


def gives_content(entry: VerbEntry) -> bool:
    """Tell whether an operation reads a file, a part at a time."""
    return {"offset", "length"} <= {param.name for param in entry.params}


def hand_over(state: State, call: Call, arguments: Mapping[str, Any], output: str | None) -> None:
    """Read a content and give it to whoever asked: into a file, into a pipe, or as JSON.

    Args:
        state: says in what form results are wanted.
        call: asks the operation for a part.
        arguments: of the operation; without a length the whole rest is read.
        output: the file to save it in.
    """
    first = call(arguments)
    told = {name: value for name, value in first.items() if name not in ("content", "next_offset")}
    if output is not None and output != "-":
        size = _save(Path(output).expanduser(), _parts(first, call, arguments))
        state.show(told | {"saved": output, "bytes": size})
    elif state.json:
        state.show(first)
    elif sys.stdout.isatty() and output is None:
        state.show(told)
        state.say("`--output FILE` saves it; into a pipe its bytes go as they are")
    else:
        # Also when asked to be quiet: the bytes are the result.
        sys.stdout.flush()
        sys.stdout.buffer.write(_parts(first, call, arguments))


def _parts(first: Mapping[str, Any], call: Call, arguments: Mapping[str, Any]) -> bytes:
    """Return the part that was asked for, or all the parts from the first on."""
    found = [base64.b64decode(first["content"])]
    following = first["next_offset"]
    while following is not None and "length" not in arguments:
        part = call({**arguments, "offset": following})
        found.append(base64.b64decode(part["content"]))
        following = part["next_offset"]
    return b"".join(found)


def _save(path: Path, content: bytes) -> int:
    """Write a file whole, or leave what was there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        size = beside.write_bytes(content)
        beside.replace(path)
        return size
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise Invalid(f"--output: {path}: {exc.strerror}", hint="name a file that can be written") from None
