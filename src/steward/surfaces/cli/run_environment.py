"""What a command is told about the task that it runs for: variables of ours, and attributes of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"


@dataclass(frozen=True, slots=True)
class Held:
    """A claim: the task, its project, the token, who holds it, and the execution that it opened."""

    task: str
    project: str
    token: int
    agent: str
    execution: str | None = None

    def told(self) -> dict[str, str]:
        """Return what is told, by the names that attributes have."""
        known = {
            "task": self.task,
            "execution": self.execution,
            "agent": self.agent,
            "project": self.project,
        }
        return {name: value for name, value in known.items() if value}


def environment_for(held: Held, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the command: the user's own, with the task in it.

    Exporters and hooks of a client that is connected read it from there; what the user set of theirs stays.
    """
    ours = {f"STEWARD_{name.upper()}": value for name, value in held.told().items()}
    merged = dict(environ) | ours | {"STEWARD_TOKEN": str(held.token)}
    if held.execution is None:
        merged.pop("STEWARD_EXECUTION", None)
    merged[_ATTRIBUTES] = attributes_with(held, environ.get(_ATTRIBUTES, ""))
    return merged


def attributes_with(held: Held, attributes: str) -> str:
    """Return OTEL_RESOURCE_ATTRIBUTES with the task in it; an outer run's gives way."""
    others = [
        word.strip()
        for word in attributes.split(",")
        if word.strip() and not word.strip().startswith("steward.")
    ]
    ours = [f"steward.{name}={quote(value, safe='-._~:/')}" for name, value in held.told().items()]
    return ",".join([*others, *ours])
