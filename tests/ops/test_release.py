"""What the release's workflows do: a tag's notes and images, an overlay moved to it, a version's gates."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ops import release
from ops.errors import SetupError
from ops.overlay import moved, write
from tests.conftest import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

- to come

## [1.3.0] - 2026-02-01

### Added
- a thing

## [1.2.0] - 2026-01-01

## [1.1.0] - 2025-01-01
- the first

[1.1.0]: https://example.org
"""
KUSTOMIZATION = """# what staging runs
resources: [../../base]
images:                       # `python -m ops.release move` writes these
  # ours
  - name: lastro-api          # newTag: of the API
    newName: registry.example.org/lastro/lastro-api
    newTag: 1.2.0             # a version, never latest
  - {name: lastro-page, newName: registry.example.org/lastro/lastro-page, newTag: "1.2.0"}  # {newTag: x}

  - newTag: 15-bookworm
    name: postgres
    newName: registry.example.org/postgres
# the end
patches:
  - path: model.yaml
    newTag: untouched
"""
OURS = {"lastro-api", "lastro-page"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout of version 1.3.0, its commit on main."""
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.3.0"\n')
    for command in ("init -q -b main", "add -A", "commit -qm one", "update-ref refs/remotes/origin/main HEAD"):
        git(tmp_path, *command.split())
    return tmp_path


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@e", *words], cwd=root, check=True)


def test_notes_are_the_changelogs_part_and_the_images(project: Path) -> None:
    said = release.notes(project, "v1.3.0")
    assert said.startswith("### Added\n- a thing\n\n### Images\n")
    assert "| `lastro-api` | linux/amd64, linux/arm64 |" in said
    assert "claimed for x86-64 alone" in said
    assert release.notes(project, "1.1.0").startswith("- the first\n\n### Images")


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("v1.2.0", r"CHANGELOG\.md says nothing of 1\.2\.0"),
        ("v9.0.0", r"CHANGELOG\.md says nothing of 9\.0\.0"),
        ("latest", "latest is no version"),
        ("v1.2", r"v1\.2 is no version"),
    ],
)
def test_tag_without_notes_is_refused(project: Path, tag: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        release.notes(project, tag)


def test_tag_is_released_where_it_is_the_version_and_its_commit_is_of_main(project: Path) -> None:
    release.check(project, "v1.3.0")
    with pytest.raises(SetupError, match=r"the tag v1\.1\.0 is not v1\.3\.0"):
        release.check(project, "v1.1.0")
    git(project, "commit", "-q", "--allow-empty", "-m", "beside main")
    with pytest.raises(SetupError, match=r"the commit of v1\.3\.0 is not in origin/main"):
        release.check(project, "v1.3.0")


def test_changelogs_newest_version_has_notes() -> None:
    newest = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    assert "### Images" in release.notes(ROOT, f"v{newest}")


def test_images_are_stages_of_the_dockerfile() -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {image["target"] for image in release.matrix()["include"]} <= {*stages}


def test_overlay_moves_and_nothing_else_does() -> None:
    after = moved(KUSTOMIZATION, OURS, "1.3.0", "ghcr.io/us/credit")
    changed = [
        (old, new)
        for old, new in zip(KUSTOMIZATION.splitlines(), after.splitlines(), strict=True)
        if old != new
    ]  # fmt: skip
    assert [new for _, new in changed] == [
        "    newName: ghcr.io/us/credit/lastro-api",
        "    newTag: 1.3.0             # a version, never latest",
        '  - {name: lastro-page, newName: ghcr.io/us/credit/lastro-page, newTag: "1.3.0"}  # {newTag: x}',
    ]
    images = {each["name"]: each for each in yaml.safe_load(after)["images"]}
    assert images["postgres"]["newTag"] == "15-bookworm"
    assert moved(after, OURS, "1.3.0", "ghcr.io/us/credit") == after


def test_overlay_keeps_its_registry_where_none_is_named() -> None:
    images = yaml.safe_load(moved(KUSTOMIZATION, OURS, "1.3.0"))["images"]
    assert images[0]["newName"] == "registry.example.org/lastro/lastro-api"
    assert images[0]["newTag"] == images[1]["newTag"] == "1.3.0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resources: []\n", "no list `images:`"),
        ("images:\npatches: []\n", "no list `images:`"),
        ("images:\n- name: lastro-api\n  newName: a\n", "lastro-api has no `newTag`"),
        ("images:\n- name: lastro-api\n  newTag: a\n", "lastro-api has no `newName`"),
        ("images:\n- {name: lastro-gone, newName: a, newTag: b}\n", "lastro-gone is no image of a release"),
        ("images:\n- newTag: b\n", "has no `name`"),
    ],
)
def test_overlay_that_cannot_move_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        moved(text, OURS, "1.3.0")


def test_overlay_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("before")
    write(tmp_path / "kustomization.yaml", "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kustomization.yaml", "after")]


@pytest.mark.parametrize("overlay", release.OVERLAYS)
def test_overlays_that_are_here_can_move(overlay: str) -> None:
    text = (ROOT / release.FILE.format(overlay)).read_text()
    names = {image.name for image in release.IMAGES}
    found = {each["name"]: each for each in yaml.safe_load(moved(text, names, "7.8.9", "r.example"))["images"]}
    assert {name: each["newTag"] for name, each in found.items() if name in names} == dict.fromkeys(found, "7.8.9")
    assert "lastro-api" in found


GATES = [
    {"name": "roc_auc", "passed": True, "value": 0.1, "limit": 0.0, "says": "as good"},
    {"name": "ece", "passed": None, "value": None, "limit": 0.1, "says": "too few rows"},
    {"name": "parity", "passed": False, "value": None, "limit": None, "says": "decides otherwise"},
]
SHOWN = {"version": "3", "sha256": "1e70", "git_commit": "49", "published": "2026-01-01T10:00:00", "events": []}


def test_gates_are_a_table() -> None:
    said = release.gates("promote", SHOWN, GATES, served=False)
    assert said.startswith("## Promote version 3\n\nsha256 `1e70`, commit `49`, published 2026-01-01T10:00")
    assert "| ece | cannot tell | too few rows |\n| parity | **not passed** | decides otherwise |" in said


@pytest.mark.parametrize(("served", "told"), [(True, "has served before"), (False, "has **never served**")])
def test_way_back_asks_no_gate_but_a_version_that_has_served(served: bool, told: str) -> None:
    assert f"A way back asks no gate; version 3 {told}" in release.gates("rollback", SHOWN, GATES, served=served)


@pytest.mark.parametrize(
    ("action", "refused", "served", "stopped"),
    [
        ("promote", True, True, True),
        ("promote", False, False, False),
        ("rollback", True, True, False),
        ("rollback", False, False, True),
    ],
)
def test_gates_stop_a_promotion_and_nothing_but_newness_a_way_back(
    action: str, refused: bool, served: bool, stopped: bool
) -> None:
    assert release.stopped(action, refused=refused, served=served) is stopped


def test_images_are_one_line_for_a_jobs_matrix() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops.release", "images"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == release.matrix()
