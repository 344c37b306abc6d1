import subprocess
import sys
from pathlib import Path

import pytest

from ops import bootstrap
from ops.deployment import ROOT
from ops.errors import SetupError

WRONG = "uv==0.0.1 \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be installed."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_python_that_does_not_fit_is_a_sentence(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=r"Python 3\.11 to 3\.14 is needed, this is 3\.1[05]: name another one"):
        bootstrap.check_python(version)


def test_missing_venv_module_is_a_sentence() -> None:
    with pytest.raises(SetupError, match="no not_there module: on Debian or Ubuntu, `apt install python3-venv`"):
        bootstrap.check_python(modules=("venv", "not_there"))


@pytest.mark.usefixtures("offline")
def test_failed_installation_is_a_sentence_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(WRONG)
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    base = Path(sys.base_prefix) / "bin" / "python3"
    options = ("--without-pip", "--system-site-packages")  # the base's pip: as a full environment, but at once
    subprocess.run([base, "-m", "venv", *options, tmp_path / "venv"], check=True)
    said: list[str] = []
    for _ in range(2):
        with pytest.raises(SetupError, match=r"cannot be installed: ERROR: No matching distribution"):
            bootstrap.make_environment(tmp_path / "venv", said.append)
    assert "now with pip" in said[-1]


def test_environment_that_is_complete_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(WRONG)
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / bootstrap.STAMP).write_text(bootstrap._stamp(venv))
    said: list[str] = []
    bootstrap.make_environment(venv, said.append)
    assert said == []


def test_changed_requirements_or_another_folder_are_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(WRONG)
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    before = bootstrap._stamp(tmp_path / "venv")
    assert bootstrap._stamp(tmp_path / "moved" / "venv") != before
    requirements.write_text(WRONG + "\n")
    assert bootstrap._stamp(tmp_path / "venv") != before


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """An environment that was complete before its folder got another name."""
    base, venv = Path(sys.base_prefix) / "bin" / "python3", tmp_path / "lastro" / "venv"
    subprocess.run([base, "-m", "venv", "--without-pip", "--system-site-packages", venv], check=True)
    (venv / "bin" / "tool").write_text(f"#!{venv}/bin/python\nprint('works')\n")
    (venv / "bin" / "tool").chmod(0o755)
    (venv / bootstrap.STAMP).write_text(bootstrap._stamp(venv))
    bootstrap.check_environment(venv)
    assert subprocess.run([venv / "bin" / "tool"], capture_output=True, check=True).stdout == b"works\n"
    return venv.parent.rename(tmp_path / "lastro two") / "venv"


@pytest.mark.usefixtures("offline")
def test_environment_that_was_moved_is_made_anew(moved: Path) -> None:
    with pytest.raises(SetupError, match="cannot be installed"):  # there is no network in this test
        bootstrap.make_environment(moved, [].append)
    assert not (moved / "bin" / "tool").exists(), "it would start a Python that is gone"
    assert not (moved / bootstrap.STAMP).exists()
    assert bootstrap._works(moved / "bin" / "python")


def test_environment_that_does_not_run_here_is_told_before_the_start(moved: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"lastro two/venv was made in .*/lastro/venv and does not work here: `make"):
        bootstrap.check_environment(moved)
    with pytest.raises(SetupError, match=r"There is no environment in .*/none: `make run` makes it"):
        bootstrap.check_environment(tmp_path / "none")


def test_environment_is_the_same_by_another_path(moved: Path, tmp_path: Path) -> None:
    (moved / bootstrap.STAMP).write_text(bootstrap._stamp(moved))
    (tmp_path / "link").symlink_to(moved)
    bootstrap.check_environment(tmp_path / "link")
    assert bootstrap._stamp(tmp_path / "link") == bootstrap._stamp(moved)


def test_lock_names_uv_once_with_hashes() -> None:
    lines = [line for line in bootstrap.REQUIREMENTS.read_text().splitlines() if line.startswith("uv==")]
    assert len(lines) == 1


def test_set_up_runs_without_the_environment(tmp_path: Path) -> None:
    modules = (
        *("bootstrap", "client", "configure", "deployment", "errors", "kernel", "launch", "lifecycle", "manage"),
        *("minio", "packages", "ports", "run", "services", "supervisord"),
    )
    imports = "; ".join(f"import ops.{name}" for name in modules)
    base = Path(sys.base_prefix) / "bin" / "python3"
    done = subprocess.run(
        [base, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {imports}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
