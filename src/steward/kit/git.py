"""What a working folder says of its git repository, read from its files: starting git would cost more than the rest."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SECTION = re.compile(r'\[\s*(?P<name>[A-Za-z0-9.-]+)\s*(?:"(?P<part>(?:\\.|[^"\\])*)")?\s*\]\s*(?P<rest>.*)')
_PREFERRED = ("origin", "upstream")


def repository_root(folder: Path) -> Path | None:
    """Return the top of the working tree that a folder lies in, None outside of any."""
    folder = folder.absolute()
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)


def remote_url(folder: Path) -> str | None:
    """Return the address of a folder's repository: of `origin`, else of `upstream`, else of the only remote."""
    root = repository_root(folder)
    config = _config_file(root / ".git") if root else None
    if config is None:
        return None
    try:
        remotes = _remotes(config.read_text("utf-8", "replace"))
    except OSError:
        return None
    preferred = next((remotes[name] for name in _PREFERRED if name in remotes), None)
    return preferred or (next(iter(remotes.values())) if len(remotes) == 1 else None)


def _config_file(marker: Path) -> Path | None:
    """Return the file of the repository's settings: linked working trees share those of the main one."""
    if marker.is_dir():
        return marker / "config"
    try:
        named = marker.read_text("utf-8", "replace").strip().removeprefix("gitdir:").strip()
        folder = Path(os.path.normpath(marker.parent / named))
        common = folder / "commondir"
        if common.is_file():
            folder = Path(os.path.normpath(folder / common.read_text("utf-8", "replace").strip()))
    except OSError:
        return None
    return folder / "config"


def _remotes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    section: str | None = None
    for raw in text.splitlines():
        line = raw.strip()
        head = _SECTION.match(line)
        if head:
            section = _unquoted(head["part"] or "") if head["name"].lower() == "remote" else None
            line = head["rest"]
        key, equals, value = line.partition("=")
        if section is not None and equals and key.strip().lower() == "url":
            found.setdefault(section, _value(value))
    return found


def _value(text: str) -> str:
    """Return a value without its quotes and a comment that follows it."""
    text = text.strip()
    if text.startswith('"'):
        quoted = re.match(r'"((?:\\.|[^"\\])*)"', text)
        return _unquoted(quoted[1]) if quoted else text
    return re.split(r"\s[#;]", text)[0].strip()


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
