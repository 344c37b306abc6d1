import itertools
import os
import subprocess
from pathlib import Path

import pytest

from ops import configure
from ops.deployment import load, parse
from ops.errors import SetupError

ELSEWHERE = "https://s3.eu-west-1.amazonaws.com"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def dvc(clone: Path, *arguments: str) -> str:
    """Return what DVC itself says in that clone."""
    done = subprocess.run(["dvc", *arguments], cwd=clone, capture_output=True, text=True, check=True)
    return done.stdout


def change(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_set_up_writes_random_secrets_that_only_the_owner_reads(clone: Path) -> None:
    env, local = clone / ".env", clone / ".dvc" / "config.local"
    assert configure.write(clone, {}) == [env, clone / ".streamlit" / "secrets.toml", local]
    assert (mode(env), mode(local)) == (0o600, 0o600)
    values = parse(env)
    assert len(values["AWS_ACCESS_KEY_ID"]) == 20
    assert len(values["AWS_SECRET_ACCESS_KEY"]) == 40
    assert values["AWS_SECRET_ACCESS_KEY"] in local.read_text()
    assert not [path.name for path in clone.iterdir() if path.name.startswith(".env.") and path.name != ".env.example"]


def test_set_up_again_changes_nothing(clone: Path) -> None:
    configure.write(clone, {})
    before = (clone / ".env").stat()
    assert configure.write(clone, {}) == []
    assert (clone / ".env").stat().st_mtime_ns == before.st_mtime_ns


def test_key_that_signs_tokens_is_made_once_and_taken_from_env_alone(clone: Path) -> None:
    configure.write(clone, {})
    before = parse(clone / ".env")
    name, _, key = before["LASTRO_TOKEN_KEYS"].partition(":")
    assert (name, len(key)) == ("local", 64)
    old = {"LASTRO_TOKEN_KEYS": f"old:{'o' * 32}", "LASTRO_USERS": "old", "LASTRO_API_KEYS": "old"}
    configure.write(clone, old)  # a terminal that has read a former .env
    assert parse(clone / ".env") == before


def test_two_clones_have_different_secrets(clone: Path) -> None:
    configure.write(clone, {})
    first = parse(clone / ".env")
    (clone / ".env").unlink()
    configure.write(clone, {})
    assert parse(clone / ".env")["AWS_SECRET_ACCESS_KEY"] != first["AWS_SECRET_ACCESS_KEY"]


def test_env_is_valid_for_sh(clone: Path) -> None:
    configure.write(clone, {})
    shown = subprocess.run(
        ["sh", "-euc", "set -a; . ./.env; env"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert {f"{name}={value}" for name, value in parse(clone / ".env").items()} <= set(shown.splitlines())


def test_every_variable_is_explained_in_the_line_above_it(clone: Path) -> None:
    lines = (clone / ".env.example").read_text().splitlines()
    for above, line in itertools.pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert above.startswith("# "), line


def test_changed_port_is_followed_and_secrets_stay(clone: Path) -> None:
    configure.write(clone, {})
    before = parse(clone / ".env")
    change(clone / ".env", "MINIO_PORT=9000", "MINIO_PORT=9100")
    configure.write(clone, {})
    after = parse(clone / ".env")
    assert after["AWS_ENDPOINT_URL_S3"] == after["MLFLOW_S3_ENDPOINT_URL"] == "http://127.0.0.1:9100"
    assert after["AWS_SECRET_ACCESS_KEY"] == before["AWS_SECRET_ACCESS_KEY"]
    assert dvc(clone, "config", "--local", "remote.minio.endpointurl") == "http://127.0.0.1:9100\n"
    change(clone / ".env", "MINIO_PORT=9100", "MINIO_PORT=9000")
    configure.write(clone, {})
    assert "endpointurl" not in (clone / ".dvc" / "config.local").read_text()


def test_port_of_the_environment_is_kept(clone: Path) -> None:
    configure.write(clone, {})
    configure.write(clone, {"MLFLOW_PORT": "5001"})
    assert load(clone).port("MLFLOW_PORT") == 5001


def test_users_own_lines_and_remotes_stay(clone: Path) -> None:
    configure.write(clone, {})
    with (clone / ".env").open("a") as env:
        env.write("# mine\nMY_OWN=1\n")
    dvc(clone, "remote", "add", "--local", "mine", "/somewhere")
    configure.write(clone, {"MINIO_PORT": "9100"})
    assert (clone / ".env").read_text().endswith("# mine\nMY_OWN=1\n")
    assert "mine" in dvc(clone, "remote", "list")


def test_variable_of_a_newer_version_is_added(clone: Path) -> None:
    configure.write(clone, {})
    with (clone / ".env.example").open("a") as example:
        example.write("# new\nLASTRO_NEW=5\n")
    configure.write(clone, {})
    assert parse(clone / ".env")["LASTRO_NEW"] == "5"


def test_readable_secrets_are_closed_again(clone: Path) -> None:
    configure.write(clone, {})
    (clone / ".env").chmod(0o644)
    configure.write(clone, {})
    assert mode(clone / ".env") == 0o600


def test_moved_clone_keeps_its_secrets_and_finds_its_database(clone: Path) -> None:
    configure.write(clone, {})
    moved = clone.rename(clone.with_name("moved"))
    configure.write(moved, {})
    assert load(moved).values["MLFLOW_TRACKING_URI"] == f"sqlite:///{moved}/var/mlflow/mlflow.db"


def test_clone_in_a_folder_with_blanks_has_a_valid_env(clone: Path) -> None:
    named = clone.rename(clone.with_name("my clone"))
    configure.write(named, {})
    assert parse(named / ".env")["MLFLOW_TRACKING_URI"] == "sqlite:///var/mlflow/mlflow.db"


def test_tracking_server_elsewhere_is_kept(clone: Path) -> None:
    configure.write(clone, {})
    address = parse(clone / ".env")["MLFLOW_TRACKING_URI"]
    change(clone / ".env", f"MLFLOW_TRACKING_URI={address}", "MLFLOW_TRACKING_URI=https://mlflow.example.org")
    configure.write(clone, {})
    assert load(clone).values["MLFLOW_TRACKING_URI"] == "https://mlflow.example.org"
    assert not load(clone).local_tracking


def test_store_elsewhere_is_used_without_secrets_of_ours(clone: Path) -> None:
    configure.write(clone, {"AWS_ENDPOINT_URL_S3": ELSEWHERE, "AWS_DEFAULT_REGION": "eu-west-1", "LASTRO_BUCKET": "b"})
    values = parse(clone / ".env")
    assert (values["AWS_ENDPOINT_URL_S3"], values["MLFLOW_S3_ENDPOINT_URL"]) == (ELSEWHERE, ELSEWHERE)
    assert not load(clone).local_store
    assert values["AWS_SECRET_ACCESS_KEY"] == ""
    assert "access_key" not in (clone / ".dvc" / "config.local").read_text()
    assert dvc(clone, "config", "--local", "remote.minio.url") == "s3://b/dvc\n"
    assert dvc(clone, "config", "--local", "remote.minio.region") == "eu-west-1\n"


def test_contradiction_between_environment_and_env_is_a_sentence(clone: Path) -> None:
    configure.write(clone, {})
    with pytest.raises(SetupError, match=r"LASTRO_STATE is /elsewhere in the environment and var in \.env"):
        configure.write(clone, {"LASTRO_STATE": "/elsewhere"})
    with pytest.raises(SetupError, match="AWS_ENDPOINT_URL_S3 is https"):
        configure.write(clone, {"AWS_ENDPOINT_URL_S3": ELSEWHERE})
    with pytest.raises(
        SetupError, match=r"^LASTRO_SLACK_WEBHOOK_URL is one value in the environment and another in \.env"
    ):
        configure.write(clone, {"LASTRO_SLACK_WEBHOOK_URL": "https://hooks.example.org/secret"})


def test_other_stores_keys_in_the_users_environment_are_not_taken(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPRIVATE")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "private")
    configure.write(clone, os.environ)
    assert "AKIAPRIVATE" not in (clone / ".env").read_text()
    assert "AWS_SESSION_TOKEN" not in load(clone).environment()


@pytest.mark.parametrize("value", ["two words", "a$b", "a'b", "a\nb"])
def test_value_that_env_cannot_hold_is_a_sentence(clone: Path, value: str) -> None:
    with pytest.raises(SetupError, match="cannot hold LASTRO_STATE"):
        configure.write(clone, {"LASTRO_STATE": value})


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1"])
def test_port_that_is_none_is_a_sentence(clone: Path, value: str) -> None:
    with pytest.raises(SetupError, match=f"API_PORT={value} in .env is not a port"):
        configure.write(clone, {"API_PORT": value})


def test_shared_port_is_a_sentence(clone: Path) -> None:
    with pytest.raises(SetupError, match=r"MLFLOW_PORT and API_PORT in \.env are both 8000"):
        configure.write(clone, {"MLFLOW_PORT": "8000"})


def test_directory_takes_the_stores_place_and_gives_it_back(clone: Path) -> None:
    configure.write(clone, {})
    configure.write_remote(load(clone), directory=True)
    assert dvc(clone, "remote", "default") == "local\n"
    assert dvc(clone, "config", "--local", "remote.local.url") == f"{clone}/var/dvc-remote\n"
    configure.write(clone, {})
    assert dvc(clone, "remote", "default") == "minio\n"
