"""What tests ask of a real cluster: kubectl, an overlay applied, a pod's command run, a Job's end and words"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
PATIENCE = float(os.environ.get("LASTRO_PATIENCE", "1"))  # times all that is waited for, where a machine is busy
SAFE = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
RESTRICTED = {
    "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """A namespace of the cluster that KUBECONFIG names."""

    namespace: str

    def kubectl(self, *words: str, given: str | None = None, check: bool = True) -> str:
        """Return what `kubectl` prints; its complaints too where it may fail."""
        command = ["kubectl", "--namespace", self.namespace, *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)[:300]} returned {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout if check else f"{done.stdout}{done.stderr}"

    def get(self, *words: str) -> Any:
        """Return what there is, as JSON."""
        return json.loads(self.kubectl("get", *words, "--output", "json"))

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Make objects, or change them."""
        self.kubectl(
            "apply", "--filename", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        )

    def pods(self, app: str) -> list[dict[str, Any]]:
        """Return the pods of an application, those that end too."""
        found: list[dict[str, Any]] = self.get("pods", "--selector", f"app={app}")["items"]
        return found

    def staying(self, app: str) -> list[dict[str, Any]]:
        """Return the pods of an application that nothing has told to end."""
        return [pod for pod in self.pods(app) if "deletionTimestamp" not in pod["metadata"]]

    def wait(self, what: str, condition: Callable[[], Any], seconds: float) -> float:
        """Return after how many seconds a condition held."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > seconds * PATIENCE:
                pytest.fail(f"{what}: not within {seconds:g} s\n{self.state()}")
            time.sleep(0.3)
        return time.monotonic() - start

    def state(self) -> str:
        """Return how everything stands, for whoever reads a failure."""
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp", check=False).splitlines()[-15:]
        return "\n".join([self.kubectl("get", "pods,jobs,deployments", check=False), *events])

    def rolled_out(self, deployment: str, seconds: int = 180) -> None:
        """Wait until a Deployment's new pods are all that there are."""
        limit = f"--timeout={int(seconds * PATIENCE)}s"
        said = self.kubectl("rollout", "status", f"deployment/{deployment}", limit, check=False)
        if "successfully rolled out" not in said:
            pytest.fail(f"{said}\n{self.state()}")

    def ended(self, job: str) -> str | None:
        """Return `Complete` or `Failed`, or None while a Job runs."""
        conditions = self.get("job", job)["status"].get("conditions", [])
        return next((each["type"] for each in conditions if each["status"] == "True" and each["type"] in ENDS), None)

    def end(self, job: str, seconds: float) -> str:
        """Wait for the end of a Job and return its words; fails where it failed."""
        self.wait(f"the end of Job {job}", lambda: self.ended(job), seconds)
        said = self.kubectl("logs", f"job/{job}", "--all-containers", "--tail=-1", check=False)
        if self.ended(job) == "Failed":
            pytest.fail(f"Job {job} failed:\n{said}\n{self.state()}")
        return said

    def as_job(self, cronjob: str, name: str, *words: str) -> None:
        """Start a CronJob as a Job now; with words these are what its container runs, in all else as it is."""
        made = json.loads(
            self.kubectl("create", "job", name, f"--from=cronjob/{cronjob}", "--dry-run=client", "--output=json")
        )
        made["spec"]["backoffLimit"] = 0
        if words:
            made["spec"]["template"]["spec"]["containers"][0]["command"] = list(words)
        self.kubectl("delete", "job", name, "--ignore-not-found", "--wait")
        self.apply(made)


ENDS = ("Complete", "Failed")


def pod(name: str, image: str, command: Sequence[str], labels: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """Return a pod as a namespace that is `restricted` takes it."""
    resources = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}}
    container = {
        "name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": list(command),
        "securityContext": SAFE, "resources": resources, **more.pop("container", {}),
    }  # fmt: skip
    spec = {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1, "securityContext": RESTRICTED, "containers": [container], **more,
    }  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": dict(labels)}, "spec": spec}


def job(of: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Job of one such pod, tried once."""
    template = {"metadata": {"labels": of["metadata"]["labels"]}, "spec": of["spec"]}
    spec = {"backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": of["metadata"]["name"]}, "spec": spec}


def script(name: str) -> str:
    """Return a program of this folder, to be run in a pod."""
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
