"""What whoever deploys relies on: alerts over metrics that exist, manifests over settings that exist."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics.instruments import REGISTRY
from app.metrics.server import serve_metrics
from app.resources import open_resources
from tests.http_support import make_settings
from tests.test_documentation import fields

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text()))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
OWN_IMAGE = "caixahub-banking"
SETTINGS = dict(fields())
REQUIRED = {name for name, default in SETTINGS.items() if default == "required"}


def exposed() -> dict[str, set[str]]:
    """Every name that /metrics may show, with the labels it has."""
    names: dict[str, set[str]] = {}
    for collector, told in REGISTRY._collector_to_names.items():
        labels = set(getattr(collector, "_labelnames", ()))
        for name in told:
            extra = {"le"} if name.endswith("_bucket") else {"process", "version"} if name.endswith("_info") else set()
            names[name] = labels | extra
    return names


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics that an expression reads, each with the labels it selects by."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    for name, inside in re.findall(r"\b((?:banking|process|python)_\w+)(?:\{([^}]*)\})?", bare):
        yield name, set(re.findall(r"(\w+)\s*[!=]", inside))


def anchors(text: str) -> set[str]:
    """The anchors of a text's headings, as the forge makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_reads_metrics_that_exist_by_labels_they_have(rule: dict[str, Any]) -> None:
    read = list(selectors(rule["expr"]))

    assert read
    assert [name for name, _ in read if name not in exposed()] == []
    assert [(name, labels) for name, labels in read if not labels <= exposed()[name]] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_its_page_of_the_runbook(rule: dict[str, Any]) -> None:
    path, _, anchor = rule["annotations"]["runbook"].partition("#")

    assert anchor in anchors((ROOT / path).read_text())
    assert rule["annotations"]["summary"].endswith(".") or "}}" in rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket", "info"}


def test_no_two_alerts_share_a_name_and_brackets_are_closed() -> None:
    names = [rule["alert"] for rule in RULES]

    assert len(set(names)) == len(names)
    for rule in RULES:
        assert [rule["expr"].count(sign) for sign in "({["] == [rule["expr"].count(sign) for sign in ")}]"]


def containers() -> dict[str, dict[str, Any]]:
    """Every container of the manifest by name."""
    pods = [each["spec"]["template"]["spec"] for each in MANIFESTS if "template" in each.get("spec", {})]
    return {container["name"]: container for pod in pods for container in pod["containers"]}


def given(container: dict[str, Any]) -> set[str]:
    """The names of the environment that a container gets."""
    (shared,) = [each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap"]
    return {each["name"] for each in container["env"]} | (set(shared) if "envFrom" in container else set())


def test_the_manifest_has_api_worker_and_migrations() -> None:
    assert set(containers()) == {"api", "worker", "migrations"}
    assert containers()["worker"]["command"] == ["python", "-m", "worker"]
    assert containers()["migrations"]["command"] == ["alembic", "upgrade", "head"]


@pytest.mark.parametrize("name", ["api", "worker", "migrations"])
def test_every_name_in_the_manifest_is_a_setting_and_secrets_come_by_reference(name: str) -> None:
    container = containers()[name]

    assert given(container) <= set(SETTINGS)
    assert all("secretKeyRef" in each["valueFrom"] for each in container["env"])
    if name != "migrations":
        assert REQUIRED - given(container) == set()


def test_the_shared_settings_of_the_manifest_hold_no_secret_and_are_good_for_production() -> None:
    (shared,) = [each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap"]
    secret = {"database_url": "postgresql://banking_app:x@postgres/banking", "pluggy_webhook_secret": "0" * 32}

    settings = make_settings(**{name.lower(): value for name, value in shared.items()}, **secret)

    assert settings.is_production
    assert [name for name in shared if re.search("SECRET|KEYS|PASSWORD", name)] == []
    assert re.search(r"://[^/@]*:[^/@]*@", str(shared)) is None


def test_the_manifest_probes_what_is_served_and_keeps_the_internal_port_inside() -> None:
    """R71, R75"""
    api, worker = containers()["api"], containers()["worker"]

    assert (api["livenessProbe"]["httpGet"]["path"], api["readinessProbe"]["httpGet"]["path"]) == (
        "/healthz",
        "/readyz",
    )
    assert worker["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "internal"}
    (service,) = [each for each in MANIFESTS if each["kind"] == "Service"]
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
    for container in containers().values():
        context = container["securityContext"]
        assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
        assert context["capabilities"] == {"drop": ["ALL"]}


def test_the_composed_services_depend_on_services_that_are_there() -> None:
    services = COMPOSE["services"]

    for name, service in services.items():
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in services, name
            if condition["condition"] == "service_healthy":
                checked = services[needed].get("healthcheck", {})
                assert "test" in checked or services[needed]["image"] == OWN_IMAGE  # which checks itself
    mounted = [mount.split(":")[0] for service in services.values() for mount in service.get("volumes", ())]
    assert [path for path in mounted if path.startswith("./") and not (ROOT / "deploy" / path).exists()] == []
    assert {path for path in mounted if not path.startswith("./")} == set(COMPOSE["volumes"])


def test_our_image_is_built_once_and_fetched_from_nowhere() -> None:
    """Two services that build one name side by side make `up --build` fail with "already exists"."""
    ours = {name: each for name, each in COMPOSE["services"].items() if each["image"] == OWN_IMAGE}

    assert ours.keys() == {"migrations", "api", "worker"}
    assert [name for name, each in ours.items() if "build" in each] == ["migrations"]
    assert {each.get("pull_policy") for name, each in ours.items() if name != "migrations"} == {"never"}


def test_the_proxy_leads_to_the_port_that_the_image_serves() -> None:
    caddyfile, dockerfile = (ROOT / "deploy/Caddyfile").read_text(), (ROOT / "Dockerfile").read_text()
    (name,), (port,) = re.findall(r"name (\w+)", caddyfile), re.findall(r"port (\d+)", caddyfile)

    assert COMPOSE["services"][name]["image"] == OWN_IMAGE
    assert f"EXPOSE {port}" in dockerfile
    assert f'"--port", "{port}"' in dockerfile


def test_nothing_of_the_composition_is_reached_from_outside_but_the_proxy() -> None:
    """R71: /metrics stays inside."""
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["caddy"]


async def test_the_composed_worker_is_checked_on_its_internal_port() -> None:
    """R71: the check of the composition, run as it stands, against a process that serves and one that does not."""
    command = COMPOSE["services"]["worker"]["healthcheck"]["test"][1:]

    async def check(port: int) -> int | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command[1:], env={"INTERNAL_PORT": str(port)}, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    async with open_resources(make_settings(internal_port=0), statement_ms=1000) as resources:
        async with serve_metrics(resources, process="worker") as port:
            assert port is not None
            alive = await check(port)
        gone = await check(port)

    assert (alive, gone) == (0, 1)
