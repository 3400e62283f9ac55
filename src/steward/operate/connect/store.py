"""Writing a plan, all of it or none, with what stood there before kept byte for byte; and bringing that back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.kit.config import make_private, write_private
from steward.kit.errors import Conflict, Invalid, Unavailable
from steward.operate.connect.formats import put, take_out
from steward.operate.connect.types import Change, Format, Plan, Restored, Target

_NEW_SECRET, _NEW = 0o600, 0o644
_BOM = b"\xef\xbb\xbf"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last connecting wrote down of a file."""

    path: Path
    real: Path
    format: Format
    before: bytes | None
    after_sha256: str
    mode: int
    made_folders: tuple[Path, ...]
    added: list[dict[str, Any]]


def sha256(content: bytes) -> str:
    """Return the hash by which a content is known again."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> bytes | None:
    """Return the content of a file, None when there is none.

    Raises:
        Unavailable: it is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise Unavailable(f"{path} cannot be read: {exc.strerror}", hint="see what stands there") from None


def load(folder: Path) -> list[Kept]:
    """Return what was kept in a folder when a client was connected; nothing where none is.

    Raises:
        Conflict: what was kept cannot be read any more.
    """
    old = _old(folder)
    if not folder.exists() and old.exists():
        # Somebody was stopped between the two steps of `_swap`.
        old.rename(folder)
    text = read(folder / _MANIFEST)
    if text is None:
        return []
    try:
        return [_kept(folder, each) for each in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError, OSError) as exc:
        hint = "the copies of your files stand beside it; bring them back by hand"
        raise Conflict(f"{folder / _MANIFEST} is damaged: {exc}", hint=hint) from None


def _kept(folder: Path, data: dict[str, Any]) -> Kept:
    before = (folder / data["backup"]).read_bytes() if data["backup"] else None
    if before is not None and sha256(before) != data["before_sha256"]:
        raise ValueError(f"{data['backup']} is not what it was")
    return Kept(
        Path(data["path"]),
        Path(data["real"]),
        Format(data["format"]),
        before,
        data["after_sha256"],
        int(data["mode"]),
        tuple(Path(each) for each in data["made_folders"]),
        data["added"],
    )


# ---------------------------------------------------------------------------------------------------------- planning


def plan_change(target: Target, kept: Kept | None) -> Change:
    """Return what becomes of a file: what is wanted, put into what the file holds without us.

    Raises:
        Invalid: the file cannot be read as what it should be.
    """
    real = target.path.resolve()
    current = read(real)
    before, notes = _without_ours(kept, current)
    text, bom = _decoded(target.path, before or b"")
    put_in, added, more = put(target, text)
    after = bom + put_in.encode() if added else before
    mode = stat.S_IMODE(real.stat().st_mode) if current is not None else _new_mode(target)
    change = Change(target, real, before, current, after, mode, added, notes + more)
    if target.secret and added and current is not None and mode & 0o077:
        change.notes.append(f"{target.path} gets a key and may be read by others: chmod 600 it")
    return change


def _new_mode(target: Target) -> int:
    if target.secret:
        return _NEW_SECRET
    mask = os.umask(0o077)
    os.umask(mask)
    return _NEW & ~mask


def _without_ours(kept: Kept | None, current: bytes | None) -> tuple[bytes | None, list[str]]:
    if kept is None or current is None:
        return current, []
    if sha256(current) == kept.after_sha256:
        return kept.before, []
    text, bom = _decoded(kept.path, current)
    without, left = take_out(kept.format, str(kept.path), text, kept.added)
    return bom + without.encode(), left


def _decoded(path: Path, content: bytes) -> tuple[str, bytes]:
    bom = _BOM if content.startswith(_BOM) else b""
    try:
        return content[len(bom) :].decode("utf-8"), bom
    except UnicodeDecodeError as exc:
        raise Invalid(
            f"{path} is no UTF-8 text: byte {exc.start}", hint="mend the file, then try again"
        ) from None


# ----------------------------------------------------------------------------------------------------------- writing


def apply(plan: Plan, folder: Path) -> None:
    """Write a plan: first what stood there, then the files; what cannot be written takes the rest back.

    Args:
        plan: what changes.
        folder: where the copies of the user's files are kept.

    Raises:
        Unavailable: a file cannot be written; nothing is changed then.
        Conflict: somebody changed a file since the plan was made.
    """
    for change in plan.changes:
        if read(change.real) != change.current:
            raise Conflict(f"{change.target.path} was changed just now", hint="try again")
    old = {each.real: each.made_folders for each in load(folder)}
    made = {change.real: _missing_folders(change.real) or old.get(change.real, ()) for change in plan.changes}
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    _write_copies(plan, fresh, made)
    done: list[Change] = []
    try:
        # The copies are in their place before the first file changes.
        _swap(fresh, folder)
        for change in plan.changes:
            if change.changes and change.after is not None:
                done.append(change)
                change.real.parent.mkdir(parents=True, exist_ok=True)
                replace(change.real, change.after, change.mode)
    except OSError as exc:
        _take_back(done, made)
        _swap_back(fresh, folder)
        where = done[-1].target.path if done else folder
        hint = "nothing was changed; let the folder be written to, then try again"
        raise Unavailable(f"{where} cannot be written: {exc.strerror or exc}", hint=hint) from None
    shutil.rmtree(_old(folder), ignore_errors=True)


def _missing_folders(path: Path) -> tuple[Path, ...]:
    """Return the folders that have to be made for a file, the innermost first."""
    return tuple(parent for parent in path.parents if not parent.exists())


def _write_copies(plan: Plan, fresh: Path, made: dict[Path, tuple[Path, ...]]) -> None:
    shutil.rmtree(fresh, ignore_errors=True)
    make_private(fresh)
    files = []
    for number, change in enumerate(plan.changes):
        if not change.added:
            continue
        backup = None
        if change.before is not None:
            backup = f"{number}.before"
            descriptor = os.open(fresh / backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(change.before)
                file.flush()
                os.fsync(file.fileno())
        files.append(
            {
                "path": str(change.target.path),
                "real": str(change.real),
                "format": change.target.format.value,
                "backup": backup,
                "before_sha256": sha256(change.before or b""),
                "after_sha256": sha256(change.after or b""),
                "mode": change.mode,
                "made_folders": [str(each) for each in made[change.real]],
                "added": change.added,
            }
        )
    known = {"client": plan.client, "scope": plan.scope.value, "folder": str(plan.folder), "files": files}
    write_private(fresh / _MANIFEST, json.dumps(known, indent=2, ensure_ascii=False) + "\n")


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _swap(fresh: Path, folder: Path) -> None:
    """Let the new copies take the place of the old ones, which stand beside them until all is done."""
    shutil.rmtree(_old(folder), ignore_errors=True)
    if folder.exists():
        folder.rename(_old(folder))
    fresh.rename(folder)


def _swap_back(fresh: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):
        if fresh.exists():
            shutil.rmtree(fresh, ignore_errors=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if _old(folder).exists():
            _old(folder).rename(folder)


def _take_back(done: list[Change], made: dict[Path, tuple[Path, ...]]) -> None:
    for change in reversed(done):
        with contextlib.suppress(OSError):
            if change.current is not None:
                replace(change.real, change.current, change.mode)
            else:
                change.real.unlink(missing_ok=True)
            _remove_empty(made.get(change.real, ()))


def replace(path: Path, content: bytes, mode: int) -> None:
    """Replace a file's content in one step, with its permissions and, where we may, its owner.

    Raises:
        OSError: the folder or the file cannot be written; the old content stands as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.steward")
    try:
        owner = path.stat()
    except FileNotFoundError:
        owner = None
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if owner is not None and (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_empty(folders: tuple[Path, ...]) -> None:
    for each in folders:
        try:
            each.rmdir()
        except OSError:
            return


# --------------------------------------------------------------------------------------------------------- restoring


def restored(kept: Kept) -> tuple[bytes | None, Restored]:
    """Return what a file is to hold after disconnecting, and what that is called; nothing is written.

    Raises:
        Invalid: the file was changed into something that cannot be read.
    """
    current = read(kept.real)
    if current is None:
        if kept.before is None:
            return None, Restored(kept.path, "gone already")
        note = f"{kept.path} was removed meanwhile; it stays so"
        return None, Restored(kept.path, "gone already", [note])
    if current == kept.before:
        return current, Restored(kept.path, "as before already")
    if sha256(current) == kept.after_sha256:
        return kept.before, Restored(kept.path, "restored")
    without, left = _without_ours(kept, current)
    note = f"{kept.path} was changed meanwhile; only what Steward had added was taken out"
    return without, Restored(kept.path, "cleaned", [note, *left])


def would_restore(folder: Path) -> list[Restored]:
    """Return what `restore` would do to each file; nothing is written.

    Raises:
        Invalid: a file was changed into something that cannot be read.
    """
    return [restored(kept)[1] for kept in load(folder)]


def restore(folder: Path) -> list[Restored]:
    """Bring back what stood in a client's files before it was connected.

    A file that was not changed since gets its old bytes and permissions; of one that was, only what is ours is taken
    out, and the copy of the old bytes is kept.

    Raises:
        Unavailable: a file cannot be written; those before it are restored already, and doing it again does the rest.
        Invalid: a file was changed into something that cannot be read.
    """
    found = [(kept, *restored(kept)) for kept in load(folder)]
    for kept, content, _ in found:
        try:
            _put_back(kept, content)
        except OSError as exc:
            raise Unavailable(
                f"{kept.path} cannot be written: {exc.strerror or exc}", hint="mend that, then try again"
            ) from None
    results = [result for _, _, result in found]
    if any(each.outcome == "cleaned" for each in results):
        aside = folder.with_name(f"{folder.name}.before-{time.time_ns()}")
        folder.rename(aside)
        results[-1].notes.append(f"the copies of your files as they were stay in {aside}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return results


def _put_back(kept: Kept, content: bytes | None) -> None:
    current = read(kept.real)
    if content is None and current is not None:
        kept.real.unlink()
        _remove_empty(kept.made_folders)
    elif content is not None and content != current:
        mode = kept.mode if kept.before is not None else stat.S_IMODE(kept.real.stat().st_mode)
        replace(kept.real, content, mode)
