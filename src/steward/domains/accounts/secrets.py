"""Keys and tokens: random text that is shown once, and the hash by which it is known again.

The texts hold 256 random bits, so one round of SHA-256 keeps them as safe as a slow hash would; what people choose
(passwords) needs the slow one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string

_KEY = re.compile(r"(?P<prefix>stw_[A-Za-z0-9]{8})_[A-Za-z0-9_-]{43}")
_LETTERS = string.ascii_lowercase + string.digits


def new_key() -> tuple[str, str]:
    """Return a new key, such as `stw_3f9k2m1x_…`, and its prefix, by which people tell keys apart."""
    prefix = "stw_" + "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{prefix}_{secrets.token_urlsafe(32)}", prefix


def prefix_of(key: str) -> str | None:
    """Return the prefix of a key, None when the text has not the shape of one."""
    found = _KEY.fullmatch(key)
    return found["prefix"] if found else None


def new_token() -> str:
    """Return a new token for a link or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return the hash under which a key or token is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
