"""The generated list of rooms, operations and parameters that makes the command line start fast.

`steward --help` reads `manifest.json` and imports no room. Run `python -m steward.surfaces.manifest` after a change of
an operation; a test fails when the file no longer tells the truth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steward.kit.op import Operation, Param

PATH = Path(__file__).with_name("manifest.json")


@dataclass(frozen=True, slots=True)
class ParamEntry:
    """One parameter as the command line shows it."""

    name: str
    word: str
    help: str
    required: bool = False
    many: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    default: Any = None


@dataclass(frozen=True, slots=True)
class VerbEntry:
    """One operation as the command line shows it."""

    room: str
    verb: str
    help: str
    description: str
    write: bool
    waits: bool
    destructive: bool
    params: tuple[ParamEntry, ...]

    @property
    def name(self) -> str:
        """Return room and verb, such as `work.claim`."""
        return f"{self.room}.{self.verb}"


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """One room with its operations by verb."""

    name: str
    help: str
    verbs: dict[str, VerbEntry]


def _default(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str | list):
        return value
    return str(value)


def _param(param: Param) -> dict[str, Any]:
    from steward.surfaces.shape import shape_of

    shape = shape_of(param.kind)
    entry = {
        "name": param.name,
        "word": shape.word,
        "help": param.help,
        "required": param.required,
        "many": shape.many,
        "nullable": shape.nullable,
        "choices": list(shape.choices),
        "default": None if param.required else _default(param.default),
    }
    # What says nothing is left out, so that the file stays small and its changes readable.
    return {key: value for key, value in entry.items() if value not in (None, False, [])}


def _verb(spec: Operation) -> dict[str, Any]:
    return {
        "help": spec.summary,
        "description": spec.description,
        "write": spec.write,
        "waits": spec.waits,
        "destructive": spec.destructive,
        "params": [_param(param) for param in spec.params],
    }


def build() -> dict[str, Any]:
    """Return the manifest of what is registered now."""
    import importlib

    from steward.kit.op import ROOMS, operations

    rooms = {}
    for room in ROOMS:
        found = operations(room)
        text = (importlib.import_module(f"steward.domains.{room}").__doc__ or room).strip()
        rooms[room] = {"help": text.splitlines()[0], "verbs": {spec.verb: _verb(spec) for spec in found}}
    return {"rooms": rooms}


def render(data: dict[str, Any]) -> str:
    """Return the manifest as the text of its file."""
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def _load_verb(room: str, verb: str, entry: dict[str, Any]) -> VerbEntry:
    params = tuple(
        ParamEntry(**{**given, "choices": tuple(given.get("choices", ()))}) for given in entry["params"]
    )
    return VerbEntry(room, verb, **{**entry, "params": params})


@cache
def load() -> dict[str, RoomEntry]:
    """Read the manifest file."""
    rooms = json.loads(PATH.read_text("utf-8"))["rooms"]
    return {
        name: RoomEntry(
            name, room["help"], {verb: _load_verb(name, verb, e) for verb, e in room["verbs"].items()}
        )
        for name, room in rooms.items()
    }


def main() -> None:
    """Write the manifest file anew."""
    PATH.write_text(render(build()), "utf-8")


if __name__ == "__main__":
    main()
