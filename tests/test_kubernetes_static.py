"""What can be said of the manifests without a cluster: schemas, rights, and who reaches what.

That they are what compose runs, tests/test_kubernetes_as_compose.py holds.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.kubernetes_manifests import OVERLAYS, built, container, containers, given, objects, templates


def test_overlays_hold_against_the_schemas_of_kubernetes(tmp_path: Path) -> None:
    files = [tmp_path / f"{overlay}.yaml" for overlay in OVERLAYS]
    for file in files:
        file.write_text(built(file.stem))
    command = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_in_a_restricted_namespace_of_its_own(overlay: str) -> None:
    namespace = objects(overlay)["Namespace", f"lastro-{overlay}"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [each for (kind, _), each in objects(overlay).items() if kind != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {f"lastro-{overlay}"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_container_can_do_as_little_as_it_needs(overlay: str) -> None:
    for each in containers(overlay):
        can, pod = each.spec["securityContext"], each.template["spec"]["securityContext"]
        assert can["readOnlyRootFilesystem"] is True, each.name
        assert can["allowPrivilegeEscalation"] is False
        assert can["capabilities"] == {"drop": ["ALL"]}
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] > 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert each.spec["resources"].keys() == {"requests", "limits"}
        assert all(part.keys() == {"cpu", "memory"} for part in each.spec["resources"].values())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_one_program_alone_may_ask_kubernetes_and_for_secrets_alone(overlay: str) -> None:
    asking = {
        pod for pod, each in templates(overlay).items() if each["spec"].get("automountServiceAccountToken") is not False
    }
    assert asking == ({"secrets"} if overlay == "local" else set())
    rules = [rule for (kind, _), each in objects(overlay).items() if kind == "Role" for rule in each["rules"]]
    assert {resource for rule in rules for resource in rule["resources"]} <= {"secrets"}
    assert {kind for kind, _ in objects(overlay)} & {"ClusterRole", "ClusterRoleBinding", "Secret"} == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_mounted_where_they_are_read_and_are_all_made(overlay: str) -> None:
    made = given()
    for each in containers(overlay):
        for name, keys in each.secrets().items():
            assert name in made or name == "git"
            assert keys is None or keys <= made[name].keys()
        others = [
            mount for mount in each.spec.get("volumeMounts", []) if mount["mountPath"].startswith("/run/secrets/")
        ]
        assert others == []


def test_api_has_no_key_of_the_store() -> None:
    for overlay in OVERLAYS:
        api = container(overlay, "api", "api")
        assert not api.secrets().keys() & {"follower", "pipeline"}
        assert not {name for name in api.variables if name.startswith("AWS_")}
        assert api.mounted("/run/aws") is None
        assert [m["readOnly"] for m in api.spec["volumeMounts"] if m["mountPath"] == "/serving"] == [True]


def test_api_is_rolled_without_a_gap_and_after_its_follower() -> None:
    api = objects("local")["Deployment", "api"]["spec"]
    assert (api["replicas"], api["strategy"]["rollingUpdate"]) == (2, {"maxUnavailable": 0, "maxSurge": 1})
    (follower,) = api["template"]["spec"]["initContainers"]
    assert (follower["restartPolicy"], "startupProbe" in follower) == ("Always", True)
    (pod,) = api["template"]["spec"]["containers"]
    assert pod["readinessProbe"]["httpGet"]["path"] == "/ready"
    drained = int(objects("local")["ConfigMap", "lastro"]["data"]["LASTRO_DRAIN_SECONDS"])
    assert 5 < drained < api["template"]["spec"]["terminationGracePeriodSeconds"] - 10


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_scaling_has_room_and_one_owner(overlay: str) -> None:
    scaler = objects(overlay)["HorizontalPodAutoscaler", "api"]["spec"]
    api = objects(overlay)["Deployment", "api"]["spec"]
    assert scaler["minReplicas"] == api.get("replicas", scaler["minReplicas"]) >= 2
    assert ("replicas" in api) == (overlay == "local")
    budget = objects(overlay)["PodDisruptionBudget", "api"]["spec"]
    assert budget["selector"]["matchLabels"] == api["selector"]["matchLabels"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_batch_alone_waits_to_be_called(overlay: str) -> None:
    jobs = {name: each["spec"] for (kind, name), each in objects(overlay).items() if kind == "CronJob"}
    assert {name for name, each in jobs.items() if each.get("suspend")} == {"batch"}
    assert {each["concurrencyPolicy"] for each in jobs.values()} == {"Forbid"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_dvc_finds_the_store_that_everybody_else_finds(overlay: str) -> None:
    config = objects(overlay)["ConfigMap", "lastro"]["data"]
    told = dict(re.findall(r"(\w+) = (\S+)", objects(overlay)["ConfigMap", "dvc"]["data"]["config.local"]))
    assert told == {
        "url": f"s3://{config['LASTRO_BUCKET']}/dvc",
        "endpointurl": config["AWS_ENDPOINT_URL_S3"],
        "region": config["AWS_DEFAULT_REGION"],
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_reaches_what_no_policy_names(overlay: str) -> None:
    policies = {name: each["spec"] for (kind, name), each in objects(overlay).items() if kind == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    wanted = {key for each in templates(overlay).values() for key in each["metadata"]["labels"] if "/to-" in key}
    assert wanted <= {f"lastro/{name}" for name in policies}
    assert all(policies[key.partition("/")[2]]["podSelector"]["matchLabels"] == {key: "yes"} for key in wanted)
    services = {name for kind, name in objects(overlay) if kind == "Service"}
    assert services <= policies.keys()  # whoever listens says who may call


def test_mlflow_is_reached_by_who_makes_models_alone() -> None:
    callers = {pod for pod, each in templates("local").items() if "lastro/to-mlflow" in each["metadata"]["labels"]}
    assert callers - {"promotion"} == {"training", "publish"}


def addresses_of(pod: str) -> str:
    """Return all that the containers of a pod are told: variables, commands, and the Secrets that they hold."""
    made, told = given(), []
    for each in (each for each in containers("local") if each.pod == pod):
        told += [*each.command, *map(str, each.variables.values())]
        for name, taken in each.secrets().items():
            told += [value for key, value in made.get(name, {}).items() if taken is None or key in taken]
    return " ".join(told)


def test_pod_reaches_the_hosts_of_which_it_is_told() -> None:
    hosts = {"store", "database", "counters", "mlflow", "api"}
    for pod, template in templates("local").items():
        told = {host for host in hosts if re.search(rf"//(\S*@)?{host}\b", addresses_of(pod))} - {pod}
        told |= {"store"} if pod == "batch" else set()  # by DVC's file
        reached = {key.removeprefix("lastro/to-") for key in template["metadata"]["labels"] if "/to-" in key}
        assert reached & hosts == told, pod


def test_production_shows_the_store_a_role_and_no_key() -> None:
    accounts = {
        name: each["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        for (kind, name), each in objects("production").items()
        if kind == "ServiceAccount" and "annotations" in each["metadata"]
    }
    with_role = {each.pod: each for each in containers("production") if each.mounted("/run/aws")}
    assert with_role.keys() == accounts.keys()
    for pod, each in with_role.items():
        assert each.variables["AWS_ROLE_ARN"] == accounts[each.template["spec"]["serviceAccountName"]], pod
        assert each.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == "/run/aws/token"
        assert each.mounted("/run/aws")["name"] == "aws-iam-token"  # type: ignore[index]
    assert [each.pod for each in containers("production") if "follower" in each.secrets()] == []
    assert {each.pod for each in containers("staging") if "lastro/to-store" in each.template["metadata"]["labels"]} == (
        with_role.keys()
    )


def test_example_of_an_external_store_brings_every_secret_that_production_mounts() -> None:
    text = (ROOT / "deploy/kubernetes/components/external-secrets/secrets.yaml").read_text()
    named = [each["spec"]["target"]["name"] for each in yaml.safe_load_all(text)]
    mounted = {name for overlay in ("staging", "production") for each in containers(overlay) for name in each.secrets()}
    assert set(named) == mounted


def test_job_that_makes_the_secrets_may_touch_those_and_no_others() -> None:
    rules = objects("local")["Role", "secrets"]["rules"]
    assert [rule["verbs"] for rule in rules] == [["create"], ["get", "update"]]
    assert set(rules[1]["resourceNames"]) == given().keys() | {"master"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_model_of_an_overlay_is_a_patch_of_one_annotation(overlay: str) -> None:
    patch = yaml.safe_load((ROOT / f"deploy/kubernetes/overlays/{overlay}/model.yaml").read_text())
    annotations = patch["spec"]["template"]["metadata"].pop("annotations")
    assert annotations is None or annotations.keys() <= {"lastro/version"}
    assert all(isinstance(value, str) and value.isdigit() for value in (annotations or {}).values())
    assert patch == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {"template": {"metadata": {}}},
    }
