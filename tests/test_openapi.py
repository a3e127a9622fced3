"""The description of the API is reviewed before it changes (R74)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it has no stubs
import pytest

from app.main import create_app
from app.openapi import document_text
from tests.http_support import make_settings

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "docs" / "openapi.json"
REFRESH = "python -m app.openapi > docs/openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(document_text(create_app(make_settings())))
    return described


def test_the_committed_description_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    """R74: read the difference. Only additions may pass; then refresh the file."""
    committed = json.loads(COMMITTED.read_text())

    changed = sorted(_differences(committed, document))

    assert not changed, "The API has changed:\n  " + "\n  ".join(changed[:20]) + f"\nIf this is meant: {REFRESH}"


def _differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Where two documents differ, deepest place first named."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone = [f"removed {at}/{name}" for name in before.keys() - after.keys()]
        come = [f"added {at}/{name}" for name in after.keys() - before.keys()]
        both = [_differences(before[name], after[name], f"{at}/{name}") for name in before.keys() & after.keys()]
        return gone + come + [each for several in both for each in several]
    return [] if before == after else [f"changed {at}"]


def test_the_command_prints_the_description_without_any_settings() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "app.openapi"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert printed.stdout == document_text(create_app(make_settings()))


def test_every_operation_shows_an_example_of_what_it_answers(document: dict[str, Any]) -> None:
    """An answer that is no JSON needs none; a list shows its rows."""
    bare = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        if status < "3"
        if "application/json" in answer.get("content", {})
        and not _has_example(answer["content"]["application/json"], document)
    ]

    assert bare == []


def _has_example(content: dict[str, Any], document: dict[str, Any]) -> bool:
    if "example" in content or "examples" in content:
        return True
    schema = _resolved(content.get("schema", {}), document)
    if schema.get("type") == "string" or "examples" in schema:
        return True
    rows = [field["items"] for field in schema.get("properties", {}).values() if "items" in field]
    return any("examples" in _resolved(each, document) for each in rows)


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return schema if reference is None else document["components"]["schemas"][reference.rsplit("/", 1)[1]]


def test_every_example_of_a_schema_is_one(document: dict[str, Any]) -> None:
    """An example that a schema refuses misleads whoever copies it."""
    wrong = {}
    for name, schema in document["components"]["schemas"].items():
        whole = {**schema, "components": document["components"]}
        validator = jsonschema.Draft202012Validator(whole)
        faults = [fault.message for example in schema.get("examples", []) for fault in validator.iter_errors(example)]
        if faults:
            wrong[name] = faults

    assert wrong == {}


def test_every_body_that_is_taken_has_an_example(document: dict[str, Any]) -> None:
    bare = []
    for operation in operations_of(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            kinds = [content["schema"], *content["schema"].get("anyOf", [])]
            if "examples" not in content and not any("examples" in _resolved(kind, document) for kind in kinds):
                bare.append(operation["operationId"])

    assert bare == []


def test_every_refusal_has_an_example_by_its_code_that_is_a_problem(document: dict[str, Any]) -> None:
    problem = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    validator = jsonschema.Draft202012Validator(problem)
    for operation in operations_of(document):
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        for status, answer in refusals.items():
            content = answer.get("content", {})
            if "application/problem+json" not in content:
                assert content.keys() <= {"text/html", "application/json"}  # a landing's page, a probe's answer
                continue
            examples = content["application/problem+json"]["examples"]
            assert examples, operation["operationId"]
            for code, example in examples.items():
                assert list(validator.iter_errors(example["value"])) == []
                assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)
                assert f"`{code}`" in answer["description"]


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for operations in document["paths"].values() for operation in operations.values()]


def test_every_refusal_of_a_caller_is_described(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "security" in operation:
                assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), path
