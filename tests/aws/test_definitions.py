"""The template's containers are those of Dockerfile and compose.yaml, its roles and secrets no wider than they must"""

import re
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.aws.template import COMPOSE, PATH, STAGES, TEMPLATE, containers, health, of_type, secrets, text_of, variables
from tests.documents import rows

SAME = {  # (task, container) -> the service of compose.yaml that it is
    ("Api", "follower"): "delivery",
    ("Api", "api"): "api",
    ("Page", "page"): "page",
    ("Monitoring", "delivery"): "delivery",
    ("Monitoring", "monitoring"): "monitor",
    ("Training", "training"): "features",  # the same image, with another word of ops.pipeline
    ("Lake", "lake"): "lake",
}
ONLY_THERE = {"AWS_SHARED_CREDENTIALS_FILE"}  # here a role says who asks
ONLY_HERE = {
    ("Training", "training"): {
        "LASTRO_DATABASE_URL",
        "LASTRO_GIT_REMOTE",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_KEY_0",
        "GIT_CONFIG_VALUE_0",
    },
}
IMAGES = {"Api": "api", "Delivery": "delivery", "Page": "page", "Pipeline": "pipeline", "Lake": "lake"}
EVERYTHING = {"ecr:GetAuthorizationToken"}  # what AWS lets nobody narrow down


@pytest.fixture(params=SAME, ids="-".join)
def pair(request: pytest.FixtureRequest) -> tuple[tuple[str, str], dict[str, Any], dict[str, Any]]:
    """A container, and the service that it is."""
    return request.param, containers()[request.param], COMPOSE[SAME[request.param]]


def test_linter_finds_no_fault() -> None:
    assert lint_file(PATH, config=ManualArgs(include_checks=["I"])) == []


def test_every_container_is_a_service_and_every_repository_one_of_our_images() -> None:
    assert set(containers()) == set(SAME)
    named = {name: each["Properties"]["RepositoryName"] for name, each in of_type("AWS::ECR::Repository").items()}
    assert named == {f"{name}Repository": f"lastro/lastro-{image}" for name, image in IMAGES.items()}


def test_image_is_the_services(pair: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    (task, _), container, service = pair
    found = re.fullmatch(r"\$\{(\w+)Repository\.RepositoryUri\}:\$\{Version\}", text_of(container["Image"]))
    assert found is not None
    shared = service.get("image", "").rpartition("-")[2]
    assert IMAGES[found[1]] == (shared or SAME[task, container["Name"]])


def test_command_is_the_services(pair: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    key, container, service = pair
    here = [text_of(word).partition("=")[0] for word in container.get("Command", [])]
    there = [word.partition("=")[0] for word in service.get("command", [])]
    match key:
        case ("Monitoring", "delivery"):
            there[there.index("--follow")] = "--once"
        case ("Monitoring", "monitoring"):
            there.remove("--every")
        case ("Training", "training"):
            there[-1] = "training"
    assert here == there


def test_port_and_health_are_the_images(pair: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    key, container, service = pair
    ports = {str(each["ContainerPort"]) for each in container.get("PortMappings", [])}
    assert ports == {port.rpartition(":")[2] for port in service.get("ports", [])}
    stage = {"follower": "delivery"}.get(key[1], key[1])
    if "HEALTHCHECK" in STAGES.get(stage, "") and key != (
        "Monitoring",
        "delivery",
    ):  # which ends, and is asked by nobody
        assert container["HealthCheck"]["Command"] == health(stage)
        assert container["HealthCheck"]["StartPeriod"] >= 60


def test_variables_are_the_services(pair: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    key, container, service = pair
    names = {"follower": "delivery"}.get(SAME[key], SAME[key])
    known = {**service.get("environment", {}), **dict.fromkeys(secrets(names), "")}
    choices = {name for name, value in known.items() if str(value).startswith("${") and name != "LASTRO_BUCKET"}
    assert variables(container) - set(known) == ONLY_HERE.get(key, set())
    assert set(known) - variables(container) - choices == (set(service.get("environment", {})) & ONLY_THERE)


def test_every_container_is_confined() -> None:
    for container in containers().values():
        assert container["ReadonlyRootFilesystem"] is True
        assert container["LinuxParameters"] == {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}}
    for task in of_type("AWS::ECS::TaskDefinition").values():
        prepare, *others = task["Properties"]["ContainerDefinitions"]
        mounted = {each["SourceVolume"] for other in others for each in other["MountPoints"]}
        assert {each["SourceVolume"] for each in prepare["MountPoints"]} == mounted
        assert prepare["Command"][1:] == [each["ContainerPath"] for each in prepare["MountPoints"]]
        assert all(each.get("DependsOn") for each in others)


def test_each_task_reads_its_own_secret_whose_keys_the_page_names() -> None:
    told = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows("docs/aws.md", "secret")}
    found: dict[str, set[str]] = {}
    for task, resource in of_type("AWS::ECS::TaskDefinition").items():
        references = [
            re.fullmatch(r"\$\{(\w+)\}:(\w+)::", text_of(each["ValueFrom"]))
            for container in resource["Properties"]["ContainerDefinitions"]
            for each in container.get("Secrets", [])
        ]
        names = {each[1] for each in references if each}
        assert None not in references
        assert len(names) == 1
        allowed = statements(f"{task.removesuffix('Definition')}Start")
        assert [each["Resource"] for each in allowed if "secretsmanager:GetSecretValue" in each["Action"]] == [
            {"Ref": name} for name in names
        ]
        found[names.pop()] = {each[2] for each in references if each}
    assert found == told == {name: told[name] for name in TEMPLATE["Parameters"] if name.endswith("Secret")}


def statements(role: str) -> list[dict[str, Any]]:
    """What a role may do."""
    (policy,) = TEMPLATE["Resources"][role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_no_role_may_more_than_is_named() -> None:
    for role in of_type("AWS::IAM::Role"):
        for each in statements(role):
            actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
            resources = each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
            assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in actions), role
            assert "*" not in map(text_of, resources) or set(actions) == EVERYTHING, role


def test_service_of_the_api_reads_models_and_writes_nothing() -> None:
    for role in ("ApiTask", "MonitoringTask"):
        assert {action for each in statements(role) for action in [each["Action"]]} == {"s3:GetObject", "s3:ListBucket"}
        (listed,) = [each for each in statements(role) if each["Action"] == "s3:ListBucket"]
        assert listed["Condition"] == {"StringLike": {"s3:prefix": ["registry/*"]}}  # as the store's key `delivery`
    assert "TaskRoleArn" not in TEMPLATE["Resources"]["PageDefinition"]["Properties"]


def test_bucket_is_nobodys_but_its_owners() -> None:
    bucket = TEMPLATE["Resources"]["Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (only,) = TEMPLATE["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only["Effect"], only["Action"], only["Principal"]) == ("Deny", "s3:*", "*")
    assert only["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_monitor_looks_as_often_as_composes() -> None:
    minutes = re.search(r":-(\d+)\}", COMPOSE["monitor"]["environment"]["LASTRO_MONITOR_MINUTES"])
    assert minutes is not None
    schedule = TEMPLATE["Resources"]["MonitoringSchedule"]["Properties"]["ScheduleExpression"]
    told = {each["Name"]: each["Value"] for each in containers()["Monitoring", "monitoring"]["Environment"]}
    assert schedule == f"rate({minutes[1]} minutes)"
    assert told["LASTRO_MONITOR_MINUTES"] == minutes[1]
