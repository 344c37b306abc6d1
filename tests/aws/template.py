"""deploy/aws/template.yaml as CloudFormation reads it, and what stands beside it: Dockerfile, compose.yaml"""

import json
import re
from typing import Any

import yaml
from cfnlint.decode.cfn_yaml import load

from ops.credentials import files
from tests.conftest import ROOT

PATH = ROOT / "deploy/aws/template.yaml"
TEMPLATE: dict[str, Any] = load(str(PATH))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
STAGES = {part.split()[2]: part for part in re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:]}


def containers() -> dict[tuple[str, str], dict[str, Any]]:
    """Return (task, container) -> its definition; those that only prepare a task's volumes are left out."""
    return {
        (name.removesuffix("Definition"), each["Name"]): each
        for name, resource in of_type("AWS::ECS::TaskDefinition").items()
        for each in resource["Properties"]["ContainerDefinitions"]
        if each["Name"] != "prepare"
    }


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type."""
    return {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"] == kind}


def text_of(value: Any) -> str:
    """Return a value as it stands, with `${Name}` where something is filled in."""
    match value:
        case {"Fn::Sub": text}:
            return str(text)
        case {"Ref": name}:
            return f"${{{name}}}"
    return str(value)


def variables(container: dict[str, Any]) -> set[str]:
    """Return the names of the variables that a container is given."""
    return {each["Name"] for each in (*container.get("Environment", []), *container.get("Secrets", []))}


def secrets(service: str) -> set[str]:
    """Return the variables that are files of a service of compose.yaml."""
    every = {key.partition("/")[::2] for key in files(_Any(), {})}
    return {name for folder, name in every if folder == service and name.startswith("LASTRO_")}


def health(stage: str) -> list[str]:
    """Return the command by which an image of Dockerfile says how it is, as ECS writes it."""
    found = re.search(r"HEALTHCHECK .*?CMD (\[.*?\])$", STAGES[stage], re.M)
    assert found is not None
    return ["CMD", *json.loads(found[1])]


class _Any(dict[str, str]):
    """Any secret's value, which nobody looks at."""

    def __missing__(self, key: str) -> str:
        return "x"
