"""Projects, their names and places against a real server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from steward.domains import accounts, projects
from steward.kit import op
from steward.kit.db import Actor, Database
from steward.kit.errors import Conflict, Denied, Invalid, NotFound, StaleVersion

pytestmark = pytest.mark.db


def call(database: Database, name: str, actor: Actor, /, request_key: str | None = None, **given: Any) -> Any:
    return op.run(database, op.operation(name), given, actor=actor, request_key=request_key)


def owner(database: Database) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_conninfo(database.target.direct_conninfo, user="steward_owner"), autocommit=True
    )


@pytest.fixture
def ada(database: Database) -> Actor:
    with database.transaction(Actor(role="service")) as db:
        return accounts.principal_for_os_user(db, username="ada").actor(surface="test")


def normalise(database: Database, url: str) -> str | None:
    with database.connection() as connection:
        row = connection.execute("select projects.normalise_remote(%s)", (url,)).fetchone()
    assert row is not None
    found: str | None = row[0]
    return found


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("git@github.com:Acme/App.git", "github.com/acme/app"),
        ("https://user:token@GitHub.com:443/acme/app/", "github.com/acme/app"),
        ("ssh://git@ssh.github.com:443/acme/app.git", "github.com/acme/app"),
        ("git+ssh://git@github.com/acme/app.git?x=1#y", "github.com/acme/app"),
        ("github.com/acme/app", "github.com/acme/app"),
        ("ssh://git@gitlab.example.org:2222/group/sub/app.git", "gitlab.example.org/group/sub/app"),
        ("gitlab.example.org:group/sub/app.git", "gitlab.example.org/group/sub/app"),
        ("https://gitlab.example.org/group//sub/app", "gitlab.example.org/group/sub/app"),
        ("ssh://git@[::1]:22/a/b.git", "[::1]/a/b"),
        ("[::1]:a/b", "[::1]/a/b"),
        ("git@ssh.dev.azure.com:v3/org/proj/repo", "dev.azure.com/org/proj/_git/repo"),
        ("https://org@dev.azure.com/org/proj/_git/repo", "dev.azure.com/org/proj/_git/repo"),
        ("ssh://git@bitbucket.example:7999/proj/repo.git", "bitbucket.example/proj/repo"),
        ("https://bitbucket.example/scm/PROJ/repo.git", "bitbucket.example/proj/repo"),
        ("user@host.example:/abs/path/r.git", "host.example/abs/path/r"),
        ("C:\\src\\app", None),
        ("C:/src/app", None),
        ("/srv/git/app.git", None),
        ("file:///srv/git/app.git", None),
        ("../app", None),
        ("https://host.example/", None),
        ("", None),
    ],
)
def test_a_repository_has_one_name_however_it_is_reached(
    database: Database, url: str, remote: str | None
) -> None:
    assert normalise(database, url) == remote


@pytest.mark.parametrize(
    ("name", "slug", "key"),
    [
        ("AI Engineering Platform", "ai-engineering-platform", "AEP"),
        ("moe_router", "moe_router", "MR"),
        ("Acme", "acme", "ACME"),
        ("x", "x", "XX"),
        ("Ünïcode Café", "unicode-cafe", "UC"),
        ("日本", "project", "PROJ"),
        ("a b c d e f g h i j k", "a-b-c-d-e-f-g-h-i-j-k", "ABCDEFGH"),
        ("--- v2.0 ---", "v2-0", "V0"),
    ],
)
def test_slug_and_key_are_made_from_the_name(
    database: Database, actor: Actor, name: str, slug: str, key: str
) -> None:
    made = call(database, "projects.add", actor, name=name)
    assert (made.slug, made.key) == (slug, key)


def test_made_names_get_a_suffix_and_given_ones_are_refused(database: Database, actor: Actor) -> None:
    made = [call(database, "projects.add", actor, name="Acme") for _ in range(3)]
    assert [one.slug for one in made] == ["acme", "acme-2", "acme-3"]
    assert [one.key for one in made] == ["ACME", "ACME2", "ACME3"]
    with pytest.raises(Conflict, match="slug acme is taken by project Acme"):
        call(database, "projects.add", actor, name="Other", slug="acme")
    with pytest.raises(Conflict, match="ACME"):
        call(database, "projects.add", actor, name="Other", key="acme")
    for bad in ({"slug": "no spaces"}, {"key": "A"}, {"key": "TOOLONGAKEY"}, {"slug": "-x"}):
        with pytest.raises(Invalid):
            call(database, "projects.add", actor, name="Other", **bad)


def test_one_slug_from_both_ends_is_given_once(database: Database) -> None:
    make = "select projects.create_project(p_name => 'Acme', p_slug => 'acme')"
    with owner(database) as one, owner(database) as two:
        one.autocommit = two.autocommit = False
        one.execute(make)
        outcome: list[str | None] = []

        def second() -> None:
            try:
                two.execute(make)
                outcome.append(None)
            except psycopg.Error as exc:
                outcome.append(exc.sqlstate)
            two.rollback()

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second must wait for the first"
        one.commit()
        thread.join(10)
    assert outcome == ["ST409"]


def test_one_name_from_many_ends_gives_as_many_projects(database: Database, actor: Actor) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: call(database, "projects.add", actor, name="Acme"), range(8)))
    assert len({one.slug for one in made}) == len({one.key for one in made}) == 8
    assert all(one.key.startswith("ACME") for one in made)


def test_ensure_makes_one_project_from_many_ends(database: Database, actor: Actor) -> None:
    def ensure(_: int) -> object:
        with database.transaction(actor) as db:
            return projects.ensure(db, slug="Task Master", name="Task Master")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure, range(8)))) == 1


def test_a_key_is_fixed_once_a_number_bears_it(database: Database, actor: Actor) -> None:
    made = call(database, "projects.add", actor, name="Acme")
    assert call(database, "projects.update", actor, project="acme", key="zz").key == "ZZ"
    with owner(database) as connection:
        connection.execute("select projects.take_numbers(%s, 1)", (made.id,))
    with pytest.raises(Conflict, match="keeps its key"):
        call(database, "projects.update", actor, project="acme", key="YY")
    assert call(database, "projects.update", actor, project="acme", name="New").key == "ZZ"


def test_a_key_does_not_change_beside_the_first_number(database: Database, actor: Actor) -> None:
    made = call(database, "projects.add", actor, name="Acme")
    with owner(database) as one:
        one.autocommit = False
        one.execute("select projects.take_numbers(%s, 1)", (made.id,))
        with ThreadPoolExecutor(1) as pool:
            change = pool.submit(call, database, "projects.update", actor, project="acme", key="ZZ")
            with pytest.raises(TimeoutError):
                change.result(0.3)
            one.commit()
            with pytest.raises(Conflict, match="keeps its key"):
                change.result(10)


def test_blocks_of_numbers_never_overlap(database: Database, actor: Actor) -> None:
    made = call(database, "projects.add", actor, name="Acme")

    def take(count: int) -> tuple[int, int]:
        with database.connection() as connection:
            row = connection.execute("select projects.take_numbers(%s, %s)", (made.id, count)).fetchone()
        assert row is not None
        return row[0], count

    with ThreadPoolExecutor(8) as pool:
        blocks = sorted(pool.map(take, [1, 3, 2, 5] * 25))
    seen = [number for first, count in blocks for number in range(first, first + count)]
    assert seen == list(range(1, 25 * 11 + 1))
    with database.connection() as connection:
        for arguments in ((made.id, 0), ("00000000-0000-0000-0000-000000000000", 1)):
            with pytest.raises(psycopg.Error) as failed:
                connection.execute("select projects.take_numbers(%s, %s)", arguments)
            assert failed.value.sqlstate in ("ST400", "ST404")


def test_a_project_is_found_by_all_it_is_called(database: Database, actor: Actor) -> None:
    made = call(
        database,
        "projects.add",
        actor,
        name="Acme App",
        path="/home/ada/acme/",
        repository_url="https://ada:secret@gitlab.example.org:8443/Group/Sub/App.git",
    )
    assert made.repository_url == "https://gitlab.example.org:8443/Group/Sub/App.git"
    assert (made.repository_owner, made.repository_name) == ("Group/Sub", "App")
    assert made.repository_provider == "gitlab"
    for ref in (
        str(made.id).upper(),
        "ACME-APP",
        "aa",
        "acme app",
        "git@gitlab.example.org:group/sub/app.git",
        "/home/ada/acme",
        "/home/ada/acme/src/deep",
        "group/sub/app",
        str(made.id)[:13],
    ):
        assert call(database, "projects.resolve", actor, ref=ref).id == made.id, ref
    for ref in (
        "/home/ada/acme2",
        "/home/ada",
        "https://other.example.org/group/sub/app",
        "acme-ap",
        "%",
        "'",
    ):
        with pytest.raises(NotFound):
            call(database, "projects.resolve", actor, ref=ref)
    with pytest.raises(NotFound) as failed:
        call(database, "projects.resolve", actor, ref="acme-ap")
    assert failed.value.hint == "did you mean acme-app?"


def test_no_password_of_an_address_is_kept(database: Database, actor: Actor) -> None:
    for n, url in enumerate(("https://hunter2@h.example/a/b1", "ssh://git:hunter2@h.example/a/b2")):
        made = call(database, "projects.add", actor, name=f"P{n}", repository_url=url)
        call(database, "projects.update", actor, project=str(made.id), repository_url=url + "x")
    with owner(database) as connection:
        row = connection.execute(
            "select count(*) from audit.audit_payloads where payload ~ 'hunter2'"
        ).fetchone()
        urls = connection.execute("select url from projects.project_remotes").fetchall()
    assert row == (0,)
    assert len(urls) == 4
    assert all("hunter2" not in url for (url,) in urls)


def test_the_deepest_folder_wins_and_workspaces_count(database: Database, actor: Actor) -> None:
    mono = call(
        database, "projects.add", actor, name="Mono", path="/src/mono", repository_url="h.example:a/mono"
    )
    part = call(
        database, "projects.add", actor, name="Part", path="/src/mono/part", repository_url="h.example:a/mono"
    )
    assert call(database, "projects.resolve", actor, ref="/src/mono/part/x").id == part.id
    assert call(database, "projects.resolve", actor, ref="/src/mono/partial").id == mono.id
    # The first project with a repository keeps the remote.
    assert call(database, "projects.resolve", actor, ref="https://h.example/a/mono").id == mono.id
    call(
        database,
        "projects.register_machine",
        actor,
        machine_id="m",
        hostname="h",
        username="u",
        os_type="linux",
    )
    call(
        database,
        "projects.register_workspace",
        actor,
        workspace_id="w",
        machine="m",
        path="/w/x/",
        project="part",
    )
    assert call(database, "projects.get", actor, project="/w/x/y").id == part.id
    assert call(database, "projects.resolve", actor, ref="/w/x").id == part.id


def test_a_shared_name_is_refused_with_the_slugs(database: Database, actor: Actor) -> None:
    call(database, "projects.add", actor, name="Same", slug="one")
    call(database, "projects.add", actor, name="Same", slug="two")
    with pytest.raises(Invalid) as failed:
        call(database, "projects.get", actor, project="same")
    assert failed.value.hint == "use a slug: two, one"


def test_the_project_in_hand_is_meant_when_none_is_given(database: Database, actor: Actor) -> None:
    made = call(database, "projects.add", actor, name="Acme")
    in_hand = Actor(role="admin", project="acme")
    assert call(database, "projects.get", in_hand).id == made.id
    with database.transaction(in_hand) as db:
        assert projects.resolve_id(db, None) == made.id
    with database.transaction(actor) as db:
        assert projects.resolve_id(db, None) is None
    with pytest.raises(Invalid, match="none is in hand"):
        call(database, "projects.get", actor)


def test_update_keeps_clears_and_knows_stale_versions(database: Database, actor: Actor) -> None:
    made = call(
        database,
        "projects.add",
        actor,
        name="Acme",
        description="d",
        technology_stack=["python"],
        settings={"a": 1},
    )
    seen = call(database, "projects.update", actor, project="acme", linear_team_id="L", version=made.version)
    assert (seen.description, seen.technology_stack, seen.settings) == ("d", ["python"], {"a": 1})
    seen = call(
        database,
        "projects.update",
        actor,
        project="acme",
        description="",
        technology_stack=[],
        status="paused",
    )
    assert (seen.description, seen.technology_stack, seen.status, seen.version) == (None, [], "paused", 3)
    with pytest.raises(StaleVersion):
        call(database, "projects.update", actor, project="acme", name="X", version=1)
    for status in ("archived", "deleted"):
        with pytest.raises(Invalid):
            call(database, "projects.update", actor, project="acme", status=status)


def test_delete_frees_the_names_and_restore_takes_them_back(database: Database, actor: Actor) -> None:
    url = "https://h.example/a/b"
    first = call(database, "projects.add", actor, name="Acme", repository_url=url)
    gone = call(database, "projects.delete", actor, project="acme")
    assert (gone.status, gone.deleted_at is not None) == ("deleted", True)
    with pytest.raises(NotFound):
        call(database, "projects.get", actor, project=url)
    assert call(database, "projects.restore", actor, project="acme").id == first.id
    assert call(database, "projects.get", actor, project=url).id == first.id
    call(database, "projects.delete", actor, project="acme")
    second = call(database, "projects.add", actor, name="Acme", repository_url=url)
    assert (second.slug, second.key) == ("acme", "ACME")
    assert call(database, "projects.resolve", actor, ref=url).id == second.id
    with pytest.raises(Conflict):
        call(database, "projects.restore", actor, project=str(first.id))
    archived = call(database, "projects.archive", actor, project="acme")
    assert archived.archived_at is not None
    again = call(database, "projects.archive", actor, project="acme")
    assert again.version == archived.version
    with pytest.raises(Conflict, match="archived"):
        call(database, "projects.update", actor, project="acme", status="active")
    assert call(database, "projects.restore", actor, project="acme").archived_at is None
    assert len(call(database, "projects.list", actor).items) == 1
    assert len(call(database, "projects.list", actor, deleted=True).items) == 2


def test_the_system_project_stays(database: Database, actor: Actor) -> None:
    for name in ("projects.delete", "projects.archive"):
        with pytest.raises(Conflict, match="system project"):
            call(database, name, actor, project="system")
    with pytest.raises(Conflict, match="system project"):
        call(database, "projects.update", actor, project="system", key="XY")
    assert call(database, "projects.list", actor).items == []


def test_lists_are_newest_first_and_filter(database: Database, ada: Actor) -> None:
    for n in range(5):
        call(database, "projects.add", ada, name=f"P{n}", description="odd" if n % 2 else "even")
    first = call(database, "projects.list", ada, limit=2)
    rest = call(database, "projects.list", ada, limit=5, cursor=first.next_cursor)
    assert [one.name for one in first.items + rest.items] == ["P4", "P3", "P2", "P1", "P0"]
    assert rest.next_cursor is None
    assert [one.name for one in call(database, "projects.list", ada, query="ODD").items] == ["P3", "P1"]
    assert len(call(database, "projects.list", ada, owner="ada", status="active").items) == 5


def test_members_come_and_go_and_the_owner_is_one(database: Database, ada: Actor) -> None:
    call(database, "accounts.add_user", ada, username="bob")
    call(database, "projects.add", ada, name="Acme")
    call(database, "projects.add_member", ada, project="acme", user="bob")
    changed = call(database, "projects.add_member", ada, project="acme", user="bob", role="maintainer")
    assert changed.role == "maintainer"
    members = call(database, "projects.list_members", ada, project="acme").items
    assert [(one.username, one.role) for one in members] == [("ada", "owner"), ("bob", "maintainer")]
    call(database, "projects.remove_member", ada, project="acme", user="bob")
    with pytest.raises(NotFound, match="no member"):
        call(database, "projects.remove_member", ada, project="acme", user="bob")


def test_workspaces_follow_and_the_tree_shows_them(database: Database, actor: Actor) -> None:
    call(database, "projects.add", actor, name="Acme", repository_url="https://github.com/Acme-Org/app")
    call(database, "projects.add", actor, name="Beta", path="/beta")
    machine = {"machine_id": "m-1", "hostname": "box", "username": "ada", "os_type": "linux"}
    first = call(database, "projects.register_machine", actor, **machine, metadata={"a": 1})
    again = call(
        database, "projects.register_machine", actor, **machine, machine_type="ci", metadata={"b": 2}
    )
    assert (again.id, again.machine_type, again.metadata) == (first.id, "ci", {"a": 1, "b": 2})
    place = {"workspace_id": "w-1", "machine": "m-1", "project": "acme"}
    call(database, "projects.register_workspace", actor, **place, path="/acme", branch="main")
    tree = call(database, "projects.hierarchy", actor, project="acme")
    assert tree.organisation == "Acme-Org"
    assert [(b.machine.hostname, [w.workspace_path for w in b.workspaces]) for b in tree.machines] == [
        ("box", ["/acme"])
    ]
    moved = call(
        database,
        "projects.register_workspace",
        actor,
        workspace_id="w-1",
        machine=str(first.id),
        path="/beta/sub",
    )
    assert (moved.branch, moved.workspace_path) == ("main", "/beta/sub")
    assert call(database, "projects.hierarchy", actor, project="acme").machines == []
    assert len(call(database, "projects.list_workspaces", actor, project="beta").items) == 1
    assert len(call(database, "projects.list_machines", actor, project="beta").items) == 1
    assert call(database, "projects.list_machines", actor, project="acme").items == []
    with pytest.raises(NotFound, match="machine"):
        call(database, "projects.register_workspace", actor, workspace_id="w", machine="no", path="/beta/x")


def test_being_seen_again_is_no_change(database: Database, actor: Actor) -> None:
    machine = {"machine_id": "m-1", "hostname": "box", "username": "ada", "os_type": "linux"}
    made = call(database, "projects.register_machine", actor, **machine)
    seen = call(database, "projects.register_machine", actor, **machine)
    assert seen.last_seen_at > made.last_seen_at
    history = call(database, "audit.history", actor, resource=str(made.id))
    assert [change.event_action for change in history.items] == ["create"]


def test_who_may_only_read_changes_nothing(database: Database) -> None:
    for role in ("agent", "readonly"):
        with pytest.raises(Denied):
            call(database, "projects.add", Actor(role=role), name="X")


def test_the_summary_speaks_the_words_of_others(database: Database, ada: Actor) -> None:
    call(
        database,
        "projects.add",
        ada,
        name="Acme",
        repository_url="https://github.com/Acme/App",
        settings={"a": 1},
    )
    with database.connection() as connection:
        row = connection.execute(
            "select full_name, organisation, repo_url, config, members, last_number"
            " from projects.project_summary where slug = 'acme'"
        ).fetchone()
    assert row == ("Acme/App", "Acme", "https://github.com/Acme/App", {"a": 1}, 1, 0)
