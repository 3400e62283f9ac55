"""The key that a home keeps for its own browser and programs."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from steward.domains import accounts
from steward.kit import op
from steward.kit.config import Settings
from steward.kit.db import Actor, Database
from steward.operate.acting import ensure_key_file


def _user(database: Database) -> UUID:
    with database.transaction(Actor(role="admin"), operation="accounts.enter") as db:
        return accounts.principal_for_os_user(db, username="person").user_id


def _key(database: Database, home: Path) -> str:
    settings = Settings(home=home)
    key = ensure_key_file(database, settings, _user(database))
    assert settings.key_file.read_text("utf-8").strip() == key
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    return key


def _known(database: Database, key: str) -> bool:
    with database.transaction(Actor(), operation="accounts.identify") as db:
        return accounts.identify_key(db, key=key) is not None


def test_a_home_gets_a_key_once(database: Database, tmp_path: Path) -> None:
    first = _key(database, tmp_path)
    assert _known(database, first)
    assert _key(database, tmp_path) == first


def test_a_revoked_key_is_replaced(database: Database, tmp_path: Path) -> None:
    first = _key(database, tmp_path)
    owner = Actor(role="admin", user_id=_user(database))
    for key in op.run(database, op.operation("accounts.list_keys"), {}, actor=owner).items:
        op.run(database, op.operation("accounts.revoke_key"), {"key": str(key.id)}, actor=owner)
    second = _key(database, tmp_path)
    assert second != first
    assert _known(database, second)


def test_two_homes_of_one_database_leave_each_other_alone(database: Database, tmp_path: Path) -> None:
    here, there = _key(database, tmp_path / "here"), _key(database, tmp_path / "there")
    assert here != there
    assert _known(database, here)
    assert _known(database, there)
