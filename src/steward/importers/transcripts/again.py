"""Work in one transaction, done again when the database took it back because of another one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from steward.kit.db import Db, collided, translated
from steward.kit.errors import StewardError

T = TypeVar("T")
_ATTEMPTS = 5


def in_transaction(begin: Callable[[], AbstractContextManager[Db]], work: Callable[[Db], T]) -> T:
    """Return what work does in one transaction; it may be called more than once.

    Args:
        begin: opens the transaction.
        work: what is done in it.

    Raises:
        StewardError: the database refuses it, is away, or takes it back again and again.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with translated(), begin() as db:
                return work(db)
        except StewardError as error:
            if attempt == _ATTEMPTS or not collided(error):
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable")
