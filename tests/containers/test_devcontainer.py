"""The dev container, brought up by its own command line tool from a copy of the project, used, and taken down again"""

import hashlib
import json
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from ops import services
from ops.deployment import PORTS, parse
from tests.containers.conftest import Engine
from tests.ports import free_ports

LARGEST = 2.5e9  # bytes, with R among them
PATIENCE = 60.0  # seconds until the services of a started container answer
SMOKE = ("tests/test_architecture.py", "tests/test_requirements.py", "tests/test_params.py", "tests/contract")


@dataclass(frozen=True)
class Workspace:
    """A copy of the project whose dev container is up."""

    engine: Engine
    root: Path
    ports: dict[str, str]

    def up(self) -> dict[str, str]:
        """Bring the container up, or up again; return what the tool says of it."""
        folder = ("--workspace-folder", str(self.root))
        done = self.engine.run("devcontainer", "up", *folder, cwd=self.root, check=False, **self.ports)
        if done.returncode:
            pytest.fail(f"devcontainer up returned {done.returncode}:\n{done.stdout}\n{done.stderr[-8000:]}")
        outcome: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
        return outcome

    def inside(self, script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in the container, as the tools do: no login, no terminal."""
        folder = ("--workspace-folder", str(self.root))
        return self.engine.run("devcontainer", "exec", *folder, "sh", "-c", script, cwd=self.root, check=check)

    @property
    def project(self) -> str:
        """The compose project's name."""
        return self.root.name + "_devcontainer"

    def compose(self, *arguments: str) -> str:
        """Return what `docker compose` prints."""
        file = str(self.root / ".devcontainer" / "compose.yaml")
        return self.engine.docker("compose", "--project-name", self.project, "--file", file, *arguments)

    def container(self, service: str) -> dict:
        """Return how the engine describes a service's container."""
        [found] = json.loads(self.engine.docker("inspect", self.compose("ps", "--all", "--quiet", service)))
        return found

    def layers(self, image: str) -> list[str]:
        """Return the layers of an image."""
        [found] = json.loads(self.engine.docker("image", "inspect", image))
        layers: list[str] = found["RootFS"]["Layers"]
        return layers

    def down(self) -> None:
        """Take everything down, and the images of this copy with it."""
        images = {self.container(service)["Config"]["Image"] for service in ("minio", "workspace")}
        self.compose("down", "--volumes", "--remove-orphans", "--rmi", "local")
        self.engine.run("docker", "image", "rm", "--force", *images, check=False)


@pytest.fixture(scope="module")
def workspace(engine: Engine, folder: Path) -> Iterator[Workspace]:
    """The container, up; taken down whatever happens."""
    if shutil.which("devcontainer") is None:
        pytest.fail("the dev container CLI is not on PATH: npm install -g @devcontainers/cli")
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    found = Workspace(engine, engine.copy(folder / folder.name), ports)
    try:
        assert found.up()["outcome"] == "success"
        yield found
    finally:
        found.compose("down", "--volumes", "--remove-orphans", "--rmi", "local")


def eventually(address: str) -> httpx.Response:
    """Return the first good answer of an address."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(address).raise_for_status()
        except httpx.HTTPError as error:
            if time.monotonic() > deadline:
                pytest.fail(f"{address} gives no good answer: {error}")
            time.sleep(0.5)


def score(workspace: Workspace) -> dict:
    """Return the API's answer to the example applicant, asked from outside of the container."""
    access = tomllib.loads((workspace.root / ".streamlit" / "secrets.toml").read_text())
    with httpx.Client(base_url=access["endpoint"], headers={"x-api-key": access["api_key"]}) as client:
        applicant = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
        answer: dict = client.post("/predict", json=applicant).raise_for_status().json()
    return answer


def test_developer_is_no_root_and_has_the_uid_of_the_machine_outside(workspace: Workspace) -> None:
    uid = (workspace.root / "dvc.yaml").stat().st_uid
    assert workspace.inside("id -u").stdout.split() == [str(uid)]
    assert uid != 0
    assert workspace.container("minio")["Config"]["User"] == "1000:1000"
    workspace.inside("touch made-inside && rm made-inside")


@pytest.mark.parametrize("shell", ["sh -c", "bash -c", "bash -lc", "sh -lc"])
def test_every_shell_finds_the_programs_of_the_baked_environment(workspace: Workspace, shell: str) -> None:
    names = ("python", "dvc", "mlflow", "ruff", "pytest")
    said = workspace.inside(f"{shell} 'for name in {' '.join(names)}; do command -v $name; done'").stdout.split()
    assert said == [f"/opt/venv/bin/{name}" for name in names]


def test_python_is_the_one_of_the_build_argument_and_byte_compiled(workspace: Workspace) -> None:
    wanted = re.findall(r"^ARG PYTHON_VERSION=(.*)$", (workspace.root / ".devcontainer/Dockerfile").read_text(), re.M)
    shown = workspace.inside("python -c 'import sys; print(*sys.version_info[:2], sep=\".\")'").stdout
    assert shown.split() == wanted
    cached = "import json, pandas, os; print(*(os.path.exists(m.__cached__) for m in (json, pandas)))"
    assert workspace.inside(f'python -c "{cached}"').stdout.split() == ["True", "True"]


def test_no_compiler_is_left_and_the_image_is_small_enough(workspace: Workspace, engine: Engine) -> None:
    assert (
        workspace.inside("for name in cc gcc g++ clang go cargo; do command -v $name; done", check=False).stdout == ""
    )
    size = json.loads(engine.docker("image", "inspect", workspace.container("workspace")["Image"]))[0]["Size"]
    assert size <= LARGEST


def test_pipeline_runs_and_its_outputs_go_to_the_store_and_come_back(workspace: Workspace) -> None:
    model = workspace.root / "models" / "model.pkl"
    card = json.loads((workspace.root / "models" / "model.json").read_text())
    assert "up to date" in workspace.inside("dvc repro").stdout
    assert "in sync" in workspace.inside("dvc push && dvc status --cloud").stdout
    workspace.inside("rm -rf models/model.pkl .dvc/cache && dvc pull")
    assert hashlib.sha256(model.read_bytes()).hexdigest() == card["sha256"]
    assert "up to date" in workspace.inside("dvc repro").stdout


def test_lock_and_card_come_out_as_committed(workspace: Workspace) -> None:
    assert workspace.inside("git status --porcelain").stdout == ""


def test_smoke_tests_pass_inside(workspace: Workspace) -> None:
    assert " passed" in workspace.inside(f"python -m pytest -q -p no:cacheprovider {' '.join(SMOKE)}").stdout


def test_every_service_answers_outside_on_its_port(workspace: Workspace) -> None:
    for service in (listening for listening in services.SERVICES if listening.port):
        eventually(f"http://127.0.0.1:{workspace.ports[service.port]}{service.health}")


def test_api_scores_from_outside(workspace: Workspace) -> None:
    answer = score(workspace)
    assert answer["decision"] in {"approve", "decline"}
    assert answer["model"]["version"] == "1"


def test_ports_are_published_to_this_machine_alone(workspace: Workspace) -> None:
    published = workspace.container("minio")["HostConfig"]["PortBindings"]
    assert {binding["HostIp"] for bindings in published.values() for binding in bindings} == {"127.0.0.1"}
    assert {port.partition("/")[0] for port in published} == set(workspace.ports.values())


def test_nothing_clashes_with_the_environment_and_state_of_the_machine_outside(workspace: Workspace) -> None:
    assert not any((workspace.root / name).exists() for name in (".venv", "var"))
    values = parse(workspace.root / ".env")
    assert values["LASTRO_STATE"] == "var"
    assert values["MLFLOW_TRACKING_URI"] == ""
    assert "mlflow.db" in workspace.inside("ls $LASTRO_STATE/mlflow").stdout


def test_set_up_outside_accepts_the_credentials_made_for_the_container(workspace: Workspace) -> None:
    before = parse(workspace.root / ".env")
    assert (workspace.root / ".env").stat().st_mode & 0o777 == 0o600
    assert len(before["AWS_SECRET_ACCESS_KEY"]) == 40
    done = workspace.engine.run("python3", "-m", "ops.configure", cwd=workspace.root)
    after = parse(workspace.root / ".env")
    assert {name for name in before if before[name] != after[name]} == {
        "MLFLOW_TRACKING_URI",
        "MLFLOW_BACKEND_STORE_URI",
    }, done.stdout
    assert workspace.inside(". ./activate && echo $MLFLOW_TRACKING_URI").stdout.startswith("sqlite:////home/dev/")


def test_change_of_source_reuses_every_layer(workspace: Workspace, engine: Engine) -> None:
    with (workspace.root / "src" / "params.py").open("a") as source:
        source.write("# changed\n")
    file = str(workspace.root / ".devcontainer" / "Dockerfile")
    built = engine.docker(
        "build", "--quiet", "--tag", f"{workspace.project}-changed", "--file", file, str(workspace.root)
    )
    workspace.inside("git checkout --quiet src")
    assert workspace.layers(built) == workspace.layers(f"{workspace.project}-workspace")
    engine.docker("image", "rm", f"{workspace.project}-changed")


def test_started_again_it_has_its_services_and_its_data(workspace: Workspace) -> None:
    before = score(workspace)
    workspace.compose("stop")
    workspace.up()
    eventually(f"http://127.0.0.1:{workspace.ports['API_PORT']}/ready")
    assert score(workspace)["model"] == before["model"]
    workspace.inside("rm -rf .dvc/cache && dvc pull")


def test_taken_down_nothing_is_left(workspace: Workspace, engine: Engine) -> None:
    defined = yaml.safe_load((workspace.root / ".devcontainer" / "compose.yaml").read_text())
    assert len(engine.left(workspace.project)) == len(defined["services"]) + len(defined["volumes"]) + 1
    workspace.down()
    assert engine.left(workspace.project) == []
