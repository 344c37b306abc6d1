"""Overlay `local` and the command that builds its images name the same ones, as compose.yaml builds them."""

import pytest
import yaml

from ops import images
from ops.errors import SetupError
from tests.conftest import ROOT


def test_images_are_those_of_overlay_local_and_compose() -> None:
    overlay = yaml.safe_load((ROOT / "deploy/kubernetes/overlays/local/kustomization.yaml").read_text(encoding="utf-8"))
    assert {f"{each['newName']}:{each['newTag']}" for each in overlay["images"]} == set(images.names())
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    built = {each["build"].get("target") for each in services if "build" in each}
    assert set(images.TARGETS.values()) - built <= {"batch"}  # which compose does not run
    said = {each["image"].partition(":-")[2].rstrip("}") for each in services if "_IMAGE:-" in each.get("image", "")}
    assert set(images.PUBLIC) <= said


def test_commit_is_an_argument_and_the_loading_command_takes_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    *ours, store = images.commands("c" * 40)
    assert all(f"GIT_COMMIT={'c' * 40}" in words for words in ours)
    assert store[-2:] == [".devcontainer/minio.Dockerfile", ".devcontainer"]
    monkeypatch.setenv("LASTRO_LOAD_IMAGES", "sh -c 'test $0 = lastro-api:local'")
    images.load(["lastro-api:local"])
    with pytest.raises(SetupError, match=r"lastro-page:local` failed; above is why\.$"):
        images.load(["lastro-page:local"])
