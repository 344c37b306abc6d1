"""The API's images and the delivery's, with a real MinIO: small, unprivileged, without secrets, only the right model"""

import gzip
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from starlette.testclient import TestClient

from ops import image
from ops.deployment import load
from ops.minio import find_or_build
from src.api.main import create_app
from src.api.settings import Settings
from src.files import sha256_of
from src.lineage.lock import read_lock
from src.lineage.minio_keys import allow
from src.lineage.storage import Bucket, place_of
from tests.api.live import DIGESTS, HEADERS
from tests.conftest import Project
from tests.containers.conftest import Engine
from tests.lineage.conftest import PASSWORD, USER, Minio, point
from tests.ports import wait_until

LARGEST = 450e6  # bytes
PATIENCE = 60.0  # seconds until a started container is healthy
BUCKET = "images"
READER = ("reader-of-images", "the-secret-of-the-reader")
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp")
JOURNAL = ("--tmpfs", "/var/lib/lastro:uid=10001,gid=10001,mode=700")
TARGETS = ("serving", "serving-follow", "delivery")
APIS = TARGETS[:2]


@dataclass(frozen=True)
class Images:
    """A project whose model is pushed, and the engine that builds its images."""

    engine: Engine
    project: Project
    bucket: Bucket

    def build(self, target: str, *options: str, check: bool = True, **env: str) -> str:
        """Build a target as `python -m ops.image` does; return what the engine says."""
        deployment = load(self.project.root)
        words = image.command(deployment, target, ["--tag", f"{BUCKET}-{target}", *options])
        given = {image.SECRET: image.credentials(deployment.values)} | env
        done = self.engine.run(*words, cwd=self.project.root, check=check, **given)
        assert check or done.returncode != 0, f"{' '.join(words)} did not fail"
        return done.stdout + done.stderr

    def described(self, target: str) -> dict[str, Any]:
        """Return how the engine describes an image."""
        found: dict[str, Any] = json.loads(self.engine.docker("image", "inspect", f"{BUCKET}-{target}"))[0]
        return found

    def python(self, target: str, code: str) -> str:
        """Return what a line of Python prints in an image."""
        return self.engine.docker("run", "--rm", "--entrypoint", "python", f"{BUCKET}-{target}", "-c", code)

    def key_of(self, name: str) -> str:
        """Return where an output lies in the bucket."""
        md5 = read_lock(self.project.root).output(f"models/{name}")[0]
        return f"dvc/files/md5/{md5[:2]}/{md5[2:]}"

    def spoil(self, name: str) -> Callable[[], None]:
        """Flip a byte of an output in the bucket; return what mends it."""
        key, content = self.key_of(name), bytearray((self.project.root / "models" / name).read_bytes())
        content[len(content) // 2] ^= 1
        self.bucket.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(content))
        whole = (self.project.root / "models" / name).read_bytes()
        return lambda: self.bucket.client.put_object(Bucket=BUCKET, Key=key, Body=whole) and None


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """A store of these tests' own."""
    server = Minio(tmp_path_factory.mktemp("minio") / "data", find_or_build())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def images(engine: Engine, light_run: Project, minio: Minio, folder: Path) -> Iterator[Images]:
    """Both images, built; removed whatever happens."""
    project = light_run.copy(folder / "project")
    project.run("git", "add", "-A")
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "light")
    point(project.root, minio.remote(BUCKET))
    values = {"AWS_ENDPOINT_URL_S3": minio.url, "LASTRO_BUCKET": BUCKET}
    values |= {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD}
    (project.root / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    bucket = place_of(f"s3://{BUCKET}/dvc", minio.remote(BUCKET))
    assert isinstance(bucket, Bucket)
    bucket.set_up()
    project.run("dvc", "push")
    project.run("python", "-m", "src.lineage.registry", "publish", **values)
    found = Images(engine, project, bucket)
    try:
        for target in TARGETS:
            found.build(target)
        yield found
    finally:
        names = (*(f"{BUCKET}-{target}" for target in TARGETS), f"{BUCKET}-spoiled")
        engine.run("docker", "image", "rm", "--force", *names, check=False)


@pytest.fixture(scope="module")
def expected(images: Images, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answer of the service in this process to the contract's example."""
    models = images.project.root / "models"
    settings = Settings(_env_file=None, api_keys=DIGESTS, state=tmp_path_factory.mktemp("state"), models=models)
    with TestClient(create_app(settings)) as client:
        return without_id(client.post("/predict?reasons=true", json=example(client), headers=HEADERS).json())


def example(client: httpx.Client | TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
    return found


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "prediction_id"}


@dataclass
class Running:
    """A container, detached."""

    engine: Engine
    id: str

    def state(self) -> dict[str, Any]:
        """Return whether it runs and how healthy it is."""
        found: dict[str, Any] = json.loads(self.engine.docker("inspect", "--format", "{{json .State}}", self.id))
        return found

    def log(self) -> str:
        """Return what it said."""
        done = self.engine.run("docker", "logs", self.id)
        return done.stdout + done.stderr

    def healthy(self) -> "Running":
        """Wait for its own health check."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.state()).get("Health", {}).get("Status") != "healthy":
            assert state["Running"], self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)
        return self

    def ended(self) -> int:
        """Wait for its end and return its exit code."""
        return int(self.engine.docker("wait", self.id))

    def url(self) -> str:
        """Where its port is published."""
        return f"http://{self.engine.docker('port', self.id, '8000').splitlines()[0]}"


@pytest.fixture
def run(images: Images) -> Iterator[Callable[..., Running]]:
    """Starts containers of a target; they are removed afterwards."""
    started: list[str] = []

    def start(target: str, *options: str, command: tuple[str, ...] = ()) -> Running:
        words = ("run", "--detach", *HARDENED, "--env", f"LASTRO_API_KEYS={DIGESTS}", *options)
        started.append(images.engine.docker(*words, f"{BUCKET}-{target}", *command))
        return Running(images.engine, started[-1])

    yield start
    for container in started:
        images.engine.docker("rm", "--force", "--volumes", container)


@pytest.fixture(scope="module")
def volume(images: Images) -> Iterator[Callable[[], str]]:
    """Makes empty volumes; they are removed when no container holds them any more."""
    made: list[str] = []

    def make() -> str:
        made.append(images.engine.docker("volume", "create"))
        return made[-1]

    yield make
    for name in made:
        images.engine.docker("volume", "rm", "--force", name)


@pytest.fixture
def delivering(images: Images, run: Callable[..., Running], minio: Minio, folder: Path) -> Callable[[str], Running]:
    """Starts the delivery with a key that can only read, in the host's network, into a volume."""
    address = f"s3://{BUCKET}"
    allow(minio.url, (USER, PASSWORD), READER, [f"{address}/dvc"], [f"{address}/registry"])
    secret = folder / "credentials"
    secret.write_text(f"[default]\naws_access_key_id={READER[0]}\naws_secret_access_key={READER[1]}\n")
    secret.chmod(0o644)
    here = ("--network", "host", "--volume", f"{secret}:/run/secrets/credentials:ro")
    place = ("--remote", f"{address}/dvc", "--endpoint", minio.url, "--region", "us-east-1")
    command = ("python", "-m", "src.lineage.delivery", "--follow", *place)
    assert images.described("delivery")["Config"]["Cmd"] == [*command[:4], *place[:1], "s3://lastro/dvc"]
    return lambda volume: run("delivery", *here, "--volume", f"{volume}:/serving", command=command)


@pytest.mark.parametrize("target", TARGETS)
def test_image_is_small_unprivileged_and_says_what_it_is(images: Images, target: str) -> None:
    found = images.described(target)
    labels = found["Config"]["Labels"]
    assert found["Size"] <= LARGEST
    assert found["Config"]["User"] == "10001:10001"
    assert ("/ready" if target in APIS else "serving.json") in found["Config"]["Healthcheck"]["Test"][-1]
    head = images.project.run("git", "rev-parse", "HEAD").stdout.strip()
    assert labels["org.opencontainers.image.revision"] == head
    if target == "serving":
        assert labels["lastro.model.sha256"] == json.loads(images.project.read("models/model.json"))["sha256"]
    if target in APIS:
        assert images.python(target, "print(open('commit').read())") == head


def test_image_holds_the_model_and_nothing_that_the_api_does_not_need(images: Images) -> None:
    code = "import hashlib; print(hashlib.sha256(open('models/model.pkl', 'rb').read()).hexdigest())"
    assert images.python("serving", code) == sha256_of((images.project.root / "models" / "model.pkl").read_bytes())
    others = ("mlflow", "dvc", "streamlit", "sklearn", "pandas", "pytest", "boto3", "src.lineage", "src.pipeline")
    code = f"import importlib.util as u; print(*(n for n in {others} if u.find_spec(n)))"
    assert [images.python(target, code) for target in APIS] == ["", ""]
    assert images.python("delivery", code) == "boto3 src.lineage"


@pytest.mark.parametrize("target", TARGETS)
def test_image_holds_the_compiled_kernel_and_no_compiler(images: Images, target: str) -> None:
    code = "from shutil import which as w; from src.serving.kernel import load; print(bool(load()), w('cc'), w('gcc'))"
    assert images.python(target, code) == "True None None"


def test_read_only_container_answers_as_the_service_in_this_process(
    run: Callable[..., Running], expected: dict[str, Any]
) -> None:
    container = run("serving", *JOURNAL, "--publish", "127.0.0.1::8000").healthy()
    with httpx.Client(base_url=container.url(), headers=HEADERS) as client:
        assert without_id(client.post("/predict?reasons=true", json=example(client)).json()) == expected
        assert client.get("/model/evaluation").status_code == 200
        assert client.get("/model/info").json()["computed_by"] == "kernel"
        assert len(client.get("/predictions").json()["predictions"]) == 1


def test_container_without_a_place_for_its_log_does_not_start(run: Callable[..., Running]) -> None:
    container = run("serving")
    assert container.ended() != 0
    assert "prediction log" in container.log()


def test_other_hash_fails_the_build(images: Images) -> None:
    said = images.build("serving", "--build-arg", f"MODEL_SHA256={'0' * 64}", check=False)
    assert "was asked for" in said


def test_flipped_object_fails_the_build(images: Images) -> None:
    mend = images.spoil("trees.npz")
    try:
        said = images.build("serving", "--no-cache-filter", "model", check=False)
    finally:
        mend()
    assert "trees.npz: refused, the md5" in said


def test_build_without_the_secret_fails(images: Images) -> None:
    words = [word for word in image.command(load(images.project.root), "serving", []) if "id=aws" not in word]
    words.remove("--secret")
    done = images.engine.run(*words, "--no-cache-filter", "model", cwd=images.project.root, check=False)
    assert done.returncode != 0
    assert "secret" in done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_no_secret_is_in_any_layer_or_in_the_history(images: Images, target: str) -> None:
    history = images.engine.docker("history", "--no-trunc", f"{BUCKET}-{target}")
    saved = images.engine.home / f"{target}.tar"
    images.engine.docker("save", "--output", str(saved), f"{BUCKET}-{target}")
    head = images.project.run("git", "rev-parse", "HEAD").stdout.strip()
    wanted = {text.encode(): 0 for text in (USER, PASSWORD, READER[1], head)}
    for content in layers(saved):
        for text in wanted:
            wanted[text] += content.count(text)
    assert wanted.pop(head.encode()) > 0  # what is there is found
    assert set(wanted.values()) == {0}
    assert not [secret for secret in (USER, PASSWORD) if secret in history]


def layers(saved: Path) -> Iterator[bytes]:
    """Every file of a saved image: layers, configuration, manifests."""
    with tarfile.open(saved) as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                content = file.read()
                yield gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def test_delivered_model_answers_the_same_without_the_store(
    delivering: Callable[[str], Running],
    run: Callable[..., Running],
    volume: Callable[[], str],
    expected: dict[str, Any],
) -> None:
    delivering(place := volume()).healthy()
    api = run("serving-follow", *JOURNAL, "--volume", f"{place}:/serving:ro", "--publish", "127.0.0.1::8000").healthy()
    with httpx.Client(base_url=api.url(), headers=HEADERS) as client:
        answer = without_id(client.post("/predict?reasons=true", json=example(client)).json())
        known = client.get("/models").json()
    versions = [answer.pop("model"), dict(expected).pop("model")]
    assert answer == {name: value for name, value in expected.items() if name != "model"}
    assert versions[0]["sha256"] == versions[1]["sha256"]
    assert (versions[0]["version"], known["champion"]) == ("1", "1")
    inside = api.engine.docker("exec", api.id, "sh", "-c", "cat /proc/1/environ")
    assert "AWS_" not in inside


def test_key_of_the_delivery_cannot_write(images: Images, minio: Minio) -> None:
    allow(minio.url, (USER, PASSWORD), READER, [f"s3://{BUCKET}/dvc"], [f"s3://{BUCKET}/registry"])
    key = {"access_key_id": READER[0], "secret_access_key": READER[1]}
    reader = place_of(f"s3://{BUCKET}/dvc", minio.remote(BUCKET, **key))
    assert isinstance(reader, Bucket)
    for name in (images.key_of("model.pkl"), "registry/credit-score/00000099.json"):
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.client.put_object(Bucket=BUCKET, Key=name, Body=b"another model")
    assert reader.read(read_lock(images.project.root).output("models/model.pkl")[0])


def test_flipped_object_is_not_delivered(
    delivering: Callable[[str], Running], volume: Callable[[], str], images: Images
) -> None:
    mend = images.spoil("trees.npz")
    try:
        container = delivering(volume())
        wait_until(lambda: "refused" in container.log())
    finally:
        mend()
    assert "trees.npz: refused" in container.log()
    container.healthy()  # it works, and names what it could not bring
    named = json.loads(images.engine.docker("exec", container.id, "cat", "/serving/serving.json"))["versions"]["1"]
    assert named["folder"] is None
    assert "trees.npz" in named["why"]
