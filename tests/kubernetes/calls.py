"""Requests to the API from a Job in the cluster, while something happens to it"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.kubernetes.cluster import Cluster, job, pod, script

IMAGE = "lastro-page:local"
MOUNTS = {"volumeMounts": [{"name": "page", "mountPath": "/run/secrets", "readOnly": True}]}
VOLUMES = [{"name": "page", "secret": {"secretName": "page", "defaultMode": 0o440}}]
RATE = 8  # a second: below a key's limit of 600 a minute
ASK = """
import json, sys, urllib.request
key = open("/run/secrets/LASTRO_API_KEY").read().strip()
for address in sys.argv[1:]:
    request = urllib.request.Request(address, headers={"x-api-key": key})
    print(urllib.request.urlopen(request, timeout=30).read().decode())
"""


class Calls(dict[str, Any]):
    """What the Job has told when it ended: `asked`, `failed`, `last`."""


@contextmanager
def calling(cluster: Cluster, name: str, many: int) -> Iterator[Calls]:
    """Let a Job ask so many times; what happens inside of the block happens meanwhile. Then wait for the Job's end."""
    told, command = Calls(), ["python", "-c", script("caller"), str(many), str(RATE)]
    cluster.kubectl("delete", "job", name, "--ignore-not-found", "--wait")
    labels = {"app": name, "lastro/to-api": "yes"}
    cluster.apply(job(pod(name, IMAGE, command, labels, container=MOUNTS, volumes=VOLUMES)))
    cluster.wait("the first request", lambda: "asking" in cluster.kubectl("logs", f"job/{name}", check=False), 120)
    yield told
    told |= json.loads(cluster.end(name, many / RATE + 300).splitlines()[-1])
    cluster.kubectl("delete", "job", name, "--wait")


def answers(cluster: Cluster, *addresses: str) -> list[Any]:
    """What the API, or one pod of it, answers to the page's key."""
    said = cluster.kubectl("exec", "deployment/page", "--", "python", "-c", ASK, *addresses)
    return [json.loads(line) for line in said.splitlines()]


def serving(cluster: Cluster) -> list[str | None]:
    """The version that each of the API's pods serves."""
    there = [each["status"].get("podIP") for each in cluster.staying("api")]
    found = answers(cluster, *(f"http://{address}:8000/model/info" for address in there if address))
    return [each["model"]["version"] for each in found]
