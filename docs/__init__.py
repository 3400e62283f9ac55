"""The documentation; `python -m docs.generate` writes the part of it that follows from the code."""

from __future__ import annotations
