"""The CronJob training as a Job: nothing new, then outcomes; the committed model again; a promotion to every pod."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.conftest import ROOT
from tests.kubernetes.calls import answers, serving
from tests.kubernetes.cluster import PATIENCE, Cluster, pod, script

ENTER = ("python", "-m", "ops.enter")
AGAIN = """
import hashlib, json
from pathlib import Path
from ops import pipeline
from ops.deployment import ROOT
pipeline.enter(pipeline.copy(ROOT, pipeline.WORK / "lastro"))
pipeline.call("dvc", "repro", "--force")
print(hashlib.sha256(Path("models/model.pkl").read_bytes()).hexdigest())
"""
PROMOTE = """
import sys
from ops import pipeline
from ops.deployment import ROOT
pipeline.enter(pipeline.copy(ROOT, pipeline.WORK / "lastro"))
registry = (sys.executable, "-m", "src.lineage.registry")
pipeline.call(*registry, "promote", sys.argv[1], "--why", "the tests of the cluster", "--force")
pipeline.call(*registry, "history", "--json")
"""
SERVE = """
cp -r /srv/lastro/.git /tmp/history && git clone --quiet --bare /tmp/history /tmp/git/lastro.git
exec git daemon --base-path=/tmp/git --export-all --enable=receive-pack --listen=0.0.0.0 --port=9418
"""
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "git"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "git"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"lastro/to-git": "yes"}}}],
                "ports": [{"protocol": "TCP", "port": 9418}],
            }
        ],
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "git"},
    "spec": {"selector": {"app": "git"}, "ports": [{"port": 9418}]},
}


@pytest.fixture(scope="module")
def _remote(cluster: Cluster) -> Iterator[None]:
    """A Git server in the cluster that holds the history the image was built from; training is told where it is."""
    more = {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
    volumes = [{"name": "tmp", "emptyDir": {}}]
    server = pod("git", "lastro-pipeline:local", ["sh", "-euc", SERVE], {"app": "git"}, container=more, volumes=volumes)
    cluster.apply(server, SERVICE, POLICY)
    address = json.dumps({"data": {"LASTRO_GIT_REMOTE": "git://git/lastro.git"}})
    cluster.kubectl("patch", "configmap", "lastro", "--type=merge", "--patch", address)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/git", "--timeout=60s")
    yield
    cluster.kubectl("delete", "pod/git", "service/git", "networkpolicy/git")


def branches(cluster: Cluster) -> list[str]:
    """The retrained branches that the Git server has, each with its commit."""
    form = "--format=%(refname:short) %(objectname)"
    words = ("git", "--git-dir=/tmp/git/lastro.git", "for-each-ref", form, "refs/heads/retrain-*")
    return cluster.kubectl("exec", "git", "--", *words).splitlines()


@pytest.mark.usefixtures("_remote")
def test_training_with_nothing_new_ends_well_and_publishes_nothing(cluster: Cluster) -> None:
    cluster.as_job("training", "training-nothing")
    assert "nothing new to train on" in cluster.end("training-nothing", 600)
    (models,) = answers(cluster, "http://api:8000/models")
    assert [each["version"] for each in models["versions"]] == ["1"]
    assert branches(cluster) == []


@pytest.mark.usefixtures("_remote")
def test_training_with_outcomes_pushes_a_branch_and_publishes_a_challenger(cluster: Cluster) -> None:
    cluster.as_job("training", "outcomes", *ENTER, "python", "-c", script("outcomes"))
    assert "300 outcomes" in cluster.end("outcomes", 300)
    cluster.as_job("training", "training-outcomes")
    said = cluster.end("training-outcomes", 1200)
    ((branch, commit),) = (line.split() for line in branches(cluster))
    assert f"of branch {branch}: " in said
    (models,) = answers(cluster, "http://api:8000/models")
    found = {each["version"]: (each["alias"], each["git_commit"]) for each in models["versions"]}
    assert found["2"] == ("challenger", commit)
    assert found["1"][0] == "champion"


def test_forced_run_in_the_same_image_makes_the_committed_model(cluster: Cluster) -> None:
    cluster.as_job("training", "again", *ENTER, "python", "-c", AGAIN)
    committed = json.loads((ROOT / "models" / "model.json").read_text(encoding="utf-8"))["sha256"]
    assert cluster.end("again", 1200).split()[-1] == committed


def test_promotion_reaches_every_pod_within_a_minute(cluster: Cluster) -> None:
    (former,) = set(serving(cluster))
    wanted = {"1": "2", "2": "1"}[str(former)]
    cluster.as_job("training", "promotion-by-hand", *ENTER, "python", "-c", PROMOTE, wanted)
    cluster.wait("the promoted version in both pods", lambda: serving(cluster) == [wanted, wanted], 300)
    there = datetime.now(UTC)
    said = cluster.end("promotion-by-hand", 120)
    history = json.loads(said[said.index("\n[") :])
    promoted = max(datetime.fromisoformat(each["time"]) for each in history if each["kind"] == "promote")
    assert (there - promoted).total_seconds() <= 60 * PATIENCE
