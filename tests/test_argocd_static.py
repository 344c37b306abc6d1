"""deploy/argocd, the promotion's Job -> true of the overlays, the CronJob beside it, and Argo CD's own definition"""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator

from ops.pipeline import COMMANDS, NAMESPACES
from src.lineage.registry import STOPPED
from tests.conftest import ROOT

OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
NAMES = ("local", "staging", "production")
JOB = ROOT / "deploy" / "kubernetes" / "components" / "promotion" / "job.yaml"


def read(path: Path) -> Any:
    """Return a file's one document."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def strict(schema: Any) -> Any:
    """Return a schema that refuses what it does not name: the server drops it without a word."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and "additionalProperties" not in schema else {}
    return {key: strict(value) for key, value in schema.items()} | closed


def config(name: str) -> dict[str, str]:
    """Return what an overlay's ConfigMap says, over the base's."""
    found: dict[str, str] = next(yaml.safe_load_all((OVERLAYS.parent / "base" / "config.yaml").read_text()))["data"]
    own = OVERLAYS / name / "config.yaml"
    return found | (next(yaml.safe_load_all(own.read_text()))["data"] if own.is_file() else {})


@pytest.mark.parametrize("name", NAMES)
def test_application_is_one_of_argo_cd_and_of_its_overlay(name: str) -> None:
    asked = read(ROOT / "deploy" / "argocd" / f"{name}.yaml")
    (version,) = read(ROOT / "deploy" / "argocd" / "crds" / "application-crd.yaml")["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    spec = strict(schema["properties"]["spec"])
    assert [error.message for error in Draft7Validator(spec).iter_errors(asked["spec"])] == []
    assert asked["apiVersion"] == f"argoproj.io/{version['name']}"
    source, policy = asked["spec"]["source"], asked["spec"]["syncPolicy"]
    overlay = ROOT / source["path"]
    assert overlay == OVERLAYS / name
    assert asked["spec"]["destination"]["namespace"] == read(overlay / "kustomization.yaml")["namespace"]
    assert asked["spec"]["destination"]["namespace"] == f"{NAMESPACES}{name}"
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    (component,) = source["kustomize"]["components"]
    assert read(overlay / component / "kustomization.yaml")["kind"] == "Component"
    assert source["targetRevision"] == config(name)["LASTRO_GIT_BRANCH"]
    assert source["repoURL"] == (patched(source) or config(name))["LASTRO_GIT_REMOTE"]


def patched(source: dict[str, Any]) -> dict[str, str]:
    """Return what an Application itself writes into the ConfigMap."""
    patches = source["kustomize"].get("patches", [])
    (lines,) = [yaml.safe_load(each["patch"]) for each in patches] or [[]]
    return {line["path"].removeprefix("/data/"): line["value"] for line in lines}


def test_job_is_valid_and_has_what_training_has() -> None:
    job = read(JOB)
    kubernetes_validate.validate(job, kubernetes_validate.latest_version().rpartition(".")[0], strict=True)
    training = read(OVERLAYS.parent / "base" / "training.yaml")["spec"]["jobTemplate"]["spec"]["template"]
    template = job["spec"]["template"]
    (own,), (its,) = (each["spec"].pop("containers") for each in (template, training))
    assert [each for each in own["env"] if each["name"] != "NAMESPACE"] == its["env"]
    same = ("image", "securityContext", "volumeMounts")
    assert {name: own[name] for name in same} == {name: its[name] for name in same}
    assert own["command"][:-1] == its["command"][:-1]
    assert own["command"][-1] in COMMANDS
    volumes, theirs = template["spec"].pop("volumes"), training["spec"].pop("volumes")
    assert volumes[-1] == theirs[-1]
    assert template["spec"] == training["spec"]
    labels = {name for name in training["metadata"]["labels"] if name.startswith("lastro/")}
    assert labels <= set(template["metadata"]["labels"])


def test_refused_gate_and_nothing_else_ends_the_job_at_once() -> None:
    job = read(JOB)
    (rule,) = [each for each in job["spec"]["podFailurePolicy"]["rules"] if each["action"] == "FailJob"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    expected = {"containerName": container["name"], "operator": "In", "values": [STOPPED]}
    assert rule["onExitCodes"] == expected
    hooks = {name: value for name, value in job["metadata"]["annotations"].items() if "hook" in name}
    assert hooks == {
        "argocd.argoproj.io/hook": "PostSync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }


def test_job_has_training_s_role_in_production() -> None:
    folder = OVERLAYS / "production"
    role = read(folder / "promotion" / "role.yaml")["spec"]["template"]["spec"]
    tokens = list(yaml.safe_load_all((folder / "tokens.yaml").read_text()))
    (training,) = [each for each in tokens if each["metadata"]["name"] == "training"]
    its = training["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    roles = {each["metadata"]["name"]: each for each in yaml.safe_load_all((folder / "roles.yaml").read_text())}
    account = read(JOB)["spec"]["template"]["spec"]["serviceAccountName"]
    (annotation,) = roles[account]["metadata"]["annotations"].values()
    (container,), (theirs,) = role["containers"], its["containers"]
    assert container["env"] == [{"name": "AWS_ROLE_ARN", "value": annotation}, *theirs["env"][1:]]
    assert (container["volumeMounts"], role["volumes"]) == (theirs["volumeMounts"], its["volumes"])
