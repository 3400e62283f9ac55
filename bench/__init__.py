"""Measures what was promised: each figure beside its limit and beside what the machine does at least.

`python -m bench skeleton` prints a table and keeps the same as JSON in `bench/results/`. A suite is a module here
with `LINES`: small functions that take a `Bench` and give figures. Nothing here is a test: machines differ, and a slow
one is not a wrong one. What must hold everywhere stands in `tests/`.
"""

from __future__ import annotations
