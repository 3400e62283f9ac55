"""Reads a transcript in pieces of whole lines, plain or packed, from any place on."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from steward.importers.files import DEFAULT_LIMIT, is_packed
from steward.importers.refusal import Refused

CHUNK = 4 * 1024 * 1024
"""So many bytes are read, parsed and committed at once; a longer line makes a longer piece."""

LONGEST_LINE = 64 * 1024 * 1024
"""Of a longer line only the beginning is kept."""

_KEPT_OF_LONGEST = 64 * 1024
_XZ_MEMORY = 256 * 1024 * 1024


@dataclass(slots=True)
class Chunk:
    """Whole lines of a file.

    Attributes:
        data: their bytes, to be looked at as one.
        lines: the lines without their ends; blank ones are left out.
        untils: where the next line begins, for each.
        until: where the next piece begins.
        cut: by position, how long a line was of which only the beginning is here, and the digest of the whole.
    """

    data: bytes
    lines: list[bytes]
    untils: list[int]
    until: int
    cut: dict[int, tuple[int, bytes]] = field(default_factory=dict)


def digest_of(line: bytes) -> bytes:
    """Return the digest by which lines are compared."""
    return hashlib.blake2b(line, digest_size=16).digest()


def digests_of(chunk: Chunk) -> list[bytes]:
    """Return the digest of each line of a piece."""
    found = [digest_of(line) for line in chunk.lines]
    for at, (_, digest) in chunk.cut.items():
        found[at] = digest
    return found


@contextmanager
def unpacked(path: Path, limit: int = DEFAULT_LIMIT) -> Iterator[IO[bytes]]:
    """Open a file for reading its bytes as they were before they were packed.

    Raises:
        Refused: it cannot be opened, or its packing is damaged.
    """
    try:
        with path.open("rb") as raw:
            head = raw.read(6)
            raw.seek(0)
            yield cast(IO[bytes], _Bounded(_unpacker(raw, head), path, limit) if is_packed(head) else raw)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise Refused(
            f"{path}: cannot be read on: {error}",
            hint="what came before it is kept; restore the file, then import it again",
        ) from error


def _unpacker(raw: IO[bytes], head: bytes) -> IO[bytes]:
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if head.startswith(b"\xfd7zXZ\x00"):
        return cast(IO[bytes], lzma.LZMAFile(raw))
    import zstandard

    stream = zstandard.ZstdDecompressor(max_window_size=_XZ_MEMORY)
    return cast(IO[bytes], stream.stream_reader(raw, read_across_frames=True))


class _Bounded(io.RawIOBase):
    """What comes out of a packed file: a few bytes can stand for very many."""

    def __init__(self, stream: IO[bytes], path: Path, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._path = path
        self._limit = limit
        self._came = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most so many bytes."""
        data = self._read(size)
        self._came += len(data)
        if self._came > self._limit:
            raise Refused(
                f"{self._path}: holds more than {self._limit} bytes, the limit of one unpacked file",
                hint="raise the limit (STEWARD_IMPORT_LIMIT, in bytes) if the file is meant to be that large",
            )
        return data

    def _read(self, size: int) -> bytes:
        import zstandard

        try:
            return self._stream.read(size)
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from error


def chunks(file: IO[bytes], start: int = 0, size: int = CHUNK) -> Iterator[Chunk]:
    """Yield whole lines from a place on; what follows the last end of line only if it is a whole object.

    Args:
        file: opened by `unpacked`.
        start: where a line begins.
        size: about how much at once.
    """
    skip_to(file, start)
    rest, at = b"", start
    while block := file.read(size):
        rest = rest + block if rest else block
        end = rest.rfind(b"\n") + 1
        if end:
            found = _split(rest[:end], at)
            at, rest = found.until, rest[end:]
            yield found
        elif len(rest) > LONGEST_LINE:
            long = _long_line(file, rest, at, size)
            if long is None:
                return
            found, rest = long
            at = found.until
            yield found
    if end := rest.rfind(b"\n") + 1:
        # What was read beyond the end of a long line may be all there is.
        found = _split(rest[:end], at)
        at, rest = found.until, rest[end:]
        yield found
    if _is_whole(rest):
        yield Chunk(rest, [rest], [at + len(rest)], at + len(rest))


def skip_to(file: IO[bytes], start: int) -> None:
    """Go to a place; in a packed file everything before it has to be unpacked."""
    if not start:
        return
    if not isinstance(file, _Bounded):
        file.seek(start)
        return
    left = start
    while left and (block := file.read(min(left, CHUNK))):
        left -= len(block)


def _split(data: bytes, at: int) -> Chunk:
    lines = data.split(b"\n")
    lines.pop()
    untils = []
    until = at
    for line in lines:
        until += len(line) + 1
        untils.append(until)
    if any(not line or line.isspace() for line in lines):
        kept = [(line, end) for line, end in zip(lines, untils, strict=True) if line and not line.isspace()]
        lines, untils = [line for line, _ in kept], [end for _, end in kept]
    return Chunk(data, lines, untils, until)


def _long_line(file: IO[bytes], begun: bytes, at: int, size: int) -> tuple[Chunk, bytes] | None:
    """Read to the end of a line that is too long to be kept; None when it has none yet."""
    digest = hashlib.blake2b(begun, digest_size=16)
    length = len(begun)
    while block := file.read(size):
        end = block.find(b"\n")
        if end < 0:
            digest.update(block)
            length += len(block)
            continue
        digest.update(block[:end])
        length += end
        until = at + length + 1
        kept = _beginning(begun)
        return Chunk(kept, [kept], [until], until, {0: (length, digest.digest())}), block[end + 1 :]
    return None


def _beginning(line: bytes) -> bytes:
    """Return the beginning of a line, ended where a word ends: half a secret is not known as one."""
    kept = line[:_KEPT_OF_LONGEST]
    return kept[: max(kept.rfind(b" "), kept.rfind(b'"'), 0)]


def _is_whole(rest: bytes) -> bool:
    """Tell whether what has no end of line is an object all the same: no part of an object is one."""
    text = rest.strip()
    if not (text.startswith(b"{") and text.endswith(b"}")) or len(text) > LONGEST_LINE:
        return False
    from steward.importers.transcripts.parse import object_of

    return object_of(text) is not None
