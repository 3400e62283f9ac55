"""What is generated from the operations tells the truth, and the smallest tool list stays small."""

from __future__ import annotations

import inspect
import json

import jsonschema
import mcp_types as types
import pytest

from steward.kit import op
from steward.surfaces import manifest, stub
from steward.surfaces.mcp import tools


def test_the_manifest_is_up_to_date() -> None:
    written = manifest.PATH.read_text("utf-8")
    assert written == manifest.render(manifest.build()), "run `python -m steward.surfaces.manifest`"


def test_the_stub_is_up_to_date() -> None:
    assert stub.PATH.read_text("utf-8") == stub.render(), "run `python -m steward.surfaces.stub`"


def test_the_core_profile_stays_small() -> None:
    core = tools.tools_of(op.Profile.CORE)
    assert 0 < len(core) <= tools.CORE_TOOLS
    assert tools.list_bytes(op.Profile.CORE) <= tools.CORE_BYTES


def test_profiles_grow() -> None:
    names = [
        set(tools.specs_of(profile)) for profile in (op.Profile.CORE, op.Profile.STANDARD, op.Profile.ALL)
    ]
    assert names[0] < names[1] < names[2]
    assert names[2] == {spec.tool for spec in op.operations()}


def test_the_standard_profile_has_nothing_that_destroys_or_administers() -> None:
    offered = tools.specs_of(op.Profile.STANDARD)
    assert [name for name, spec in offered.items() if spec.destructive or spec.secret] == []
    administrative = {
        f"accounts_{verb}" for verb in ("add_user", "update_user", "delete_user", "create_key", "list_keys")
    } | {"agents_update", "agents_deactivate", "projects_add_member", "projects_archive", "projects_restore"}
    assert administrative <= set(tools.specs_of(op.Profile.ALL))
    assert administrative & set(offered) == set()


@pytest.mark.parametrize("tool", tools.tools_of(op.Profile.ALL), ids=lambda tool: tool.name)
def test_a_tool_is_described_well(tool: types.Tool) -> None:
    jsonschema.Draft202012Validator.check_schema(tool.input_schema)
    jsonschema.Draft202012Validator.check_schema(tool.output_schema or {})
    assert tool.description
    assert tool.annotations is not None
    assert tool.annotations.open_world_hint is False
    spec = next(each for each in op.operations() if each.tool == tool.name)
    assert tool.annotations.read_only_hint is not spec.write
    text = json.dumps(tool.input_schema)
    assert '"title":' not in text.replace('"title": {', "")


@pytest.mark.parametrize("spec", op.operations(), ids=lambda spec: spec.name)
def test_an_operation_is_told_in_whole_words(spec: op.Operation) -> None:
    assert spec.summary.endswith(".")
    assert spec.summary[0].isupper()
    assert inspect.getdoc(spec.function)
    assert all(param.help for param in spec.params)
