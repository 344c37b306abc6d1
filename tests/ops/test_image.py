"""`python -m ops.image` gives the build its arguments, and its credentials only as a secret."""

import json
import subprocess
from pathlib import Path

from ops import image
from ops.deployment import Deployment
from src.lineage.minio_keys import read_key
from tests.conftest import Project

VALUES = {
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000",
    "AWS_ACCESS_KEY_ID": "the-id",
    "AWS_SECRET_ACCESS_KEY": "the-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LASTRO_BUCKET": "mine",
}


def test_serving_names_the_model_and_its_place_and_no_secret(project: Project) -> None:
    words = image.command(Deployment(project.root, Path("venv"), VALUES), "serving", ["--no-cache"])
    arguments = {words[place + 1] for place, word in enumerate(words) if word == "--build-arg"}
    card = json.loads(project.read("models/model.json"))
    head = project.run("git", "rev-parse", "HEAD").stdout.strip()
    assert arguments == {
        f"GIT_COMMIT={head}",
        f"MODEL_SHA256={card['sha256']}",
        "S3_ENDPOINT=http://127.0.0.1:9000",
        "S3_REMOTE=s3://mine/dvc",
        "S3_REGION=us-east-1",
    }
    assert "the-secret" not in " ".join(words)
    assert words[words.index("--network") + 1] == "host"
    assert words[-4:] == ["--tag", "lastro-serving", "--no-cache", "."]


def test_store_elsewhere_is_reached_by_the_builds_own_network(project: Project) -> None:
    elsewhere = Deployment(project.root, Path("venv"), VALUES | {"AWS_ENDPOINT_URL_S3": "https://s3.example.org"})
    assert "--network" not in image.command(elsewhere, "serving", [])
    assert "--secret" not in image.command(elsewhere, "page", [])


def test_secret_is_an_aws_credentials_file(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(image.credentials(VALUES))
    assert read_key(tmp_path / "credentials") == ("the-id", "the-secret")


def test_edited_checkout_is_marked(project: Project, tmp_path: Path) -> None:
    (project.root / "params.yaml").write_text("changed")
    assert image.commit(project.root).endswith("-dirty")
    assert image.commit(tmp_path) == ""
    assert subprocess.run(["git", "-C", str(project.root), "diff", "--quiet"], check=False).returncode == 1
