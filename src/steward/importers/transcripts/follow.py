"""Goes on importing transcripts while agents write them: looks again and again which files have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from steward.importers.files import find
from steward.importers.refusal import Refused
from steward.importers.report import FileReport, refusal_entry
from steward.importers.transcripts.place import Placing
from steward.importers.transcripts.run import Transcripts
from steward.kit.errors import StewardError

POLL_S = 0.5
_WALK_SHARE = 0.1
_RECENT_S = 3600.0
_NEVER = (-1, -1)


@dataclass(slots=True)
class Follower:
    """Watches files and folders.

    Attributes:
        placing: the database, who acts, and where sessions belong.
        paths: files and folders.
        on_file: told of every file that something was brought in of, or that could not be read.
        on_trouble: told when the database is away; it is tried again.
    """

    placing: Placing
    paths: Iterable[Path]
    on_file: Callable[[FileReport], None]
    on_trouble: Callable[[StewardError], None] = lambda _: None
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _walk_again: float = 0.0

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Follow until told to stop."""
        while not stop():
            self.look()
            time.sleep(POLL_S)

    def look(self) -> None:
        """Bring in what has changed since the last look; what cannot be now is found changed again by the next."""
        before = {path: self._seen.get(path, _NEVER) for path in self._candidates()}
        changed = [path for path in before if self._changed(path)]
        if not changed:
            return
        transcripts = Transcripts(self.placing)
        waiting = list(changed)
        try:
            transcripts.expect(changed)
            while waiting:
                self._bring_in(transcripts, waiting[0])
                del waiting[0]
        except StewardError as error:
            self._seen |= {path: before[path] for path in waiting}
            self.on_trouble(error)

    def _candidates(self) -> Iterable[Path]:
        """Return all files, as often as walking the folders may cost a tenth of the time; between, those in use."""
        if time.monotonic() >= self._walk_again:
            return self._walk()
        recent = time.time_ns() - int(_RECENT_S * 1e9)
        return [path for path, (_, modified) in self._seen.items() if modified > recent or modified < 0]

    def _walk(self) -> list[Path]:
        began = time.monotonic()
        found = [
            each.path for each in find(path for path in self.paths if path.exists()) if each.path.is_file()
        ]
        now = time.monotonic()
        self._walk_again = now + (now - began) / _WALK_SHARE
        return found

    def _changed(self, path: Path) -> bool:
        try:
            stat = path.stat()
        except OSError:
            self._seen.pop(path, None)
            return False
        now = (stat.st_size, stat.st_mtime_ns)
        changed = self._seen.get(path) != now
        self._seen[path] = now
        return changed

    def _bring_in(self, transcripts: Transcripts, path: Path) -> None:
        entry = FileReport(str(path), None, "skipped")
        began = time.perf_counter()
        try:
            transcripts.take(path, entry, explicit=False)
        except Refused as error:
            entry.outcome, entry.refusal = "refused", refusal_entry(error)
        entry.duration_ms = round((time.perf_counter() - began) * 1000)
        if entry.outcome in ("imported", "refused"):
            self.on_file(entry)
