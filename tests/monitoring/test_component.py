"""The component for Prometheus' operator says what compose's files say, and asks by names that are there"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.monitoring.component import PLACE, SOURCES, component
from tests.monitoring.test_rules import run


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["rules.yaml", "servicemonitor.yaml"])
def test_file_is_what_the_command_writes(name: str) -> None:
    made = component()[name]
    assert (PLACE / name).read_text(encoding="utf-8") == made, "`python -m tests.monitoring.component` writes it anew"
    assert name in read(PLACE / "kustomization.yaml")["resources"]


def test_rules_are_composes_and_prometheus_takes_them(promtool: str, tmp_path: Path) -> None:
    spec = read(PLACE / "rules.yaml")["spec"]
    assert spec == read(SOURCES / "rules.yml")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(spec))
    assert "13 rules found" in run(promtool, "check", "rules", str(tmp_path / "rules.yml"))


def test_api_is_asked_as_by_compose_and_known_by_the_rules_name() -> None:
    (endpoint,) = read(PLACE / "servicemonitor.yaml")["spec"]["endpoints"]
    (job,) = read(SOURCES / "prometheus.yml")["scrape_configs"]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": job["job_name"]}]
    assert endpoint["authorization"]["credentials"]["key"] == "LASTRO_API_KEY"


def test_service_that_is_asked_is_the_clusters() -> None:
    spec = read(PLACE / "servicemonitor.yaml")["spec"]
    every = yaml.safe_load_all((ROOT / "deploy/kubernetes/base/api.yaml").read_text(encoding="utf-8"))
    (service,) = [each for each in every if each["kind"] == "Service"]
    assert service["metadata"]["labels"].items() >= spec["selector"]["matchLabels"].items()
    assert [port["name"] for port in service["spec"]["ports"]] == [spec["endpoints"][0]["port"]]
