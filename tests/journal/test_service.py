"""Which code answers, on what machine: asked of Git where there is a checkout, said by an image where there is none"""

import json
import subprocess
from pathlib import Path

import numpy as np

from src.journal.service import processor, service_of


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_checkout_says_its_commit_and_whether_the_code_was_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert service_of(tmp_path)[2:4] == (None, None)  # no commit yet
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes").write_text("no code")
    assert service_of(tmp_path)[2:4] == (commit, False)
    (tmp_path / "src" / "b.py").write_text("2")
    assert service_of(tmp_path)[2:4] == (commit, True)


def test_image_says_what_it_was_built_from(tmp_path: Path) -> None:
    assert service_of(tmp_path)[2:4] == (None, None)
    assert service_of(tmp_path, "a" * 40)[2:4] == ("a" * 40, False)
    assert service_of(tmp_path, "a" * 40 + "-dirty")[2:4] == ("a" * 40, True)


def test_libraries_and_processor_are_named(tmp_path: Path) -> None:
    found = service_of(tmp_path)
    assert json.loads(found.libraries)["numpy"] == np.__version__
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: A Fast One @ 3 GHz\nmodel name\t: another\n")
    assert processor(tmp_path / "cpuinfo") == "A Fast One @ 3 GHz"
    assert found.cpu
