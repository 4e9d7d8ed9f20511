"""The proxy of the example: its configuration fits Envoy's schema, and its script finds the shards that servers have."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import luajit21

from router.crm.shards import shard_of
from router.serve.service import SERVICE
from router.yaml import load

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "examples" / "envoy" / "envoy.yaml").read_text()
SHARDS = 4
HEADERS = """
function(headers)
  function headers:get(name) return self[name] end
  return envoy_on_route({headers = function() return headers end})
end
"""
"""Calls the script as Envoy does."""


def config() -> Any:  # noqa: ANN401 - any JSON
    return json.loads(json.dumps(load(TEXT, "envoy.yaml").data))


def script_of(given: Any) -> Any:  # noqa: ANN401 - any JSON
    """The part of it that chooses a cluster."""
    manager = given["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    route = manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
    return route["inline_cluster_specifier_plugin"]["extension"]["typed_config"]


def found(given: Any) -> str:  # noqa: ANN401 - any JSON
    """What Envoy's schema finds wrong."""
    program = Path(__file__).with_name("envoy_schema.py")
    apart = {"PYTHONPATH": str(Path(sys.prefix) / "apart")}
    said = subprocess.run(
        [sys.executable, program], input=json.dumps(given), capture_output=True, text=True, check=True, env=apart
    )
    return said.stdout


@pytest.fixture(scope="module")
def lua() -> luajit21.LuaRuntime:
    runtime = luajit21.LuaRuntime(encoding="utf-8")
    runtime.execute(script_of(config())["source_code"]["inline_string"])
    return runtime


@pytest.fixture(scope="module")
def cluster(lua: luajit21.LuaRuntime) -> Callable[[dict[str, str]], str]:
    """The cluster that a call with some headers goes to."""
    call = lua.eval(HEADERS)
    return lambda headers: str(call(lua.table_from(headers)))


def test_the_configuration_is_one() -> None:
    assert found(config()) == ""


def test_a_mistake_in_the_configuration_is_found_inside_of_what_is_packed_too() -> None:
    wrong = config()
    wrong["static_resources"]["clusters"][0]["lb_polcy"] = "LEAST_REQUEST"
    assert 'has no field named "lb_polcy"' in found(wrong)
    wrong = config()
    script_of(wrong)["default_clutser"] = ""
    assert 'has no field named "default_clutser"' in found(wrong)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_the_script_finds_the_shard_that_servers_have(lua: luajit21.LuaRuntime, customer: str) -> None:
    assert lua.globals()["shard_of"](customer) == shard_of(customer, SHARDS)


@pytest.mark.parametrize(
    ("headers", "goes_to"),
    [
        ({"x-customer-id": "C1"}, "shard-3"),
        ({"x-customer-id": "C2"}, "shard-1"),
        ({"x-customer-id": "Zo%C3%AB"}, f"shard-{shard_of('Zoë', SHARDS)}"),
        ({"x-customer-id": "50%25"}, f"shard-{shard_of('50%', SHARDS)}"),
        ({"x-customer-id": "C1", "x-case-router-shard": "2"}, "shard-3"),
        ({"x-case-router-shard": "2"}, "shard-2"),
        ({}, "any"),
        ({"x-customer-id": ""}, "any"),
    ],
)
def test_a_call_goes_to_the_shard_of_its_customer(
    cluster: Callable[[dict[str, str]], str], headers: dict[str, str], goes_to: str
) -> None:
    assert cluster(headers) == goes_to


def test_there_is_a_cluster_for_each_shard_and_one_of_all() -> None:
    clusters = {each["name"]: each for each in config()["static_resources"]["clusters"]}
    assert list(clusters) == [*(f"shard-{n}" for n in range(SHARDS)), script_of(config())["default_cluster"]]
    endpoints = {name: each["load_assignment"]["endpoints"][0]["lb_endpoints"] for name, each in clusters.items()}
    assert endpoints["any"] == [endpoint for n in range(SHARDS) for endpoint in endpoints[f"shard-{n}"]]
    checks = [check["grpc_health_check"]["service_name"] for each in clusters.values() for check in each["health_checks"]]
    assert set(checks) == {SERVICE}
