"""deploy/kubernetes/overlays -> the objects that a cluster gets, and what stands in them"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ops import credentials, kustomize

OVERLAYS = ("local", "staging", "production")
Object = dict[str, Any]


@functools.cache
def built(overlay: str) -> str:
    """Return an overlay as YAML, built by kustomize; where nothing can, that is built first."""
    return kustomize.build(kustomize.find_or_build(), kustomize.folder_of(overlay))


@functools.cache
def objects(overlay: str) -> dict[tuple[str, str], Object]:
    """Return an overlay's objects by kind and name."""
    read = yaml.load_all(built(overlay), yaml.CSafeLoader)
    return {(each["kind"], each["metadata"]["name"]): each for each in read}


@dataclass(frozen=True)
class Container:
    """A container of a pod, and the values of its variables as the overlay's ConfigMap gives them."""

    pod: str
    spec: Object
    template: Object
    config: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def command(self) -> list[str]:
        return [*self.spec.get("command", []), *self.spec.get("args", [])]

    @property
    def variables(self) -> dict[str, str | None]:
        """Return its variables; None where the cluster says the value."""
        return {each["name"]: self._value(each) for each in self.spec.get("env", [])}

    def _value(self, variable: Object) -> str | None:
        source = variable.get("valueFrom", {}).get("configMapKeyRef")
        if source:
            assert source["name"] == "lastro"
            return self.config[source["key"]]
        return variable.get("value")

    def mounted(self, path: str) -> Object | None:
        """Return the volume that is mounted at a path, None where nothing is."""
        names = [mount["name"] for mount in self.spec.get("volumeMounts", []) if mount["mountPath"] == path]
        volumes = {volume["name"]: volume for volume in self.template["spec"].get("volumes", [])}
        return volumes[names[0]] if names else None

    def secrets(self) -> dict[str, set[str] | None]:
        """Return the Secrets at /run/secrets, each with the keys that are taken of it, None for all."""
        volume = self.mounted("/run/secrets") or {}
        sources = [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
        if "secret" in volume:
            sources = [{"name": volume["secret"]["secretName"], **volume["secret"]}]
        return {each["name"]: {i["key"] for i in each["items"]} if "items" in each else None for each in sources}


def templates(overlay: str) -> dict[str, Object]:
    """Return the pods' templates by the name of what makes them."""
    found = {}
    for (kind, name), each in objects(overlay).items():
        if kind in ("Deployment", "Job"):
            found[name] = each["spec"]["template"]
        elif kind == "CronJob":
            found[name] = each["spec"]["jobTemplate"]["spec"]["template"]
    return found


def containers(overlay: str) -> Iterator[Container]:
    """Yield every container, those that begin a pod too."""
    config = objects(overlay)["ConfigMap", "lastro"]["data"]
    for pod, template in templates(overlay).items():
        for spec in (*template["spec"].get("initContainers", []), *template["spec"]["containers"]):
            yield Container(pod, spec, template, config)


def container(overlay: str, pod: str, name: str) -> Container:
    """Return one container."""
    return next(each for each in containers(overlay) if (each.pod, each.name) == (pod, name))


@functools.cache
def given() -> dict[str, dict[str, str]]:
    """Return the Secrets that a cluster of one's own gets."""
    return credentials.objects(credentials.new(), {})
