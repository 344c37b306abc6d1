"""Each NetworkPolicy lets through what it names and nothing else; names are found, and logs are read."""

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.kubernetes.cluster import Cluster, pod, script

IMAGE = "lastro-delivery:local"
SLEEP = ["python", "-c", "import time; time.sleep(3600)"]
LISTEN = """
import http.server, sys, threading
for port in map(int, sys.argv[1:]):
    server = http.server.ThreadingHTTPServer(("", port), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever).start()
"""
HERE = {  # who is called -> where
    "api": "api:8000",
    "page": "page:8501",
    "mlflow": "mlflow:5000",
    "store": "store:9000",
    "database": "database:5432",
    "counters": "counters:6379",
}
MAY = {  # a pod's label -> whom it may call
    "": set(),
    "lastro/to-api": {"api"},
    "lastro/to-mlflow": {"mlflow"},
    "lastro/to-store": {"store"},
    "lastro/to-database": {"database"},
    "lastro/to-counters": {"counters"},
    "lastro/to-kubernetes": {"kubernetes"},
    "lastro/to-git": {"git"},
    "lastro/to-alerts": {"alerts"},
}
# of a server outside, in a namespace without policies; a node's own server is beyond what many networks enforce
PORTS = {"git": 9418, "alerts": 443, "kubernetes": 6443, "other": 8080}
HTTPS = {"lastro/to-git", "lastro/to-kubernetes"}  # who may call port 443 elsewhere, too
FROM_OUTSIDE = {"": set(), "lastro/gateway": {"api", "page"}, "lastro/prometheus": {"api"}}  # a namespace's label


def name_of(label: str) -> str:
    """The name of the pod or namespace with a label."""
    return f"probe-{label.partition('/')[2] or 'plain'}"


@pytest.fixture(scope="module")
def outside(cluster: Cluster) -> Iterator[dict[str, Cluster]]:
    """Namespaces of others, with a label each; in the first a server on the ports that `to-…` policies open."""
    found = {label: Cluster(f"lastro-{name_of(label)}") for label in FROM_OUTSIDE}
    for label, space in found.items():
        labels = {label: "yes"} if label else {}
        cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space.namespace, "labels": labels}}
        )
    low = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    server = pod("server", IMAGE, ["python", "-c", LISTEN, *map(str, PORTS.values())], {"app": "server"})
    server["spec"]["securityContext"] = {**server["spec"]["securityContext"], "sysctls": low}
    for space in found.values():
        space.wait("its account", lambda space=space: "default" in space.kubectl("get", "serviceaccounts"), 30)
        space.apply(pod("probe", IMAGE, SLEEP, {"app": "probe"}))
    found[""].apply(server)
    for space in found.values():
        space.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
    yield found
    for space in found.values():
        cluster.kubectl("delete", "namespace", space.namespace, "--wait=false")


@pytest.fixture(scope="module")
def probes(cluster: Cluster) -> Iterator[None]:
    """A pod for each label, and one without."""
    made = [pod(name_of(label), IMAGE, SLEEP, {"app": "probe", **({label: "yes"} if label else {})}) for label in MAY]
    cluster.apply(*made)
    cluster.kubectl("wait", "--for=condition=Ready", "pod", "--selector=app=probe", "--timeout=60s")
    yield
    cluster.kubectl("delete", "pod", "--selector=app=probe", "--wait=false")


def reached(space: Cluster, pod: str, places: dict[str, str]) -> set[str]:
    """Whom of these places a pod reaches."""
    said = space.kubectl("exec", pod, "--", "python", "-c", script("prober"), *places.values())
    found = json.loads(said)
    return {name for name, address in places.items() if found[address]}


def test_each_policy_has_an_allowed_and_a_refused_connection_here(cluster: Cluster) -> None:
    tried = {f"to-{name}" for label in MAY for name in [label.partition("/to-")[2]] if name} | {"nothing", "to-names"}
    named = {each["metadata"]["name"] for each in cluster.get("networkpolicies")["items"]}
    ingress = {name for allowed in FROM_OUTSIDE.values() for name in allowed} | {
        "mlflow",
        "store",
        "database",
        "counters",
    }
    assert named - {"git"} == tried | ingress


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("label", MAY)
def test_pod_reaches_whom_its_label_names_and_nobody_else(
    cluster: Cluster, outside: dict[str, Cluster], label: str
) -> None:
    (server,) = outside[""].pods("server")
    places = HERE | {name: f"{server['status']['podIP']}:{port}" for name, port in PORTS.items()}
    assert reached(cluster, name_of(label), places) == MAY[label] | ({"alerts"} if label in HTTPS else set())


@pytest.mark.parametrize("label", FROM_OUTSIDE)
def test_namespace_of_others_reaches_what_its_label_opens(
    cluster: Cluster, outside: dict[str, Cluster], label: str
) -> None:
    there = {name: cluster.get("service", name)["spec"]["clusterIP"] for name in HERE}
    places = {name: f"{address}:{HERE[name].rpartition(':')[2]}" for name, address in there.items()}
    assert reached(outside[label], "probe", places) == FROM_OUTSIDE[label]


@pytest.mark.usefixtures("probes")
def test_names_are_found_without_any_right_and_others_are_not(cluster: Cluster) -> None:
    ask = "import socket, sys\nfor name in sys.argv[1:]: print(socket.gethostbyname(name))"
    full = f"api.{cluster.namespace}.svc.cluster.local"
    said = cluster.kubectl("exec", name_of(""), "--", "python", "-c", ask, "api", full).split()
    assert said == [cluster.get("service", "api")["spec"]["clusterIP"]] * 2
    unknown = cluster.kubectl("exec", name_of(""), "--", "python", "-c", ask, "nobody.invalid", check=False)
    assert "gaierror" in unknown


def test_logs_of_every_container_are_lines_that_name_no_secret(cluster: Cluster) -> None:
    secrets = {
        value
        for secret in cluster.get("secrets")["items"]
        for name, value in secret.get("data", {}).items()
        if name == "LASTRO_API_KEY"
    }
    for each in cluster.get("pods")["items"]:
        spec = each["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            if each["metadata"]["labels"].get("app") in {"probe", "counters"}:
                continue
            words = (each["metadata"]["name"], f"--container={container['name']}", "--tail=-1")
            said = cluster.kubectl("logs", *words, check=False)
            assert yaml.safe_dump(said).count("AKIA") == 0
            assert not any(value in said for value in secrets)
    lines = cluster.kubectl("logs", "deployment/api", "--container=api").splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "delivered" in cluster.kubectl("logs", "deployment/api", "--container=follower").lower()
