"""The image of the store: MinIO from pinned source, as nobody's root, and what may stand in its place"""

import time
from collections.abc import Callable, Iterator

import pytest

from ops import minio
from tests.conftest import ROOT
from tests.containers.conftest import Engine

ELSEWHERE = "AWS_ENDPOINT_URL_S3=https://s3.eu-west-1.amazonaws.com"
TAG = "lastro-tried-store"
PATIENCE = 60.0  # seconds


def build(engine: Engine, *arguments: str) -> str:
    """Return the built image's id."""
    folder = ROOT / ".devcontainer"
    return engine.docker("build", "--quiet", "--file", str(folder / "minio.Dockerfile"), *arguments, str(folder))


@pytest.fixture(scope="module")
def image(engine: Engine) -> Iterator[str]:
    """The image as the dev container has it."""
    yield build(engine, "--tag", TAG)
    engine.docker("image", "rm", "--force", TAG, f"{TAG}-other")


@pytest.fixture
def run(engine: Engine) -> Iterator[Callable[..., str]]:
    """Start a container in the background, and remove it in the end."""
    started: list[str] = []

    def start(*arguments: str) -> str:
        started.append(engine.docker("run", "--detach", *arguments))
        return started[-1]

    yield start
    for container in started:
        engine.docker("rm", "--force", "--volumes", container)


def healthy(engine: Engine, container: str) -> bool:
    """Wait until the image's own check has an opinion that lasts."""
    deadline = time.monotonic() + PATIENCE
    while (state := engine.docker("inspect", "--format", "{{.State.Health.Status}}", container)) == "starting":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return state == "healthy"


def program(engine: Engine, image: str) -> str:
    return engine.docker("run", "--rm", "--entrypoint", "minio", image, "--version")


def test_program_is_the_pinned_one(engine: Engine, image: str) -> None:
    assert program(engine, image).startswith(f"minio version {minio.VERSION} ")


def test_store_is_healthy_without_root_rights_on_a_read_only_system(
    engine: Engine, image: str, run: Callable[..., str]
) -> None:
    rights = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")
    credentials = ("--env", "MINIO_ROOT_USER=someone", "--env", "MINIO_ROOT_PASSWORD=0123456789")
    container = run(*rights, *credentials, "--env", "MINIO_ADDRESS=:9100", "--volume", "/data", image)
    assert healthy(engine, container)
    assert engine.docker("exec", container, "id", "-u") == "1000"


def test_store_without_credentials_does_not_start(engine: Engine, image: str) -> None:
    done = engine.run("docker", "run", "--rm", image, check=False)
    assert done.returncode != 0
    assert "MINIO_ROOT_USER" in done.stderr


def test_where_the_store_is_elsewhere_only_the_network_is_held(
    engine: Engine, image: str, run: Callable[..., str]
) -> None:
    container = run("--env", ELSEWHERE, image)
    assert healthy(engine, container)
    assert "minio" not in engine.docker("exec", container, "bash", "-c", "cat /proc/1/comm")


def test_another_image_can_stand_in_and_nothing_is_compiled(engine: Engine, image: str) -> None:
    changed = [f"--build-arg={argument}" for argument in (f"MINIO_IMAGE={TAG}", "MINIO_VERSION=nowhere")]
    assert program(engine, build(engine, *changed, "--tag", f"{TAG}-other")) == program(engine, image)
