"""What the files of a repository tell, in the shapes that git writes them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from steward.kit.git import remote_url, repository_root

CONFIG = """\
[core]
\trepositoryformatversion = 0
[remote "upstream"]
\turl = https://host.example/up.git
[remote "origin"] ; the usual
\tfetch = +refs/heads/*:refs/remotes/origin/*
\turl = git@host.example:team/app.git # cloned from here
\turl = second
[branch "main"]
\tremote = origin
\turl = no
"""


def _repository(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config)
    return folder


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (CONFIG, "git@host.example:team/app.git"),
        ('[remote "upstream"]\nurl = a\n[remote "fork"]\nurl = b\n', "a"),
        ('[remote "fork"]\n  url="quo\\"ted # x"\n', 'quo"ted # x'),
        ('[remote "a"]\nurl = a\n[remote "b"]\nurl = b\n', None),
        ('[REMOTE "origin"] URL = a\n', "a"),
        ("[core]\n", None),
        ("", None),
    ],
)
def test_remotes(tmp_path: Path, config: str, url: str | None) -> None:
    root = _repository(tmp_path / "app", config)
    inside = root / "src" / "deep"
    inside.mkdir(parents=True)
    assert remote_url(inside) == url
    assert repository_root(inside) == root


def test_outside_of_any(tmp_path: Path) -> None:
    assert repository_root(tmp_path) is None
    assert remote_url(tmp_path) is None


def test_linked_working_trees_share_the_settings(tmp_path: Path) -> None:
    root = _repository(tmp_path / "app", CONFIG)
    entry = root / ".git" / "worktrees" / "side"
    entry.mkdir(parents=True)
    (entry / "commondir").write_text("../..\n")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {entry}\n")
    assert remote_url(side) == "git@host.example:team/app.git"
    assert repository_root(side) == side


def test_submodules_have_their_own(tmp_path: Path) -> None:
    root = _repository(tmp_path / "app", CONFIG)
    own = root / ".git" / "modules" / "lib"
    own.mkdir(parents=True)
    (own / "config").write_text('[remote "origin"]\nurl = lib\n')
    (root / "lib").mkdir()
    (root / "lib" / ".git").write_text("gitdir: ../.git/modules/lib\n")
    assert remote_url(root / "lib") == "lib"


def test_a_broken_marker_is_no_repository_of_a_name(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert remote_url(tmp_path) is None


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_as_git_writes_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", "ssh://h/a b;c.git"], check=True)
    assert remote_url(tmp_path) == "ssh://h/a b;c.git"
