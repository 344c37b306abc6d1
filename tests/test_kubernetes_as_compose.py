"""Images, ports, variables, commands and secrets of the manifests are those of compose.yaml."""

import re
from typing import Any

import pytest
import yaml

from ops import credentials
from ops.deployment import PORTS, parse
from tests.conftest import ROOT
from tests.kubernetes_manifests import OVERLAYS, Container, container, containers, given, objects, templates

COUNTERPARTS = {  # (pod, container) -> the service of compose.yaml that is the same program
    ("api", "api"): "api",
    ("api", "follower"): "delivery",
    ("page", "page"): "page",
    ("mlflow", "mlflow"): "mlflow",
    ("features", "features"): "features",
    ("monitoring", "monitoring"): "monitor",
    ("publish", "publish"): "pipeline",
    ("training", "training"): "pipeline",
    ("store", "store"): "store",
    ("database", "database"): "database",
    ("counters", "counters"): "counters",
}
BEYOND = {  # variables that only the cluster, or only compose, gives a program, and why
    "follower": {"LASTRO_BUCKET", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"},  # compose writes them into the command
    "mlflow": {"MLFLOW_ARTIFACTS_DESTINATION"},  # in compose a folder of its volume, in the command
    "training": {"LASTRO_GIT_REMOTE", "LASTRO_GIT_BRANCH"},
    "database": {"POSTGRES_USER", "POSTGRES_DB"},  # its image's own first process needs rights that no pod here has
}
MORE_FILES = {  # what only the cluster's programs read
    "mlflow": {"MLFLOW_BACKEND_STORE_URI"},  # in compose SQLite, in the command
    "training": {"LASTRO_DATABASE_URL", "LASTRO_FEATURES_URL"},
}
OF_A_CLUSTER = {
    "LASTRO_TRUSTED_PROXIES",  # compose's own proxy has no place there
    "LASTRO_DRAIN_SECONDS",  # compose has no second API that would serve meanwhile
}
SAME_COMMAND = ("mlflow", "features", "store", "counters")
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
REFERENCE = re.compile(r"\$\((\w+)\)")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml, each variable with its default."""
    found: dict[str, Any] = yaml.load((ROOT / "compose.yaml").read_text(), yaml.CSafeLoader)["services"]
    return found


def default(value: object) -> str:
    """Return a word of compose.yaml as it is where nobody sets a variable."""
    return VARIABLE.sub(lambda found: found[2], str(value))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_composes_with_a_version_of_their_own(overlay: str, services: dict[str, Any]) -> None:
    for each in containers(overlay):
        place, _, tag = each.spec["image"].rpartition(":")
        assert tag not in ("", "latest")
        if service := COUNTERPARTS.get((each.pod, each.name)):
            named = default(services[service].get("image", f"lastro-{service}"))
            assert named == each.spec["image"] if ":" in named else named == place.rpartition("/")[2]


def same_programs() -> list[tuple[str, str]]:
    return [(each.pod, each.name) for each in containers("local") if (each.pod, each.name) in COUNTERPARTS]


def test_every_counterpart_is_there() -> None:
    assert set(same_programs()) == COUNTERPARTS.keys()


def test_variables_are_composes_with_the_same_values(services: dict[str, Any]) -> None:
    for pod, name in same_programs():
        here = container("local", pod, name).variables
        there = {key: default(value) for key, value in services[COUNTERPARTS[pod, name]].get("environment", {}).items()}
        beyond = BEYOND.get(name, set())
        assert here.keys() - beyond == there.keys() - beyond, name
        both = here.keys() & there.keys() - OF_A_CLUSTER
        assert {key: here[key] for key in both} == {key: there[key] for key in both}


def test_commands_are_composes(services: dict[str, Any]) -> None:
    for pod in SAME_COMMAND:
        service = services[COUNTERPARTS[pod, pod]]
        there = [*service.get("entrypoint", []), *service["command"]]
        here = container("local", pod, pod).command
        kept = [word for word in there if not word.startswith(("--backend-store-uri", "--artifacts-destination"))]
        assert [word for word in here if word not in ("python", "-m", "ops.enter")] == [
            word for word in kept if word not in ("python", "-m", "ops.enter")
        ], pod  # fmt: skip


def resolved(each: Container) -> list[str]:
    return [REFERENCE.sub(lambda found: str(each.variables[found[1]]), word) for word in each.command]


def test_follower_and_monitor_are_called_as_compose_calls_them(services: dict[str, Any]) -> None:
    follow, every = ([*map(default, services[name]["command"])] for name in ("delivery", "monitor"))
    assert resolved(container("local", "api", "follower")) == follow
    once = ["--once" if word == "--follow" else word for word in follow]
    assert resolved(container("local", "monitoring", "follower")) == once
    assert [*container("local", "monitoring", "monitoring").command, "--every"] == every


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ports_are_composes(overlay: str, services: dict[str, Any]) -> None:
    published = {name: {int(p.rpartition(":")[2]) for p in each.get("ports", [])} for name, each in services.items()}
    published |= {"database": {5432}, "counters": {6379}}
    for (kind, name), each in objects(overlay).items():
        if kind == "Service":
            assert {port["port"] for port in each["spec"]["ports"]} == published[name]
            (pod,) = templates(overlay)[name]["spec"]["containers"]
            opened = {port["name"]: port["containerPort"] for port in pod["ports"]}
            assert {opened[port["targetPort"]] for port in each["spec"]["ports"]} == published[name]
            assert templates(overlay)[name]["metadata"]["labels"].items() >= each["spec"]["selector"].items()
    example = parse(ROOT / ".env.example")
    assert {published[name] == {int(example[port])} for name, port in (("api", PORTS[3]), ("page", PORTS[4]))} == {True}


def test_program_finds_the_files_that_compose_gives_it() -> None:
    by_compose: dict[str, set[str]] = {}
    for path in credentials.files(credentials.new(), {}):
        by_compose.setdefault(path.partition("/")[0], set()).add(path.partition("/")[2])
    for pod, name in same_programs():
        secrets = container("local", pod, name).secrets().items()
        held = {key for secret, taken in secrets for key in (given().get(secret, {}) if taken is None else taken)}
        assert held == by_compose.get(COUNTERPARTS[pod, name], set()) | MORE_FILES.get(name, set()), name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_monitor_runs_as_often_as_its_setting_says(overlay: str) -> None:
    minutes = parse(ROOT / ".env.example")["LASTRO_MONITOR_MINUTES"]
    assert objects(overlay)["CronJob", "monitoring"]["spec"]["schedule"] == f"*/{minutes} * * * *"
    assert container(overlay, "monitoring", "monitoring").variables["LASTRO_MONITOR_MINUTES"] == minutes
