"""The key that a home keeps for its own browser and programs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from steward.domains import accounts
from steward.kit import op
from steward.kit.config import Settings
from steward.kit.db import Actor, Database
from steward.operate.acting import actor_for_cli, ensure_key_file


def ensure_key(database: Database, settings: Settings) -> None:
    """Keep a key of whoever runs this."""
    user_id = actor_for_cli(database, settings).user_id
    assert user_id is not None
    ensure_key_file(database, settings, user_id)


def _known(database: Database, key: str) -> bool:
    with database.transaction(Actor(), operation="accounts.identify") as db:
        return accounts.identify_key(db, key=key) is not None


def test_a_home_gets_a_key_once(database: Database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    ensure_key(database, settings)
    first = settings.key_file.read_text("utf-8")
    assert _known(database, first.strip())
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    ensure_key(database, settings)
    assert settings.key_file.read_text("utf-8") == first


def test_a_revoked_key_is_replaced(database: Database, tmp_path: Path, actor: Actor) -> None:
    settings = Settings(home=tmp_path)
    ensure_key(database, settings)
    first = settings.key_file.read_text("utf-8")
    with database.transaction(Actor(), operation="accounts.identify") as db:
        owner = accounts.identify_key(db, key=first.strip())
    assert owner is not None
    owning = dataclasses.replace(actor, user_id=owner.user_id)
    made = op.run(database, op.operation("accounts.list_keys"), {}, actor=owning)
    for key in getattr(made, "items", made):
        op.run(database, op.operation("accounts.revoke_key"), {"key": str(key.id)}, actor=owning)
    ensure_key(database, settings)
    assert settings.key_file.read_text("utf-8") != first


def test_two_homes_of_one_database_leave_each_other_alone(database: Database, tmp_path: Path) -> None:
    here, there = Settings(home=tmp_path / "here"), Settings(home=tmp_path / "there")
    ensure_key(database, here)
    ensure_key(database, there)
    assert _known(database, here.key_file.read_text("utf-8").strip())
    assert _known(database, there.key_file.read_text("utf-8").strip())
