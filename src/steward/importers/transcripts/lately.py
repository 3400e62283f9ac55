"""The transcripts that grew in a folder lately: what a run of a command left behind."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from steward.importers.report import FileReport
from steward.importers.transcripts.place import Placing
from steward.importers.transcripts.run import Transcripts
from steward.kit.db import Actor, Database
from steward.kit.errors import StewardError

# A file's time may be rounded down.
_SLACK_S = 2.0
_HEAD = 4 * 1024 * 1024


def grown_in(folder: Path, since: datetime, environ: Mapping[str, str]) -> list[Path]:
    """Return the transcripts of Claude Code and Codex that were written since then by sessions in a folder or below.

    Args:
        folder: where the sessions work.
        since: from when on.
        environ: names the clients' own folders where they are not in the home.
    """
    earliest = since.timestamp() - _SLACK_S
    folders = {str(folder), str(folder.resolve())}
    home = Path(environ.get("HOME") or Path.home())
    claude = Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude") / "projects"
    codex = Path(environ.get("CODEX_HOME") or home / ".codex") / "sessions"
    found = [each for each in _of_claude(claude, folders, environ) if _is_new(each, earliest)]
    rollouts = (each for each in codex.rglob("rollout-*.jsonl") if _is_new(each, earliest))
    return sorted([*found, *(each for each in rollouts if _works_in(each, folders))])


def _of_claude(projects: Path, folders: set[str], environ: Mapping[str, str]) -> Iterator[Path]:
    """Every session's folder is named after the path it works in, each other character made a dash."""
    names = tuple({re.sub(r"[^A-Za-z0-9]", "-", folder)[:200] for folder in folders})
    own = environ.get("CLAUDE_CODE_PROJECT_DIR_NAME")
    if projects.is_dir():
        for each in projects.iterdir():
            if each.name.startswith(names) or each.name == own:
                yield from each.rglob("*.jsonl")


def _is_new(path: Path, earliest: float) -> bool:
    try:
        return path.stat().st_mtime >= earliest and path.is_file()
    except OSError:
        return False


def _works_in(path: Path, folders: set[str]) -> bool:
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline(_HEAD))
    except (OSError, ValueError, RecursionError):
        return False
    payload = first.get("payload") if isinstance(first, dict) else None
    cwd = payload.get("cwd") if isinstance(payload, dict) else None
    return isinstance(cwd, str) and any(
        cwd == folder or cwd.startswith(folder + os.sep) for folder in folders
    )


def bring_in(
    database: Database, actor: Actor, folder: Path, since: datetime, environ: Mapping[str, str]
) -> list[str]:
    """Import what transcripts in a folder gained; return what could not be read, and why.

    Args:
        database: where to.
        actor: as whom.
        folder: where the sessions work.
        since: from when on.
        environ: names the clients' own folders where they are not in the home.
    """
    paths = grown_in(folder, since, environ)
    if not paths:
        return []
    run = Transcripts(Placing(database, actor))
    problems = []
    run.expect(paths)
    for path in paths:
        try:
            run.take(path, FileReport(str(path), None, "skipped"), explicit=True)
        except StewardError as exc:
            problems.append(exc.message)
    run.finish()
    return problems
