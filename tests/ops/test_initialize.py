"""`.devcontainer/initialize.sh`: what the machine outside of a container does, with nothing but POSIX tools"""

import shutil
import subprocess
from pathlib import Path

import pytest

from ops import configure
from ops.deployment import ROOT, load, parse

SCRIPT = ".devcontainer/initialize.sh"
TOOLS = ("awk", "cmp", "dirname", "id", "ln", "mv", "od", "rm", "tr")
ELSEWHERE = "https://s3.eu-west-1.amazonaws.com"


def initialize(clone: Path, tools: Path, **variables: str) -> dict[str, str]:
    """Run the script where nothing but POSIX tools is on PATH; return what `.env` says then."""
    (clone / ".devcontainer").mkdir(exist_ok=True)
    shutil.copy(ROOT / SCRIPT, clone / SCRIPT)
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        (tools / name).unlink(missing_ok=True)
        (tools / name).symlink_to(shutil.which(name) or name)
    shell = shutil.which("dash") or shutil.which("sh") or "sh"
    subprocess.run([shell, SCRIPT], cwd=clone, env={"PATH": str(tools), **variables}, check=True)
    return parse(clone / ".env")


def test_credentials_are_made_once_for_their_owner_alone(clone: Path, tmp_path: Path) -> None:
    values = initialize(clone, tmp_path / "bin")
    assert (len(values["AWS_ACCESS_KEY_ID"]), len(values["AWS_SECRET_ACCESS_KEY"])) == (20, 40)
    assert (clone / ".env").stat().st_mode & 0o777 == 0o600
    assert initialize(clone, tmp_path / "bin") == values
    (clone / ".env").unlink()
    assert initialize(clone, tmp_path / "bin")["AWS_SECRET_ACCESS_KEY"] != values["AWS_SECRET_ACCESS_KEY"]
    assert sorted(path.name for path in clone.glob(".env*")) == [".env", ".env.example"]


def test_compose_finds_the_file_beside_its_own(clone: Path, tmp_path: Path) -> None:
    values = initialize(clone, tmp_path / "bin")
    assert parse(clone / ".devcontainer" / ".env") == values


def test_set_up_accepts_it_and_adds_only_what_needs_python(clone: Path, tmp_path: Path) -> None:
    before = initialize(clone, tmp_path / "bin", MINIO_PORT="9100")
    configure.write(clone, {})
    after = parse(clone / ".env")
    assert {name for name in after if before.get(name) != after[name]} == {
        "LASTRO_API_KEYS",
        "LASTRO_TOKEN_KEYS",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_BACKEND_STORE_URI",
    }
    assert after["AWS_ENDPOINT_URL_S3"] == after["MLFLOW_S3_ENDPOINT_URL"] == "http://127.0.0.1:9100"


def test_what_set_up_wrote_stays_as_it_is(clone: Path, tmp_path: Path) -> None:
    configure.write(clone, {})
    before = (clone / ".env").read_text()
    initialize(clone, tmp_path / "bin")
    assert (clone / ".env").read_text() == before


def test_store_elsewhere_gets_no_credentials_of_ours(clone: Path, tmp_path: Path) -> None:
    configure.write(clone, {"AWS_ENDPOINT_URL_S3": ELSEWHERE})
    values = initialize(clone, tmp_path / "bin")
    assert (values["AWS_ENDPOINT_URL_S3"], values["MLFLOW_S3_ENDPOINT_URL"]) == (ELSEWHERE, ELSEWHERE)
    assert (values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]) == ("", "")


def test_container_keeps_its_places_and_leaves_those_of_the_machine_outside(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure.write(clone, {})
    outside = (clone / ".env").read_text()
    own = {"LASTRO_CONTAINER": "true", "LASTRO_HOST": "0.0.0.0", "LASTRO_STATE": "/home/dev/state"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    assert configure.write(clone, own) == []
    assert (clone / ".env").read_text() == outside
    inside = load(clone)
    assert (inside.host, str(inside.state)) == ("0.0.0.0", "/home/dev/state")
    assert inside.values["MLFLOW_TRACKING_URI"] == "sqlite:////home/dev/state/mlflow/mlflow.db"
    assert inside.address("API_PORT") == "http://127.0.0.1:8000"


def test_activated_terminal_of_a_container_keeps_its_places(clone: Path) -> None:
    configure.write(clone, {})
    environment = {
        "PATH": "/usr/bin:/bin",
        "VENV": str(load(clone).venv),
        "LASTRO_CONTAINER": "true",
        "LASTRO_STATE": "/s",
        "MLFLOW_TRACKING_URI": "sqlite:////s/mlflow.db",
    }
    command = ["sh", "-c", '. ./activate && echo "$LASTRO_STATE $MLFLOW_TRACKING_URI $LASTRO_BUCKET"']
    shown = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["/s", "sqlite:////s/mlflow.db", "lastro"]
