"""A cluster, as KUBECONFIG and `kubectl` on PATH have it; `make test-kubernetes` alone runs what is here

Overlay `local` is applied from images of this very checkout, and its namespace is deleted in the end. With
LASTRO_TEST_KEEP it stays, and the next run goes on with it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.kubernetes.cluster import OVERLAYS, Cluster

HERE = Path(__file__).parent
NAMESPACE = "lastro-local"
CANNOT = 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: pyproject.toml leaves them out where they are not asked for."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kubernetes)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def reached() -> Cluster:
    """Without a cluster no test here can say anything, and the run ends with a sentence."""
    if not os.environ.get("KUBECONFIG"):
        pytest.exit("These tests need a cluster: set KUBECONFIG to its file.", CANNOT)
    if shutil.which("kubectl") is None:
        pytest.exit("These tests need kubectl, 1.27 or newer, and there is none on PATH.", CANNOT)
    said = subprocess.run(["kubectl", "get", "--raw", "/readyz"], capture_output=True, text=True)
    if said.returncode:
        last = said.stderr.strip().rpartition("\n")[2]
        pytest.exit(f"The cluster that KUBECONFIG names does not answer: {last}", CANNOT)
    return Cluster("default")


@pytest.fixture(scope="session")
def cluster(reached: Cluster) -> Iterator[Cluster]:
    """Overlay `local`, as a user applies it, with all that it brings up."""
    found, kept = Cluster(NAMESPACE), bool(os.environ.get("LASTRO_TEST_KEEP"))
    there = "NotFound" not in reached.kubectl("get", "namespace", NAMESPACE, check=False)
    if there and not kept:
        pytest.exit(f"There is a namespace {NAMESPACE} already, and the tests would delete it: do it yourself.", CANNOT)
    try:
        if not there:
            subprocess.run([sys.executable, "-m", "ops.images"], cwd=ROOT, check=True)
            found.kubectl("apply", "--kustomize", str(OVERLAYS / "local"))
        for job in found.get("jobs")["items"]:
            if "ownerReferences" not in job["metadata"]:
                found.end(job["metadata"]["name"], 900)
        for deployment in ("mlflow", "api", "page"):
            found.rolled_out(deployment, 300)
        yield found
    finally:
        if not kept:
            found.kubectl("delete", "namespace", NAMESPACE, "--wait", "--timeout=300s", check=False)
