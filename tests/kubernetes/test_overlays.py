"""Every overlay and every Application, as the cluster's own server judges them; nothing of it stays."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.kubernetes.cluster import OVERLAYS, Cluster

NAMES = ("local", "staging", "production")
ARGOCD = ROOT / "deploy" / "argocd"
CRDS = sorted((ARGOCD / "crds").glob("*.yaml"))


@pytest.fixture(params=NAMES)
def overlay(reached: Cluster, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An overlay whose namespace is there, for a dry run makes none."""
    folder = OVERLAYS / request.param
    space = str(folder / "namespace.yaml")
    new = "NotFound" in reached.kubectl("get", "--filename", space, check=False)
    reached.kubectl("apply", "--filename", space)
    yield folder
    if new:
        reached.kubectl("delete", "--filename", space, "--wait", "--timeout=120s")


def test_server_takes_every_object_of_an_overlay(overlay: Path) -> None:
    cluster = Cluster(f"lastro-{overlay.name}")
    built = [each for each in yaml.safe_load_all(cluster.kubectl("kustomize", str(overlay))) if each]
    said = cluster.kubectl(
        "apply", "--kustomize", str(overlay), "--server-side", "--dry-run=server", "--force-conflicts"
    )
    assert said.count("serverside-applied (server dry run)") == len(built) >= 10
    assert (
        "horizontalpodautoscaler.autoscaling/api " in said
    )  # that it scales was not seen: that needs a metrics-server
    assert not [line for line in said.splitlines() if "Warning" in line]


@pytest.mark.skipif(not CRDS, reason="deploy/argocd/crds brings the definitions")
def test_server_takes_every_application(reached: Cluster) -> None:
    files = [ARGOCD / f"{name}.yaml" for name in NAMES]
    new = [crd for crd in CRDS if "NotFound" in reached.kubectl("get", "--filename", str(crd), check=False)]
    for crd in new:
        reached.kubectl("apply", "--server-side", "--filename", str(crd))
        reached.kubectl("wait", "--for=condition=Established", "--filename", str(crd), "--timeout=60s")
    try:
        for file in files:
            asked = yaml.safe_load(file.read_text(encoding="utf-8"))
            asked["metadata"]["namespace"] = "default"
            said = reached.kubectl("apply", "--dry-run=server", "--filename", "-", given=json.dumps(asked))
            assert "created (server dry run)" in said or "configured (server dry run)" in said
    finally:
        for crd in new:
            reached.kubectl("delete", "--filename", str(crd), "--wait")
