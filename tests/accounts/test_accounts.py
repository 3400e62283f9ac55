"""Users, keys, links and sessions against a real server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.domains import accounts
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound, StaleVersion, Unauthenticated

pytestmark = pytest.mark.db


def call(database: Database, name: str, actor: Actor, /, request_key: str | None = None, **given: Any) -> Any:
    return op.run(database, op.operation(name), given, actor=actor, request_key=request_key)


@pytest.fixture
def admin(database: Database) -> Actor:
    with database.transaction(Actor(role="service")) as db:
        return accounts.principal_for_os_user(db, username="ada").actor(surface="test")


def identify(database: Database, key: str, *, read_only: bool = False) -> accounts.Principal | None:
    with database.transaction(Actor(role="service"), read_only=read_only) as db:
        return accounts.identify_key(db, key=key)


def owner(database: Database) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_conninfo(database.target.direct_conninfo, user="steward_owner"), autocommit=True
    )


def test_the_first_user_is_an_administrator_and_is_made_once(database: Database, admin: Actor) -> None:
    with database.transaction(Actor(role="service")) as db:
        again = accounts.principal_for_os_user(db, username="ADA")
    assert again.user_id == admin.user_id
    me = call(database, "accounts.whoami", admin)
    assert (me.username, me.role, me.surface, me.permissions) == ("ada", "admin", "test", ["*"])


def test_names_are_unique_whatever_their_case_and_free_after_deletion(
    database: Database, admin: Actor
) -> None:
    call(database, "accounts.add_user", admin, username="Bob", email="Bob@Example.com")
    with pytest.raises(Conflict):
        call(database, "accounts.add_user", admin, username="bob")
    with pytest.raises(Conflict):
        call(database, "accounts.add_user", admin, username="rob", email="bob@example.COM")
    call(database, "accounts.delete_user", admin, user="bob@example.com")
    with pytest.raises(NotFound):
        call(database, "accounts.get_user", admin, user="bob")
    assert call(database, "accounts.add_user", admin, username="bob", email="bob@example.com").version == 1


@pytest.mark.parametrize(
    "given", [{"username": ""}, {"username": "x" * 256}, {"username": "a", "email": "no"}]
)
def test_bad_users_are_refused(database: Database, admin: Actor, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        call(database, "accounts.add_user", admin, **given)


def test_update_keeps_what_is_not_given_clears_on_empty_and_knows_stale_versions(
    database: Database, admin: Actor
) -> None:
    made = call(database, "accounts.add_user", admin, username="bob", email="b@x.y", metadata={"a": 1})
    seen = call(database, "accounts.update_user", admin, user="bob", display_name="Bob", version=made.version)
    assert (seen.email, seen.display_name, seen.metadata, seen.version) == ("b@x.y", "Bob", {"a": 1}, 2)
    assert call(database, "accounts.update_user", admin, user="bob", email="").email is None
    with pytest.raises(StaleVersion, match="version 3, not 1"):
        call(database, "accounts.update_user", admin, user="bob", is_active=False, version=made.version)


def test_pages_hold_everybody_once(database: Database, admin: Actor) -> None:
    for n in range(7):
        call(database, "accounts.add_user", admin, username=f"U{n}")
    seen, cursor = [], None
    for _ in range(10):
        page = call(database, "accounts.list_users", admin, limit=3, cursor=cursor)
        seen += [user.username for user in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["ada", *(f"U{n}" for n in range(7))]
    for bad in ("x", "e30", "W10", "é"):
        with pytest.raises(Invalid, match="no cursor"):
            call(database, "accounts.list_users", admin, cursor=bad)
    with pytest.raises(Invalid, match="limit"):
        call(database, "accounts.list_users", admin, limit=0)


def test_nobody_decides_about_rights_above_their_own(database: Database, admin: Actor) -> None:
    manager = call(database, "accounts.add_user", admin, username="mia", role="manager")
    user = call(database, "accounts.add_user", admin, username="uli")
    as_manager = Actor(user_id=manager.id, role="manager")
    call(database, "accounts.update_user", as_manager, user="uli", display_name="Uli")
    for given in ({"user": "uli", "role": "admin"}, {"user": "ada", "is_active": False}):
        with pytest.raises(Denied):
            call(database, "accounts.update_user", as_manager, **given)
    with pytest.raises(Denied):
        call(database, "accounts.add_user", as_manager, username="eve", role="admin")
    with pytest.raises(Denied):
        call(database, "accounts.add_user", Actor(user_id=user.id, role="user"), username="eve")
    with pytest.raises(Denied):
        call(database, "accounts.create_key", as_manager, name="k", user="ada")


def test_the_last_administrator_stays(database: Database, admin: Actor) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        call(database, "accounts.update_user", admin, user="ada", role="user")
    call(database, "accounts.add_user", admin, username="bea", role="admin")
    assert call(database, "accounts.update_user", admin, user="ada", role="user").role == "user"


def test_two_administrators_cannot_step_down_at_once(database: Database, admin: Actor) -> None:
    call(database, "accounts.add_user", admin, username="bea", role="admin")
    step = "update accounts.users set role = 'user' where username = %s"
    with owner(database) as one, owner(database) as two:
        one.autocommit = two.autocommit = False
        one.execute(step, ("ada",))
        failures: list[str] = []

        def second() -> None:
            try:
                two.execute(step, ("bea",))
                two.commit()
            except psycopg.Error as exc:
                failures.append(exc.sqlstate or "")
                two.rollback()

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second must wait for the first"
        one.commit()
        thread.join(10)
        assert failures == ["ST409"]


def test_a_key_works_until_revoked_and_its_secret_is_nowhere(database: Database, admin: Actor) -> None:
    made = call(database, "accounts.create_key", admin, name="laptop", request_key="r1")
    who = identify(database, made.key)
    assert who is not None
    assert (who.user_name, who.role, who.agent) == ("ada", "admin", None)
    for wrong in ("", "stw_", made.key[:-1], made.key + "x", made.key_prefix, "stw_aaaaaaaa_" + "x" * 43):
        assert identify(database, wrong) is None
    with pytest.raises(Conflict, match="shown once"):
        call(database, "accounts.create_key", admin, name="laptop", request_key="r1")
    secret = made.key.rpartition("_")[2]
    with owner(database) as connection:
        found = connection.execute(
            "select count(*) from audit.audit_payloads where payload like '%%' || %s || '%%'"
            " or payload ~ 'key_hash\": \"[^*]'",
            (secret,),
        ).fetchone()
        kept = connection.execute("select result::text from kit.request_keys").fetchall()
    assert found == (0,)
    assert all(secret not in text for (text,) in kept)
    call(database, "accounts.revoke_key", admin, key=made.key_prefix)
    assert identify(database, made.key) is None


def test_a_key_dies_with_its_time_and_its_user(database: Database, admin: Actor) -> None:
    call(database, "accounts.add_user", admin, username="bob")
    one = call(database, "accounts.create_key", admin, name="k", user="bob", expires_in_days=1)
    two = call(database, "accounts.create_key", admin, name="k", user="bob")
    with owner(database) as connection:
        connection.execute("update accounts.api_keys set expires_at = now() where id = %s", (one.id,))
    assert identify(database, one.key) is None
    assert identify(database, two.key) is not None
    call(database, "accounts.update_user", admin, user="bob", is_active=False)
    assert identify(database, two.key) is None
    with pytest.raises(Invalid, match="may not log in"):
        call(database, "accounts.create_key", admin, name="k", user="bob")
    with pytest.raises(Invalid):
        call(database, "accounts.create_key", admin, name="k", expires_in_days=0)


def test_the_use_of_a_key_is_noted_once_a_minute_and_never_audited(database: Database, admin: Actor) -> None:
    made = call(database, "accounts.create_key", admin, name="k")
    assert identify(database, made.key, read_only=True) is not None
    assert call(database, "accounts.list_keys", admin).items[0].last_used_at is None
    identify(database, made.key)
    first = call(database, "accounts.list_keys", admin).items[0].last_used_at
    identify(database, made.key)
    assert first is not None
    assert first <= datetime.now(UTC)
    assert call(database, "accounts.list_keys", admin).items[0].last_used_at == first
    history = call(database, "audit.history", admin, resource=str(made.id))
    assert [change.event_action for change in history.items] == ["create"]


def test_an_agents_key_binds_and_never_exceeds_its_user(database: Database, admin: Actor) -> None:
    made = call(database, "accounts.create_key", admin, name="k", agent="codegen")
    who = identify(database, made.key)
    assert who is not None
    acting = who.actor(surface="test", agent="somebody-else")
    assert (acting.role, acting.agent, acting.agent_bound) == ("agent", "codegen", True)
    for name, given in (
        ("accounts.create_key", {"name": "more"}),
        ("accounts.add_user", {"username": "eve"}),
    ):
        with pytest.raises(Denied):
            call(database, name, acting, **given)
    with owner(database) as connection:
        connection.execute("delete from kit.permissions where role = 'admin'")
    weaker = identify(database, made.key)
    assert weaker is not None
    assert weaker.role == "readonly"


def test_everybody_sees_their_own_keys_only(database: Database, admin: Actor) -> None:
    bob = call(database, "accounts.add_user", admin, username="bob")
    call(database, "accounts.create_key", admin, name="hers")
    as_bob = Actor(user_id=bob.id, role="user")
    call(database, "accounts.create_key", as_bob, name="his")
    assert [key.name for key in call(database, "accounts.list_keys", as_bob).items] == ["his"]
    assert len(call(database, "accounts.list_keys", admin).items) == 2
    with pytest.raises(Denied):
        call(database, "accounts.list_keys", as_bob, user="ada")


def test_the_local_key_is_kept_while_good(database: Database, admin: Actor) -> None:
    assert admin.user_id is not None
    with database.transaction(Actor(role="service")) as db:
        first = accounts.ensure_local_key(db, user_id=admin.user_id, key=None)
        assert accounts.ensure_local_key(db, user_id=admin.user_id, key=first) == first
        second = accounts.ensure_local_key(db, user_id=admin.user_id, key="stw_lost")
    assert second != first
    assert identify(database, first) is None
    assert identify(database, second) is not None


def test_a_link_logs_in_once(database: Database, admin: Actor) -> None:
    assert admin.user_id is not None
    with database.transaction(Actor(role="service")) as db:
        link = accounts.create_login_link(db, user_id=admin.user_id)
        late = accounts.create_login_link(db, user_id=admin.user_id)
    with owner(database) as connection:
        connection.execute(
            "update accounts.login_sessions set link_expires_at = now() where link_hash = sha256(%s::bytea)",
            (late.encode(),),
        )
    with database.transaction(Actor(role="service")) as db:
        session = accounts.redeem_login_link(db, token=link, ip="127.0.0.1", user_agent="x" * 2000)
        who = accounts.identify_session(db, token=session)
        assert who is not None
        assert who.user_id == admin.user_id
        for used in (link, late, "nothing"):
            with pytest.raises(Unauthenticated):
                accounts.redeem_login_link(db, token=used)
        assert accounts.identify_session(db, token=link) is None
        accounts.end_session(db, token=session)
        assert accounts.identify_session(db, token=session) is None


def test_two_browsers_redeem_one_link_once(database: Database, admin: Actor) -> None:
    assert admin.user_id is not None
    with database.transaction(Actor(role="service")) as db:
        link = accounts.create_login_link(db, user_id=admin.user_id)
    seen: list[str] = []
    barrier = threading.Barrier(4)

    def redeem() -> None:
        with database.transaction(Actor(role="service")) as db:
            barrier.wait()
            try:
                seen.append(accounts.redeem_login_link(db, token=link))
            except Unauthenticated:
                seen.append("")

    threads = [threading.Thread(target=redeem) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([token for token in seen if token]) == 1


def test_deleting_a_user_ends_keys_and_sessions(database: Database, admin: Actor) -> None:
    bob = call(database, "accounts.add_user", admin, username="bob")
    key = call(database, "accounts.create_key", admin, name="k", user="bob").key
    with database.transaction(Actor(role="service")) as db:
        session = accounts.redeem_login_link(db, token=accounts.create_login_link(db, user_id=bob.id))
    call(database, "accounts.delete_user", admin, user="bob")
    assert identify(database, key) is None
    with database.transaction(Actor(role="service")) as db:
        assert accounts.identify_session(db, token=session) is None
        with pytest.raises(Denied):
            accounts.create_login_link(db, user_id=bob.id)
    with pytest.raises(Conflict):
        call(database, "accounts.delete_user", admin, user="ada")


def test_who_only_reads_sees_no_hash(database: Database) -> None:
    with owner(database) as connection:
        rows = connection.execute(
            "select attrelid::regclass::text, attname from pg_attribute"
            " where attrelid = any ('{accounts.users,accounts.api_keys,accounts.login_sessions}'::regclass[])"
            " and attname ~ 'hash' and has_column_privilege('steward_readonly', attrelid, attnum, 'select')"
        ).fetchall()
        agent = connection.execute(
            "select has_schema_privilege('steward_agent', 'accounts', 'usage')"
        ).fetchone()
    assert rows == []
    assert agent == (False,)
