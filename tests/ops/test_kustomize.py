"""What builds an overlay is a kubectl that is new enough, else kustomize; a refusal is one sentence."""

from pathlib import Path

import pytest

from ops import kustomize
from ops.errors import SetupError

KUBECTL = """#!/bin/sh
echo '{{"clientVersion": {{"major": "1", "minor": "{minor}"}}}}'
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH; the cache is empty."""
    (tmp_path / "programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "programs"


def program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("minor", "taken"), [("20+", False), ("26", False), ("27", True), ("37", True)])
def test_kubectl_is_taken_where_it_is_new_enough(programs: Path, minor: str, taken: bool) -> None:
    kubectl = program(programs / "kubectl", KUBECTL.format(minor=minor))
    assert kustomize.find() == ([kubectl, "kustomize"] if taken else None)


@pytest.mark.parametrize("text", ["#!/bin/sh\necho Hello\n", "#!/bin/sh\nexit 1\n", "\x7fELF"])
def test_another_program_of_that_name_is_not_taken(programs: Path, text: str) -> None:
    program(programs / "kubectl", text)
    assert kustomize.find() is None


def test_kustomize_that_was_built_before_is_taken(programs: Path) -> None:
    assert list(programs.iterdir()) == []
    built = program(kustomize.PROGRAM.cached(), "")
    assert kustomize.find() == [built, "build"]


def test_overlay_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SetupError, match="stage: no overlay of that name, but local, production, staging"):
        kustomize.folder_of("stage")


def test_what_does_not_build_says_why(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"does not build: .*kustomization"):
        kustomize.build(kustomize.find_or_build(), tmp_path)
