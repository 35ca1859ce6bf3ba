"""The contract against made-up official documents."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from bot.localhub.contract import drift
from bot.localhub.contract.drift import DocumentError, additions, compare, read, run
from bot.localhub.contract.operations import Contract, contract, load

AREA = {
    "definitions": {
        "Name": {"type": "string", "maxLength": 9},
        "Pet": {
            "fields": {
                "name!": "Name",
                "kind!": {"enum": ["cat", "dog"]},
                "age": "integer | null",
                "tags": ["string"],
            }
        },
    },
    "operations": {
        "GET /api/{type:cats|dogs}/{name}": {"query": {"full": "boolean"}, "answers": {200: "Pet"}},
        "POST /api/pets": {"body": "Pet", "answers": {201: "Pet"}},
        "DELETE /api/pets/{name}": {},
        "GET /api/secret": {"undocumented": "only the client tells of it"},
        "GET /control": {"ours": "a call of the local Hub alone"},
    },
}
PET: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 9},
        "kind": {"anyOf": [{"const": "cat"}, {"const": "dog"}]},
        "age": {"type": ["integer", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "kind"],
    "additionalProperties": False,
}


def described(schema: Any) -> dict[str, Any]:
    """Return a body or answer of the document."""
    return {"content": {"application/json": {"schema": schema}}}


FULL = {"in": "query", "name": "full", "schema": {"type": "boolean"}}
ANIMAL = {"in": "path", "name": "animal", "schema": {"enum": ["cats", "dogs"]}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "components": {"schemas": {"Pet": PET}, "parameters": {"Full": FULL}},
    "paths": {
        "/api/{animal}/{id}": {
            "parameters": [ANIMAL],
            "get": {
                "parameters": [{"$ref": "#/components/parameters/Full"}],
                "responses": {"200": described({"$ref": "#/components/schemas/Pet"})},
            },
        },
        "/api/pets": {
            "post": {"requestBody": described(PET), "responses": {"201": described(PET)}}
        },
        "/api/pets/{id}": {"delete": {"responses": {"200": {"description": "gone"}}}},
    },
}


@pytest.fixture
def pets(tmp_path: Path) -> Contract:
    """A small contract, which `DOCUMENT` agrees with."""
    (tmp_path / "pets.yaml").write_text(yaml.safe_dump(AREA), encoding="utf-8")
    return load(tmp_path)


def changed(**change: Any) -> dict[str, Any]:
    """Return the document with other fields of the pet, wherever it is described."""
    document = copy.deepcopy(DOCUMENT)
    pet = {**PET, **change}
    document["components"]["schemas"]["Pet"] = pet
    post = document["paths"]["/api/pets"]["post"]
    post["requestBody"] = post["responses"]["201"] = described(pet)
    return document


def field(name: str, schema: Any) -> dict[str, Any]:
    """Return the document with another schema for a field; None leaves it out."""
    properties = {**PET["properties"], name: schema}
    return changed(properties={key: value for key, value in properties.items() if value})


def test_a_document_that_agrees_has_no_drift(pets: Contract) -> None:
    assert compare(DOCUMENT, pets) == []
    assert additions(DOCUMENT, pets) == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (field("tags", None), "tags: the document has no such field"),
        (
            field("age", {"type": "integer"}),
            "age: the document has integer, the contract integer, null",
        ),
        (field("kind", {"enum": ["cat", "dog", "owl"]}), "kind: the document also allows owl"),
        (field("kind", {"enum": ["cat"]}), "kind: the document does not allow dog"),
        (field("kind", {"type": "string"}), "kind: only one of the two lists the values"),
        (
            field("name", {"type": "string", "maxLength": 5}),
            "name: maxLength is 5 in the document, 9 in the contract",
        ),
        (
            field("name", {"type": "string", "maxLength": 9, "pattern": "^a"}),
            "name: pattern is ^a in the document, not set in the contract",
        ),
        (changed(required=["name"]), "kind: the document does not require it"),
        (changed(required=["name", "kind", "age"]), "age: the document requires it"),
        (changed(required=["name", "kind", "chip"]), "chip: the document requires it"),
    ],
)
def test_fields_that_differ_are_said_for_body_and_answer(
    pets: Contract, document: Any, says: str
) -> None:
    assert compare(document, pets) == [
        f"GET /api/{{type:cats|dogs}}/{{name}}: 200 {says}",
        f"POST /api/pets: body {says}",
        f"POST /api/pets: 201 {says}",
    ]


def test_a_missing_operation_is_said(pets: Contract) -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/api/pets"]
    assert compare(document, pets) == ["POST /api/pets: it is not in the document"]


def test_a_type_of_repo_that_is_missing_is_said(pets: Contract) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/api/cats/{id}"] = document["paths"].pop("/api/{animal}/{id}")
    name = "GET /api/{type:cats|dogs}/{name}"
    assert compare(document, pets) == [f"{name}: it is not in the document for /api/dogs/{{}}"]


def test_other_statuses_and_parameters_are_said(pets: Contract) -> None:
    document = copy.deepcopy(DOCUMENT)
    post = document["paths"]["/api/pets"]["post"]
    post["responses"] = {"200": post["responses"]["201"]}
    post["parameters"] = [{"in": "query", "name": "dry", "required": True}]
    document["components"]["parameters"]["Full"]["name"] = "expand"
    assert compare(document, pets) == [
        "GET /api/{type:cats|dogs}/{name}: query full: the document has no such parameter",
        "POST /api/pets: query dry: the document requires it",
        "POST /api/pets: 201: the document has 200",
    ]
    assert additions(document, pets) == ["GET /api/{type:cats|dogs}/{name}: query expand"]


def test_what_is_described_now_is_said(pets: Contract) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/api/secret"] = {"get": {}}
    document["paths"]["/api/pets/{id}"]["delete"] = {"responses": {"200": described(PET)}}
    assert compare(document, pets) == [
        "DELETE /api/pets/{name}: 200: the document describes an answer",
        "GET /api/secret: it is in the document now",
    ]


def test_what_is_not_described_any_more_is_said(pets: Contract) -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/api/pets"]["post"]["requestBody"]
    assert compare(document, pets) == ["POST /api/pets: body: the document does not describe it"]


def test_new_optional_fields_are_no_drift(pets: Contract) -> None:
    document = field("chip", {"type": "object", "properties": {"id": {}}})
    assert compare(document, pets) == []
    assert additions(document, pets) == [
        "GET /api/{type:cats|dogs}/{name}: 200 chip",
        "POST /api/pets: body chip",
        "POST /api/pets: 201 chip",
    ]


def test_a_known_deviation_is_no_drift_until_it_is_gone(tmp_path: Path) -> None:
    area = copy.deepcopy(AREA)
    area["operations"]["POST /api/pets"]["deviations"] = {"body kind": "seen on the real Hub"}  # type: ignore[index]
    (tmp_path / "pets.yaml").write_text(yaml.safe_dump(area), encoding="utf-8")
    pets = load(tmp_path)
    document = field("kind", {"enum": ["cat", "dog", "owl"]})
    assert not any("body kind" in line for line in compare(document, pets))
    assert compare(DOCUMENT, pets) == ["POST /api/pets: body kind: this deviation no longer exists"]


def test_each_document_is_compared_with_its_own_operations() -> None:
    pause = {"/v2/endpoint/{ns}/{name}": {"get": {"responses": {"200": described({})}}}}
    lines = compare({"openapi": "3.0.0", "paths": pause})
    endpoints = [op for op in contract().operations if op.document == "endpoints"]
    assert "POST /endpoint/{namespace}: it is not in the document" in lines
    assert not any(line.startswith("GET /endpoint/{namespace}/{name}:") for line in lines)
    assert len(lines) == len(endpoints) - 1
    assert any("/api/whoami-v2" in line for line in compare({"openapi": "3.1.0", "paths": {}}))


def test_run_writes_what_differs(pets: Contract, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(drift, "contract", lambda: pets)
    file = tmp_path / "document.json"
    for document, status, last in (
        (DOCUMENT, 0, "4 operations compared with {}: no differences."),
        (changed(required=["name"]), 1, "4 operations compared with {}: 3 differences."),
    ):
        file.write_text(json.dumps(document), encoding="utf-8")
        out = io.StringIO()
        assert run(str(file), out) == status
        assert out.getvalue().splitlines()[-1] == last.format(file)
    file.write_text(json.dumps(field("chip", {"type": "string"})), encoding="utf-8")
    out = io.StringIO()
    assert run(str(file), out) == 0
    assert "New in the document, and optional:\n  GET" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is not JSON"),
        ("[]", "is not an OpenAPI 3 document"),
        ('{"swagger": "2.0", "paths": {}}', "is not an OpenAPI 3 document"),
        ('{"openapi": "3.1.0"}', "is not an OpenAPI 3 document"),
    ],
)
def test_a_file_that_is_no_document_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "spec.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=says):
        read(str(file))


def test_a_document_is_read_from_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **_: Any) -> httpx2.Response:
        if url.endswith("/closed"):
            raise httpx2.ConnectError("connection refused")
        status = 503 if url.endswith("/broken") else 200
        return httpx2.Response(status, json=DOCUMENT, request=httpx2.Request("GET", url))

    monkeypatch.setattr(httpx2, "get", get)
    assert read("https://hub.test/openapi.json") == DOCUMENT
    with pytest.raises(DocumentError, match="https://hub.test/broken returned the status 503"):
        read("https://hub.test/broken")
    with pytest.raises(
        DocumentError, match="hub.test/closed cannot be reached .connection refused"
    ):
        read("https://hub.test/closed")
