"""This checkout's commit -> a Git repository that Argo CD and the cluster's Jobs read, and that tests push to

By default a pod of the cluster serves it, in a namespace of its own, and tests push through `kubectl port-forward`.
Another one is named by LASTRO_ARGOCD_PUSH, where these tests push to (its branch `main` is overwritten), and
LASTRO_ARGOCD_URL, by which Argo CD and the cluster read it.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.kubernetes.cluster import Cluster, pod
from tests.ports import free_port

NAMESPACE, PORT = "lastro-git", 9418
OVERLAYS = Path("deploy") / "kubernetes" / "overlays"
USER = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgSign=false")
SERVE = f"""
git init --quiet --bare --initial-branch=main /tmp/git/lastro.git
exec git daemon --base-path=/tmp/git --export-all --enable=receive-pack --listen=0.0.0.0 --port={PORT}
"""


@dataclass
class Repository:
    """A clone to work in, and the address by which the cluster reads what is pushed from it."""

    root: Path
    url: str

    def git(self, *words: str) -> str:
        """Return what Git prints."""
        done = subprocess.run(["git", *USER, *words], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def head(self) -> str:
        """Return the commit that was pushed last."""
        return self.git("rev-parse", "HEAD")

    def commit(self, subject: str) -> str:
        """Commit all that changed and push it; return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        return self.push()

    def push(self) -> str:
        """Push what is checked out to `main`; return the commit."""
        self.git("push", "--quiet", "--force", "test", "HEAD:refs/heads/main")
        return self.head()

    def overlay(self, name: str, tag: str) -> None:
        """Make an overlay like `local` that runs the images of a tag, and push it."""
        folder = self.root / OVERLAYS / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root / OVERLAYS / "local", folder)
        for path in folder.glob("*.yaml"):
            path.write_text(path.read_text().replace("lastro-local", f"lastro-{name}"))
        path = folder / "kustomization.yaml"
        path.write_text(path.read_text().replace("newTag: local", f"newTag: {tag}"))
        self.commit(f"An overlay {name}")

    def edit(self, name: str, **lists: list[object]) -> None:
        """Set lists of an overlay's kustomization.yaml; an empty one is removed."""
        path = self.root / OVERLAYS / name / "kustomization.yaml"
        found = yaml.safe_load(path.read_text()) | lists
        path.write_text(yaml.safe_dump({key: value for key, value in found.items() if value}, sort_keys=False))


def kept() -> bool:
    """Say whether what is deployed stays."""
    return bool(os.environ.get("LASTRO_TEST_KEEP"))


@contextmanager
def served(root: Path, tag: str) -> Iterator[Repository]:
    """Yield a repository with this checkout's commit."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    with places(tag) as (push, url):
        found = Repository(root, url)
        found.git("remote", "add", "test", push)
        yield found


@contextmanager
def places(tag: str) -> Iterator[tuple[str, str]]:
    """Yield where tests push to, and what the cluster reads."""
    named = os.environ.get("LASTRO_ARGOCD_PUSH"), os.environ.get("LASTRO_ARGOCD_URL")
    if named[0] and named[1]:
        yield named[0], named[1]
        return
    cluster = Cluster(NAMESPACE)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    try:
        more = {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
        image, volumes = f"lastro-pipeline:{tag}", [{"name": "tmp", "emptyDir": {}}]
        server = pod("git", image, ["sh", "-euc", SERVE], {"app": "git"}, container=more, volumes=volumes)
        cluster.apply(server)
        cluster.kubectl("wait", "--for=condition=Ready", "pod/git", "--timeout=180s")
        with forwarded(cluster, "pod/git", PORT) as port:
            address = cluster.get("pod", "git")["status"]["podIP"]  # a Service's needs more of where Argo CD runs
            yield f"git://127.0.0.1:{port}/lastro.git", f"git://{address}/lastro.git"
    finally:
        if not kept():
            cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


@contextmanager
def forwarded(cluster: Cluster, to: str, port: int) -> Iterator[int]:
    """Yield a port of this machine behind which a pod's answers."""
    own = free_port()
    command = ["kubectl", "--namespace", cluster.namespace, "port-forward", to, f"{own}:{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            cluster.wait(f"a port to {to}", lambda: answers(own), 60)
            time.sleep(1)  # the pod's own server may be about to listen
            yield own
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Say whether a port of this machine is open."""
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0
