import sys
from pathlib import Path

import pytest

from ops import reproduce
from tests.conftest import ELSEWHERE


def test_only_a_python_of_that_version_that_runs_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    here = ".".join(map(str, sys.version_info[:2]))
    assert reproduce.interpreter(here) is None
    (tmp_path / f"python{here}").symlink_to(sys.executable)
    assert reproduce.interpreter(here) == str(tmp_path / f"python{here}")
    (tmp_path / "python3.99").symlink_to(sys.executable)
    assert reproduce.interpreter("3.99") is None


@pytest.mark.parametrize(("ci", "found", "code"), [("", 1, 0), ("1", 1, 1), ("1", 3, 0), ("", 0, 1)])
def test_check_of_a_change_needs_every_python_and_a_user_one(
    ci: str, found: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(reproduce, "interpreter", {v: v for v in reproduce.PYTHONS[:found]}.get)
    monkeypatch.setattr(reproduce, "reproduces", lambda *_: [])
    with pytest.raises(SystemExit) as caught:
        reproduce.main()
    assert int(caught.value.code or 0) == code


def test_environment_is_another_one_than_the_tests() -> None:
    same = {name for name, value in reproduce.USUAL.items() if ELSEWHERE.get(name) == value}
    assert same == set()
