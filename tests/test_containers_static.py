"""What can be said of images, dev container and workflows without an engine: linters, schemas, versions that agree

Left out, for no registry of Python has it: actionlint (the workflow itself runs it) and the dev container's own schema
(what it says of the properties used here is written down below).
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import go_program, minio
from ops.deployment import PORTS, parse
from src.api.settings import Settings
from src.lake.settings import Settings as Lake
from src.monitoring.settings import Settings as Monitoring
from tests.conftest import ROOT, project_files
from tests.ops.test_kernel import NEEDED
from tests.test_architecture import closure

BIN = Path(sys.executable).parent
FILES = sorted(project_files())
SHELL = re.compile(r"#!(/usr)?/bin/(env )?(sh|bash)\b|# shellcheck shell=", re.ASCII)
COMMAND = (str, list, dict)
PROPERTIES = {  # of a dev container made by compose: property -> its type, as https://containers.dev says
    "name": str,
    "dockerComposeFile": (str, list),
    "service": str,
    "workspaceFolder": str,
    "remoteUser": str,
    "shutdownAction": str,
    "hostRequirements": dict,
    "forwardPorts": list,
    "portsAttributes": dict,
    "otherPortsAttributes": dict,
    "customizations": dict,
    "initializeCommand": COMMAND,
    "postCreateCommand": COMMAND,
    "postStartCommand": COMMAND,
}
EXTENSIONS = {
    "ms-python.python",
    "ms-python.vscode-pylance",
    "charliermarsh.ruff",
    "ms-toolsai.jupyter",
    "iterative.dvc",
    "redhat.vscode-yaml",
    "ms-azuretools.vscode-docker",
}


def fitting(pattern: str) -> list[str]:
    return [name for name in FILES if re.fullmatch(pattern, name)]


def is_shell(name: str) -> bool:
    try:
        head = (ROOT / name).read_text(encoding="utf-8")[:400]
    except UnicodeDecodeError:
        return False
    return name.endswith(".sh") or (not name.endswith((".py", ".md")) and SHELL.search(head) is not None)


def refused(program: str, *arguments: str, said: str | None = None) -> str:
    """Return what a linter finds fault with."""
    command = [str(BIN / program), *arguments]
    done = subprocess.run(command, cwd=ROOT, input=said, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def devcontainer() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    return found


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


IMAGES = {  # a stage of Dockerfile -> the programs that run in it
    "serving": ["src/api/main.py", "src/serving/score.py"],  # the second: what replay calls
    "serving-follow": ["src/api/main.py", "src/serving/score.py"],
    "delivery": ["src/lineage/delivery.py"],
    "page": ["src/frontend/app.py"],
    "batch": ["src/batch/__main__.py"],
}
WHOLE = {"delivery", "batch"}  # hold the room of serving as a whole, as the API does: all are built on one stage
MIGRATIONS = "src/journal/migrations/"  # found by their place, not by an import
SECRETS = {
    "LASTRO_API_KEYS",
    "LASTRO_USERS",
    "LASTRO_TOKEN_KEYS",
    "LASTRO_DATABASE_URL",
    "LASTRO_FEATURES_URL",
}  # files that ops.credentials writes
SET_OTHERWISE = {*SECRETS, "LASTRO_STATE"}  # the last is the image's
COMMAND_OF_THE_MONITOR = ["-m", "src.monitoring", "run", "--every"]
DEFAULT = re.compile(r"\$\{(LASTRO_\w+|\w+_PORT):-([^}]*)\}")
WORKFLOWS = fitting(r"\.github/workflows/.*\.ya?ml")
DOCKERFILES = fitting(r"(.*/)?(.*\.)?Dockerfile")
COMPOSE = fitting(r"(.*/)?compose(\..*)?\.ya?ml")
SCRIPTS = [name for name in FILES if is_shell(name)]


def test_there_is_something_to_check() -> None:
    assert {".devcontainer/Dockerfile", ".devcontainer/minio.Dockerfile"} <= set(DOCKERFILES)
    assert {"activate", ".ci/run", ".devcontainer/initialize.sh", ".devcontainer/minio.sh"} <= set(SCRIPTS)
    assert ".devcontainer/compose.yaml" in COMPOSE
    assert WORKFLOWS


@pytest.mark.parametrize("name", DOCKERFILES)
def test_dockerfile_has_no_fault(name: str) -> None:
    assert refused("hadolint", "--no-color", name) == ""


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_script_has_no_fault(name: str) -> None:
    assert refused("shellcheck", name) == ""


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_file_fits_the_specification(name: str) -> None:
    assert refused("check-jsonschema", "--builtin-schema", "vendor.compose-spec", name) == ""


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_publishes_to_this_machine_alone_unless_https_is_opened(name: str) -> None:
    for service, about in yaml.safe_load((ROOT / name).read_text())["services"].items():
        here = "${LASTRO_HTTPS_ADDRESS:-127.0.0.1}:" if service == "https" else "127.0.0.1:"
        assert [port for port in about.get("ports", []) if not str(port).startswith(here)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_fits_its_schema(name: str) -> None:
    assert refused("check-jsonschema", "--builtin-schema", "vendor.github-workflows", name) == ""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_shell_of_a_workflow_has_no_fault(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        for step in (step for step in job["steps"] if "run" in step):
            assert "${{" not in step["run"], "a value of the event belongs into env, not into the script"
            variables = "".join(f"export {name}=x\n" for name in step.get("env", {}))
            assert refused("shellcheck", "--shell=bash", "-", said=variables + step["run"]) == ""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_commit_with_their_version_beside(name: str) -> None:
    uses = re.findall(r"uses: (.*)", (ROOT / name).read_text())
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v[\d.]+", use)] == []
    assert len({use.partition("@")[0] for use in uses}) == len(set(uses)), "one version of each"


def test_tests_run_on_every_python_that_is_promised() -> None:
    versions = workflow(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]


def test_dev_container_has_properties_that_exist_of_their_types() -> None:
    found = devcontainer()
    assert {name for name in found if name not in PROPERTIES} == set()
    assert [name for name, value in found.items() if not isinstance(value, PROPERTIES[name])] == []
    assert set(found["hostRequirements"]) == {"cpus", "memory", "storage"}
    assert re.fullmatch(r"\d+gb", found["hostRequirements"]["memory"])
    assert found["shutdownAction"] == "stopCompose"


def test_dev_container_names_a_service_that_mounts_its_workspace() -> None:
    found = devcontainer()
    compose = yaml.safe_load((ROOT / ".devcontainer" / found["dockerComposeFile"]).read_text())
    service = compose["services"][found["service"]]
    assert f"..:{found['workspaceFolder']}" in service["volumes"]
    assert service["network_mode"] == "service:minio"
    assert f"USER {found['remoteUser']}" in (ROOT / ".devcontainer/Dockerfile").read_text().splitlines()


def test_forwarded_ports_are_the_services_and_labelled() -> None:
    found, example = devcontainer(), parse(ROOT / ".env.example")
    assert set(found["forwardPorts"]) == {int(example[name]) for name in PORTS}
    assert set(found["portsAttributes"]) == {str(port) for port in found["forwardPorts"]}
    assert all(attributes["label"] for attributes in found["portsAttributes"].values())


def test_editor_gets_the_extensions() -> None:
    assert set(devcontainer()["customizations"]["vscode"]["extensions"]) == EXTENSIONS
    assert set(json.loads((ROOT / ".vscode/extensions.json").read_text())["recommendations"]) > EXTENSIONS


def test_commands_of_the_editor_exist() -> None:
    launch, tasks = (json.loads((ROOT / f".vscode/{name}.json").read_text()) for name in ("launch", "tasks"))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = [re.findall(r"\bmake ([a-z-]+)", task["command"]) for task in tasks["tasks"]]
    assert {name for names in named for name in names} <= targets
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert launch["inputs"][0]["options"] == list(stages)
    assert len(launch["configurations"]) == 5


def test_minio_is_the_same_source_everywhere() -> None:
    text = (ROOT / ".devcontainer/minio.Dockerfile").read_text()
    assert re.findall(r"^ARG MINIO_VERSION=(.*)$", text, re.M) == [minio.VERSION]
    go = re.findall(r"^FROM golang:(\d+)\.(\d+)", text, re.M)
    assert [tuple(map(int, version)) >= go_program.OLDEST_GO for version in go] == [True]


def test_python_is_one_build_argument_and_the_same_in_every_image() -> None:
    texts = [text for name in DOCKERFILES if "FROM python:" in (text := (ROOT / name).read_text())]
    assert [re.findall(r"^FROM python:(\S*)", text, re.M) for text in texts] == [
        ["${PYTHON_VERSION}-slim-bookworm"] for _ in texts
    ]
    defaults = {version for text in texts for version in re.findall(r"^ARG PYTHON_VERSION=(.*)$", text, re.M)}
    assert len(defaults) == 1
    assert defaults <= {"3.11", "3.12", "3.13"}


def copied(stage: str) -> set[str]:
    """Return the project's Python files that a stage of Dockerfile holds, those of the stages below it too."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    found: dict[str, set[str]] = {"base": set()}
    for part in re.split(r"^FROM ", text, flags=re.M)[1:]:
        below, name = re.match(r"(\S+) AS (\S+)", part).groups()  # type: ignore[union-attr]
        lines = re.findall(r"^COPY (?!--from)(.*) \S+$", part, re.M)
        sources = [source for line in lines for source in line.split() if source.startswith("src/")]
        files = [file for file in FILES for source in sources if file == source or file.startswith(f"{source}/")]
        found[name] = found.get(below, set()) | {file for file in files if file.endswith(".py")}
    return found[stage]


@pytest.mark.parametrize("stage", IMAGES)
def test_image_holds_the_modules_that_it_runs_and_no_others(stage: str) -> None:
    files = [
        path for program in IMAGES[stage] for path in closure(ROOT / program, unpickles=False)
    ]  # they hash the pickle
    needed = {str(path.relative_to(ROOT)) for path in files if path.suffix == ".py"}  # no image has R
    held = {name for name in copied(stage) if not name.startswith(MIGRATIONS)}
    beyond = {name for name in held if not name.endswith("__init__.py")} ^ needed
    assert {name for name in beyond if stage not in WHOLE or not name.startswith("src/serving/")} == set()
    assert {f"{Path(name).parent}/__init__.py" for name in needed} | {"src/__init__.py"} <= held


@pytest.mark.parametrize(("name", "stage"), [("Dockerfile", "scoring"), (".devcontainer/Dockerfile", "")])
def test_compiler_stays_in_the_stage_of_the_kernel(name: str, stage: str) -> None:
    parts = re.split(r"^FROM \S+(?: AS (\S+))?$", (ROOT / name).read_text(), flags=re.M)
    stages = {stage or "": text for stage, text in zip(parts[1::2], parts[2::2], strict=True)}
    assert [name for name, text in stages.items() if "gcc" in text] == ["kernel"]
    assert [name for name, text in stages.items() if "COPY --from=kernel" in text] == [stage]
    held = {word for line in re.findall(r"^COPY (.*)", stages["kernel"], re.M) for word in line.split()[:-1]}
    assert held == set(NEEDED)


def test_image_of_the_api_holds_the_migrations() -> None:
    assert {name for name in FILES if name.startswith(MIGRATIONS) and name.endswith(".py")} <= copied("serving")


@pytest.mark.parametrize("name", COMPOSE)
def test_defaults_of_compose_are_those_of_the_example(name: str) -> None:
    example = parse(ROOT / ".env.example")
    defaults = DEFAULT.findall((ROOT / name).read_text())
    assert defaults
    assert [(variable, value) for variable, value in defaults if value != example[variable]] == []


def test_compose_hands_every_setting_to_the_api() -> None:
    found = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["api"]["environment"]
    settings = {f"LASTRO_{name}".upper() for name in Settings.model_fields}
    documented = settings & set(parse(ROOT / ".env.example"))
    assert documented - set(found) == SET_OTHERWISE
    assert set(found) & settings <= documented


def test_lake_alone_gets_its_settings_and_runs_when_it_is_asked_for() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given = {f"LASTRO_{name}".upper() for name in Lake.model_fields} - {"LASTRO_DATABASE_URL"}  # ops.credentials' file
    assert given <= set(services["lake"]["environment"])
    assert services["lake"]["profiles"] == ["lake"]
    others = [name for name, service in services.items() if "LASTRO_LAKE_CATALOG" in service.get("environment", {})]
    assert others == ["lake"]


def test_prometheus_and_alertmanager_are_started_only_when_asked_for_and_with_grafana_too() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    both = ["monitoring", "grafana"]
    assert profiles == {
        "prometheus": both,
        "alertmanager": both,
        "grafana": ["grafana"],
        "features": ["features"],
        "lake": ["lake"],
        "https": ["https"],
        "airflow": ["airflow"],
    }
    bound = dict(mount.split(":")[:2] for mount in services["grafana"]["volumes"] if mount.startswith("./"))
    assert all((ROOT / folder).is_dir() for folder in bound)
    provider = yaml.safe_load((ROOT / "deploy/monitoring/grafana/provisioning/dashboards/lastro.yml").read_text())
    assert provider["providers"][0]["options"]["path"] == bound["./deploy/monitoring/grafana/dashboards"]


def test_proxy_alone_is_with_the_api_where_the_api_believes_whom_it_names() -> None:
    found = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services, network = found["services"], found["networks"]["proxied"]
    assert {name for name, service in services.items() if "proxied" in service.get("networks", [])} == {"api", "https"}
    assert network["internal"] is True
    (subnet,) = network["ipam"]["config"]
    believed = services["api"]["environment"]["LASTRO_TRUSTED_PROXIES"].split(",")
    assert believed == [subnet["subnet"], "${LASTRO_TRUSTED_PROXIES:-}"]
    ports = {port.rpartition(":")[2] for port in services["https"]["ports"]}
    exposed = re.search(r"^EXPOSE (.*)$", (ROOT / "deploy/https/Dockerfile").read_text(), re.M)
    inside = re.findall(r"_port \{\$LASTRO_\w+:(\d+)\}", (ROOT / "deploy/https/Caddyfile").read_text())
    assert exposed is not None
    assert ports == set(exposed[1].split()) == set(inside)


def test_monitor_runs_in_the_pipelines_image_and_alone_gets_its_settings() -> None:
    text = (ROOT / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    monitor = services["monitor"]
    assert monitor["image"] == services["pipeline"]["image"]
    assert "serving:/serving:ro" in monitor["volumes"]
    settings = {f"LASTRO_{name}".upper() for name in Monitoring.model_fields}
    files = {"LASTRO_DATABASE_URL", "LASTRO_SLACK_WEBHOOK_URL"}  # that ops.credentials writes
    assert settings - set(monitor["environment"]) == files | {"LASTRO_MODELS"}
    assert set(monitor["environment"]) <= settings
    named = [name for name, service in services.items() if "LASTRO_SLACK_WEBHOOK_URL" in service.get("environment", {})]
    assert named == ["secrets"]
    assert monitor["command"][-len(COMMAND_OF_THE_MONITOR) :] == COMMAND_OF_THE_MONITOR
