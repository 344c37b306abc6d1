"""Argo CD follows a repository: pods, promotions and rollbacks come of commits, and what is done by command stands

The tests stand in the order of a deployment's days, each where the one before left it.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from src.lineage.overlay import naming
from tests.argocd.application import Application
from tests.argocd.chain import Chain, reached
from tests.argocd.repository import OVERLAYS, Repository
from tests.kubernetes.calls import serving
from tests.kubernetes.cluster import PATIENCE

SECONDS = 120  # from a commit to the pods
RELEASE = (Path(__file__).parent / "release.py").read_text(encoding="utf-8")
ENTER = ("python", "-m", "ops.enter", "python", "-c", RELEASE)
NOTE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: note
data: {what: of these tests}
"""
PATCH = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "page"},
    "spec": {"template": {"metadata": {"annotations": {"lastro/note": "of these tests"}}}},
}


Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Tell what was measured."""

    def told(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return told


@pytest.fixture(scope="module")
def chain(
    application: Application, repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    """The chain with three versions: 2 as good as 1, and 3 that no commit makes."""
    for number, points, how in ((2, 1, "committed"), (3, 2, "edited")):
        application.there.as_job("training", f"release-{number}", *ENTER, str(points), how)
        application.there.end(f"release-{number}", 300)
    with reached(repository.root, application.there, tmp_path_factory.mktemp("keys")) as found:
        assert [each["alias"] for each in found.registry("list")] == ["champion", None, "challenger"]
        yield found


def test_commit_is_in_pods_within_two_minutes(application: Application, repository: Repository, say: Say) -> None:
    folder = repository.root / OVERLAYS / application.overlay
    (folder / "note.yaml").write_text(NOTE)
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    patches = [*kustomization["patches"], {"patch": yaml.safe_dump(PATCH)}]
    repository.edit(application.overlay, resources=[*kustomization["resources"], "note.yaml"], patches=patches)
    commit = repository.commit("A note")
    waited = application.there.wait("pods of the commit", lambda: noted(application), SECONDS)
    say(f"commit to pods: {waited:.0f} s; to the end of its sync {waited + application.synced(commit, 300):.0f} s")
    assert waited <= SECONDS * PATIENCE


def noted(application: Application) -> bool:
    """Say whether each of the page's pods is of the commit, and ready."""
    found = application.there.pods("page")
    of = [pod["metadata"].get("annotations", {}).get("lastro/note") for pod in found]
    ready = [each["ready"] for pod in found for each in pod["status"].get("containerStatuses", [])]
    return bool(found) and all(of) and bool(ready) and all(ready)


def test_scale_by_hand_is_healed(application: Application, say: Say) -> None:
    asked = replicas(application)
    application.there.kubectl("scale", "deployment/page", f"--replicas={asked + 2}")
    waited = application.there.wait("the overlay's number", lambda: replicas(application) == asked, SECONDS)
    say(f"healed: {waited:.0f} s")


def replicas(application: Application) -> int:
    """Return how many pods of the page are asked for."""
    found: int = application.there.get("deployment", "page")["spec"]["replicas"]
    return found


def test_removed_manifest_is_pruned(application: Application, repository: Repository, say: Say) -> None:
    folder = repository.root / OVERLAYS / application.overlay
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    repository.edit(application.overlay, resources=[each for each in kustomization["resources"] if each != "note.yaml"])
    (folder / "note.yaml").unlink()
    assert application.there.get("configmap", "note")
    commit = repository.commit("No note")
    gone = "NotFound"
    there = application.there
    waited = there.wait(
        "the end of what was removed", lambda: gone in there.kubectl("get", "configmap", "note", check=False), SECONDS
    )
    say(f"pruned: {waited:.0f} s")
    application.synced(commit, 300)


def test_merge_promotes_and_revert_rolls_back(
    application: Application, repository: Repository, chain: Chain, say: Say
) -> None:
    found = chain.registry("promote", "2", "--gitops", application.overlay)
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge", found["branch"])
    took = application.synced(repository.push(), 400)
    event = chain.last()
    assert (event["kind"], event["from"], event["to"], event["forced"]) == ("promote", 1, 2, False)
    assert event["why"].startswith(f"commit {found['commit']}, overlay {application.overlay}: Promote version 2")
    assert {gate["name"]: gate["passed"] for gate in event["gates"]}["roc_auc"] is True
    waited = application.there.wait("the version in every pod", lambda: served(application, "2"), 90)
    say(f"merge to the end of its sync: {took:.0f} s; every pod serves it {waited:.0f} s later")
    repository.git("revert", "--no-edit", "--mainline", "1", "HEAD")
    commit = repository.push()
    took = application.synced(commit, 400)
    event = chain.last()
    assert (event["kind"], event["from"], event["to"]) == ("rollback", 2, 1)
    assert event["why"].startswith(f"commit {commit}, overlay {application.overlay}: Revert")
    waited = application.there.wait("the version in every pod", lambda: served(application, "1"), 90)
    say(f"revert to the end of its sync: {took:.0f} s; every pod serves it {waited:.0f} s later")


def served(application: Application, version: str) -> bool:
    """Say whether each pod of the API answers with a version."""
    return set(serving(application.there)) == {version}


def test_rollback_by_command_is_not_undone_by_the_next_sync(
    application: Application, repository: Repository, chain: Chain
) -> None:
    found = chain.registry("promote", "2", "--gitops", application.overlay)
    assert found["event"] == "rollback"  # it was champion before
    repository.git("merge", "--quiet", found["branch"])
    application.synced(repository.push(), 400)
    assert (chain.last()["kind"], chain.last()["to"]) == ("rollback", 2)
    chain.registry("rollback", "--to", "1", "--why", "by command")
    folder = repository.root / OVERLAYS / application.overlay
    resources = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    (folder / "note.yaml").write_text(NOTE)
    repository.edit(application.overlay, resources=[*resources, "note.yaml"])
    application.synced(repository.commit("Another note"), 300)
    assert (chain.last()["kind"], chain.last()["why"]) == ("rollback", "by command")


def test_refused_gate_fails_the_sync_while_the_old_version_goes_on(
    application: Application, repository: Repository, chain: Chain, say: Say
) -> None:
    path = repository.root / OVERLAYS / application.overlay / "model.yaml"
    path.write_text(naming(str(path), path.read_text(), 3))
    commit = repository.commit("Promote version 3, past its gates")
    say(f"refused: {application.failed(commit, 500):.0f} s: {application.status()['operationState']['message']}")
    event = chain.last()
    assert (event["kind"], event["version"], event["to"]) == ("refuse", 3, None)
    assert event["why"].startswith(f"commit {commit}, overlay {application.overlay}")
    (pod,) = application.there.pods("promotion")
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 1
    assert "clean_commit: failed: no commit makes it as it is" in ended["message"]
    assert served(application, "1")
    repository.git("revert", "--no-edit", "HEAD")
    application.synced(repository.push(), 400)
    assert served(application, "1")
