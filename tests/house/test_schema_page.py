"""schema.sql is what pg_dump tells of a fresh database; `make schema` writes it anew."""

from __future__ import annotations

import os

import pytest

from steward.operate.tools import dump_schema
from tests.house.sources import ROOT
from tests.servers import Server

PAGE = ROOT / "schema.sql"
WRITE = "STEWARD_WRITE_SCHEMA"


def test_schema_page_is_current(server: Server, template: str) -> None:
    with server.superuser(template) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("the page is written by PostgreSQL 18; other majors render it differently")
        rows = connection.execute("select name from kit.registered_objects").fetchall()
    text = dump_schema(
        server.bin_dir / "pg_dump", server.conninfo(template, "postgres"), [row[0] for row in rows]
    )
    if os.environ.get(WRITE):
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text, "schema.sql is stale: run `make schema`"


def test_schema_page_tells_nothing_of_who_wrote_it() -> None:
    text = PAGE.read_text("utf-8")
    assert "restrict" not in [
        line.split(" ")[0].lstrip("\\") for line in text.splitlines() if line.startswith("\\")
    ]
    assert "Dumped" not in text
    assert "SET statement_timeout" not in text
