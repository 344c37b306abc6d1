"""A cluster with Argo CD, as KUBECONFIG and `kubectl` on PATH have it; `make test-argocd` alone runs what is here

What is deployed is an overlay of these tests' own, a copy of `local` in a namespace of its own, from a repository of
their own: see repository.py. LASTRO_TEST_TAG names images that the cluster has already; without it those of this
checkout are built and loaded. With LASTRO_TEST_KEEP all stays when the tests end, and the next run goes on with it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.argocd.application import Application
from tests.argocd.repository import NAMESPACE, Repository, kept, served
from tests.conftest import ROOT
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.conftest import CANNOT, reached

__all__ = ["reached"]
HERE = Path(__file__).parent
OVERLAY = "argocd"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: pyproject.toml leaves them out where they are not asked for."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.argocd)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def tag(reached: Cluster) -> str:
    """The tag of the images."""
    if "NotFound" in reached.kubectl("get", "crd", "applications.argoproj.io", check=False):
        pytest.exit("These tests need Argo CD in the cluster that KUBECONFIG names.", CANNOT)
    for namespace in (f"lastro-{OVERLAY}", NAMESPACE):
        if "NotFound" not in reached.kubectl("get", "namespace", namespace, check=False) and not kept():
            pytest.exit(f"There is a namespace {namespace} already, and the tests would delete it.", CANNOT)
    if given := os.environ.get("LASTRO_TEST_TAG"):
        return given
    subprocess.run([sys.executable, "-m", "ops.images"], cwd=ROOT, check=True)
    return "local"


@pytest.fixture(scope="session")
def repository(tag: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository that Argo CD reads, with this checkout's commit and an overlay that runs its images."""
    with served(tmp_path_factory.mktemp("work") / "lastro", tag) as found:
        found.overlay(OVERLAY, tag)
        yield found


@pytest.fixture(scope="session")
def application(repository: Repository) -> Iterator[Application]:
    """The Application of overlay `local`, made that of this one, synced a first time and healthy."""
    found = Application(OVERLAY)
    try:
        found.begin(repository.url)
        found.synced(repository.head(), 900)
        yield found
    finally:
        if not kept():
            found.end()
