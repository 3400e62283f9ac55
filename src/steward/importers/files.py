"""Find files, read them as they are packed, and turn bytes into text without guessing.

What a file holds is judged by its bytes: the name `tasks.json.gz` makes nothing a gzip file.
"""

from __future__ import annotations

import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from steward.importers.refusal import Refused

if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

DEFAULT_LIMIT = 512 * 1024 * 1024
"""Largest size of one file after unpacking, in bytes."""

_XZ_MEMORY = 256 * 1024 * 1024
_CHUNK = 1024 * 1024
_IGNORED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".terraform",
        ".gradle",
        ".next",
        "site-packages",
    }
)
_MERGE_COPIES = (".base.jsonl", ".left.jsonl", ".right.jsonl", "_base.jsonl")
"""States that beads merged."""

_PACKED_SUFFIXES = (".gz", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class Found:
    """One file to look at; `explicit` when the caller named it and not a folder above it."""

    path: Path
    explicit: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The unpacked bytes of a file and how they were packed (`gzip`, `xz`, `zstd` or None)."""

    data: bytes
    packing: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file and the encoding it stood in (`utf-8`, `utf-8-bom`, `utf-16-le`, `utf-16-be`)."""

    text: str
    encoding: str


def find(paths: Iterable[Path], is_one: Callable[[Path], bool] = lambda _: False) -> Iterator[Found]:
    """Yield every file of the paths once, folders walked in name order.

    Args:
        paths: files and folders.
        is_one: tells whether a folder is to be yielded itself, as one file.

    Raises:
        Refused: a path does not exist.
    """
    seen: set[Path] = set()
    for path in paths:
        for found in _below(path, is_one):
            real = found.path.resolve()
            if real not in seen:
                seen.add(real)
                yield found


def _below(path: Path, is_one: Callable[[Path], bool]) -> Iterator[Found]:
    if path.is_dir():
        # Who names the folder of tasks means the whole of which it is a part.
        whole = path.parent if path.name == "tasks" and is_one(path.parent) else path
        if is_one(whole):
            yield Found(whole, explicit=True)
        else:
            yield from (Found(each, explicit=False) for each in _walk(path, is_one))
    elif path.is_file():
        yield Found(path, explicit=True)
    else:
        raise Refused(f"{path}: there is no such file or folder", hint="check the path")


def _walk(folder: Path, is_one: Callable[[Path], bool]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        below = [Path(root, name) for name in sorted(folders) if name not in _IGNORED_FOLDERS]
        whole = [each for each in below if is_one(each)]
        folders[:] = [each.name for each in below if each not in whole]
        yield from whole
        yield from (path for name in sorted(names) if (path := Path(root, name)).is_file())


def is_leftover(path: Path) -> bool:
    """Tell by its name whether a file is a copy that an editor or a tool left behind."""
    if path.parent.name == ".beads" and path.name.endswith(_MERGE_COPIES):
        return True
    return path.name.lower().endswith((".bak", ".backup", ".orig", ".old", ".tmp", ".swp", "~"))


def plain_name(path: Path) -> str:
    """Return the file's name without the suffix of its packing."""
    name = path.name
    return next((name[: -len(end)] for end in _PACKED_SUFFIXES if name.lower().endswith(end)), name)


def read(path: Path, limit: int = DEFAULT_LIMIT) -> Content:
    """Read a file and unpack it.

    Args:
        path: the file.
        limit: largest size after unpacking, in bytes.

    Raises:
        Refused: it cannot be read, is larger than the limit, or its packing is damaged.
    """
    try:
        if path.stat().st_size > limit:
            raise _too_large(path, limit)
        data = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}") from error
    return unpack(data, str(path), limit)


def head(path: Path, size: int = 4096) -> bytes:
    """Return the first bytes of a file as they stand, none when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def unpack(data: bytes, name: str, limit: int = DEFAULT_LIMIT) -> Content:
    """Unpack bytes by their magic number, at most `limit` bytes of them.

    Raises:
        Refused: more than the limit comes out, or the packing is damaged or cut short.
    """
    for magic, packing, unpacker in _PACKINGS:
        if data.startswith(magic):
            return Content(_bounded(unpacker, data, name, packing, limit), packing)
    return Content(data, None)


def _bounded(unpacker: _Unpacker, data: bytes, name: str, packing: str, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for part in unpacker(data):
            size += len(part)
            if size > limit:
                raise _too_large(name, limit)
            parts.append(part)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise Refused(
            f"{name}: the {packing} packing is damaged after {size} unpacked bytes: {error}",
            hint="unpack the file by hand or restore it; nothing of it was imported",
        ) from error
    return b"".join(parts)


def _too_large(name: Path | str, limit: int) -> Refused:
    return Refused(
        f"{name}: holds more than {limit} bytes, the limit of one unpacked file",
        hint="raise the limit (STEWARD_IMPORT_LIMIT, in bytes) if the file is meant to be that large",
    )


def _gunzip(data: bytes) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=BytesIO(data)) as packed:
        while part := packed.read(_CHUNK):
            yield part


def _unxz(data: bytes) -> Iterator[bytes]:
    while data:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        while not stream.eof:
            part = stream.decompress(data, _CHUNK)
            data = b""
            if not part and stream.needs_input:
                raise EOFError("it ends in the middle of the stream")
            yield part
        # Streams may be padded with zero bytes.
        data = stream.unused_data.lstrip(b"\0")


def _unzstd(data: bytes) -> Iterator[bytes]:
    import zstandard

    while data:
        stream = zstandard.ZstdDecompressor(max_window_size=_XZ_MEMORY).decompressobj()
        at = 0
        while at < len(data) and not stream.eof:
            # A few bytes can stand for very many: small bites keep the size check ahead of memory.
            yield _zstd_bite(stream, data[at : at + 1024])
            at += 1024
        if not stream.eof:
            raise EOFError("it ends in the middle of the stream")
        data = stream.unused_data + data[at:]


def _zstd_bite(stream: ZstdDecompressionObj, bite: bytes) -> bytes:
    import zstandard

    try:
        return bytes(stream.decompress(bite))
    except zstandard.ZstdError as error:
        raise OSError(str(error)) from error


_Unpacker = Callable[[bytes], Iterator[bytes]]
_PACKINGS: tuple[tuple[bytes, str, _Unpacker], ...] = (
    (b"\x1f\x8b", "gzip", _gunzip),
    (b"\xfd7zXZ\x00", "xz", _unxz),
    (b"\x28\xb5\x2f\xfd", "zstd", _unzstd),
)


def is_packed(data: bytes) -> bool:
    """Tell whether bytes begin like a packed file."""
    return any(data.startswith(magic) for magic, _, _ in _PACKINGS)


def decode(data: bytes, name: str) -> Text:
    """Turn bytes into text: UTF-8 with or without a mark, or UTF-16.

    Raises:
        Refused: the bytes are not such text; the message names the first bad byte and its line.
    """
    encoding, skip = _encoding(data)
    codec = "utf-8" if encoding == "utf-8-bom" else encoding
    try:
        return Text(data[skip:].decode(codec), encoding)
    except UnicodeDecodeError as error:
        at = skip + error.start
        line = data.count(b"\n", 0, at) + 1
        raise Refused(
            f"{name}: byte {at} (line {line}) is not valid {codec}: {error.reason}",
            hint="save the file as UTF-8, or restore it; nothing of it was imported",
            line=line,
        ) from error


def _encoding(data: bytes) -> tuple[str, int]:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-bom", 3
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le", 2
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be", 2
    # JSON begins with an ASCII sign: a zero byte beside it can only be UTF-16.
    if len(data) >= 2 and data[0] and not data[1]:
        return "utf-16-le", 0
    if len(data) >= 2 and not data[0] and data[1]:
        return "utf-16-be", 0
    return "utf-8", 0
