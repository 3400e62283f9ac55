from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from steward.importers.files import decode, find, plain_name, read, unpack
from steward.importers.refusal import Refused

TEXT = b'{"tasks": []}' * 2000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_files_are_known_by_their_bytes(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "tasks.json"
    path.write_bytes(PACKERS[packing](TEXT))
    content = read(path)
    assert (content.data, content.packing) == (TEXT, packing)


@pytest.mark.parametrize("packing", PACKERS)
def test_several_streams_in_one_file_are_read_to_the_end(packing: str) -> None:
    assert unpack(PACKERS[packing](b"one ") + PACKERS[packing](b"two"), "x").data == b"one two"


@pytest.mark.parametrize("packing", PACKERS)
def test_a_cut_packing_is_refused_wherever_it_is_cut(packing: str) -> None:
    packed = PACKERS[packing](TEXT)
    for cut in range(8, len(packed)):
        with pytest.raises(Refused, match="packing is damaged"):
            unpack(packed[:cut], "tasks.json")


@pytest.mark.parametrize("packing", PACKERS)
def test_more_than_the_limit_is_refused_by_its_name(packing: str) -> None:
    bomb = PACKERS[packing](bytes(4_000_000))
    with pytest.raises(Refused, match=r"bomb\.json: holds more than 1000000 bytes") as refused:
        unpack(bomb, "bomb.json", limit=1_000_000)
    assert "STEWARD_IMPORT_LIMIT" in str(refused.value.hint)


def test_a_plain_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_bytes(bytes(2000))
    with pytest.raises(Refused, match="holds more than 1000 bytes"):
        read(path, limit=1000)


def test_a_name_that_promises_packing_does_not_make_it_so(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json.gz"
    path.write_bytes(b"{}")
    assert read(path).packing is None
    assert plain_name(path) == "tasks.json"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"{}", "utf-8"),
        ("{}".encode("utf-8-sig"), "utf-8-bom"),
        ("{}".encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + "{}".encode("utf-16-be"), "utf-16-be"),
        ("{}".encode("utf-16-le"), "utf-16-le"),
        ("{}".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_encodings_are_told_apart(data: bytes, encoding: str) -> None:
    text = decode(data, "x")
    assert (text.text, text.encoding) == ("{}", encoding)


def test_bytes_that_are_no_text_are_refused_by_offset_and_line() -> None:
    with pytest.raises(Refused, match=r"byte 13 \(line 3\) is not valid utf-8") as refused:
        decode(b'{\n"a": "b",\n"\xff"}', "tasks.json")
    assert refused.value.line == 3


def test_folders_are_walked_without_what_is_no_work_of_the_project(tmp_path: Path) -> None:
    for name in (
        "b/tasks.json",
        "a/x.json",
        ".taskmaster/tasks/tasks.json",
        ".git/x",
        "node_modules/p/tasks.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    found = [(each.path.relative_to(tmp_path).as_posix(), each.explicit) for each in find([tmp_path])]
    assert found == [(".taskmaster/tasks/tasks.json", False), ("a/x.json", False), ("b/tasks.json", False)]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text("{}")
    assert [each.explicit for each in find([path, tmp_path])] == [True]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file or folder"):
        list(find([tmp_path / "gone"]))
