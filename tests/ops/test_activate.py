import shutil
import subprocess
from pathlib import Path

import pytest

from ops import bootstrap, configure
from ops.deployment import load

SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]


def sourced(shell: str, clone: Path, folder: Path, then: str) -> subprocess.CompletedProcess[str]:
    """Source the clone's script in a folder, then run a line."""
    name = "./activate" if folder == clone else str(clone / "activate")
    return subprocess.run([shell, "-c", f". {name}; {then}"], cwd=folder, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_activated_terminal_has_the_programs_and_the_variables_but_not_the_services_own(
    shell: str, clone: Path
) -> None:
    configure.write(clone, {})
    shown = sourced(
        shell,
        clone,
        clone,
        'command -v dvc; echo "$AWS_SECRET_ACCESS_KEY $LASTRO_BUCKET ${MINIO_PORT:-no} ${LASTRO_API_KEYS:-no}"',
    ).stdout
    deployment = load(clone)
    secret = deployment.values["AWS_SECRET_ACCESS_KEY"]
    assert shown.split() == [f"{deployment.venv}/bin/dvc", secret, "lastro", "no", "no"]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell != "sh"])
def test_activation_works_from_another_folder(shell: str, clone: Path, tmp_path: Path) -> None:
    configure.write(clone, {})
    assert sourced(shell, clone, tmp_path, "echo $AWS_ENDPOINT_URL_S3").stdout == "http://127.0.0.1:9000\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_activation_without_set_up_says_what_to_run(shell: str, clone: Path) -> None:
    assert "run `make run`" in sourced(shell, clone, clone, "true").stderr


def test_activation_leaves_no_proxy_between_terminal_and_services(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure.write(clone, {})
    monkeypatch.setenv("NO_PROXY", "intranet")
    twice = sourced("sh", clone, clone, ". ./activate; echo $NO_PROXY $no_proxy").stdout
    assert twice.split() == ["intranet,127.0.0.1,localhost"] * 2


@pytest.mark.parametrize("shell", SHELLS)
def test_environment_that_was_moved_is_not_activated(
    shell: str, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure.write(clone, {})
    venv = tmp_path / "a venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "activate").write_text("VIRTUAL_ENV=wrong\n")
    monkeypatch.setenv("VENV", str(venv))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (venv / bootstrap.STAMP).write_text(f"0123abc {tmp_path}/former venv\n")
    done = sourced(shell, clone, clone, "echo ${VIRTUAL_ENV:-none}")
    assert done.stdout == "none\n"
    assert done.stderr == (
        f"activate: {venv} was made in {tmp_path}/former venv and does not work here; run `make run` first\n"
    )
    (venv / bootstrap.STAMP).write_text(bootstrap._stamp(venv))
    assert sourced(shell, clone, clone, "echo $VIRTUAL_ENV").stdout == "wrong\n"
