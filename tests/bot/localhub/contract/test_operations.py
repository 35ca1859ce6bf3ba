"""The area files are valid, complete, and found by method and path."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from starlette.routing import Route

from bot.localhub.app import SERVICES
from bot.localhub.contract.notation import ContractError
from bot.localhub.contract.operations import FOLDER, contract, load

CONTRACT = contract()


def served() -> list[tuple[str, str]]:
    """Return the calls of the routing table, as COVERAGE.md lists them."""
    routes: list[Route] = [r for service in SERVICES for r in getattr(service, "ROUTES", ())]
    calls = [(m, route.path) for route in routes for m in route.methods or {"GET"} if m != "HEAD"]
    kinds = ("models", "datasets", "spaces")
    return [(m, p.replace("{repo_type:repo_type}", kind)) for m, p in calls for kind in kinds]


def filled(path: str) -> str:
    """Return a path of the routing table with something in place of its parameters."""
    known = {"status": "pending", "which": "run", "rest": "a/b", "path": "a/b"}
    return re.sub(r"{(\w+)(?::\w+)?}", lambda match: known.get(match[1], f"some-{match[1]}"), path)


def test_every_type_is_valid_json_schema() -> None:
    for operation in CONTRACT.operations:
        for node in (operation.body, *operation.answers.values(), *operation.query.values()):
            for closed in (True, False):
                if node is not None:
                    schema = CONTRACT.notation.schema(node, closed=closed)
                    jsonschema_rs.meta.validate(schema)
                    jsonschema_rs.Draft202012Validator(schema)
    assert len(CONTRACT.operations) > 150


def test_every_definition_is_used() -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml"))
    uses = {name: len(re.findall(rf"\b{name}\b", text)) for name in CONTRACT.definitions}
    assert {name for name, count in uses.items() if count < 2} == set()


def test_every_area_names_its_sources() -> None:
    assert all(CONTRACT.sources.values())
    text = json.dumps(CONTRACT.sources)
    assert "/.well-known/openapi.json" in text and "huggingface_hub" in text


def test_every_reason_is_a_reason() -> None:
    for operation in CONTRACT.operations:
        reasons = [operation.ours, operation.undocumented, *operation.deviations.values()]
        assert all(len(reason) > 10 for reason in reasons if reason), operation.name


def test_every_call_of_the_local_hub_is_in_the_contract_or_ours() -> None:
    missing = {
        f"{method} {path}"
        for method, path in served()
        if CONTRACT.find(method, filled(path)) is None
    }
    assert missing == set()


def test_what_is_ours_is_served() -> None:
    operations = {CONTRACT.find(method, filled(path)) for method, path in served()}
    ours = {operation for operation in CONTRACT.operations if operation.ours}
    assert {operation.name for operation in ours - operations} == set()


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/jobs/hardware", "GET /api/jobs/hardware"),
        ("GET", "/api/jobs/lab", "GET /api/jobs/{namespace}"),
        ("GET", "/api/jobs/lab/count", "GET /api/jobs/{namespace}/count"),
        ("GET", "/api/jobs/lab/1", "GET /api/jobs/{namespace}/{jobId}"),
        ("HEAD", "/api/models/a/b", "GET /api/{repoType}/{namespace}/{repo}"),
        (
            "GET",
            "/api/models/a/b/tree/refs%2Fpr%2F1/x/y",
            "GET /api/{repoType}/{namespace}/{repo}/tree/{rev}/{path*}",
        ),
        (
            "GET",
            "/datasets/a/b/resolve/main/x",
            "GET /datasets/{namespace}/{repo}/resolve/{rev}/{path*}",
        ),
        ("PUT", "/endpoints-api/v2/endpoint/a/b", "PUT /endpoint/{namespace}/{name}"),
        ("POST", "/api/settings/webhooks/1/enable", "POST /api/settings/webhooks/{webhookId}/{"),
    ],
)
def test_an_operation_is_found_by_method_and_path(method: str, path: str, name: str) -> None:
    operation = CONTRACT.find(method, path)
    assert operation is not None and operation.name.startswith(name)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nothing"),
        ("DELETE", "/api/jobs/hardware/x/y"),
        ("GET", "/api/kernels/a/b/refs"),
        ("POST", "/api/settings/webhooks/1/explode"),
        ("GET", "/api/models//b/refs"),
        ("GET", "/endpoint/lab"),
        ("BREW", "/api/whoami-v2"),
    ],
)
def test_what_the_hub_has_not_is_not_found(method: str, path: str) -> None:
    assert CONTRACT.find(method, path) is None


@pytest.mark.parametrize(
    ("area", "says"),
    [
        ({"operation": {}}, "a.yaml may only have the keys"),
        ({"operations": {"FETCH /x": {}}}, "'FETCH /x' is not a method and a path"),
        ({"operations": {"GET /x": {"answer": {}}}}, "GET /x has unknown keys: answer"),
        ({"definitions": {"Known": "string"}}, "defines Known again"),
        ({"operations": {"GET /known": {}}}, "has GET /known again"),
        ("- x", "may only have the keys"),
        ("{", "is not YAML"),
    ],
)
def test_a_broken_area_is_refused(tmp_path: Path, area: object, says: str) -> None:
    known = {"definitions": {"Known": "string"}, "operations": {"GET /known": {}}}
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(known), encoding="utf-8")
    text = area if isinstance(area, str) else yaml.safe_dump(area)
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        load(tmp_path)
