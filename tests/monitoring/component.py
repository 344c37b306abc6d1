"""deploy/monitoring/{rules,prometheus}.yml -> the same for Prometheus' operator, a component for kustomize

`python -m tests.monitoring.component` writes both files anew.
"""

import textwrap
from typing import Any

import yaml

from tests.conftest import ROOT

SOURCES, PLACE = ROOT / "deploy/monitoring", ROOT / "deploy/kubernetes/components/monitoring"
MADE = "# Made of deploy/monitoring/{} by `python -m tests.monitoring.component`: change that, not this.\n"
RULE = """apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: lastro
spec:
"""
PORT, SECRET = "http", "prometheus"  # the port's name in the API's Service; the Secret that holds the key


def main() -> None:
    """Write the component's files."""
    for name, text in component().items():
        (PLACE / name).write_text(text, encoding="utf-8")


def component() -> dict[str, str]:
    """Return the files of the component that follow from compose's."""
    rules = (SOURCES / "rules.yml").read_text(encoding="utf-8")
    groups = textwrap.indent(rules[rules.index("groups:") :], "  ")
    asks = yaml.safe_load((SOURCES / "prometheus.yml").read_text(encoding="utf-8"))
    monitor = yaml.safe_dump(service_monitor(asks), sort_keys=False, width=120)
    return {
        "rules.yaml": MADE.format("rules.yml") + RULE + groups,
        "servicemonitor.yaml": MADE.format("prometheus.yml") + monitor,
    }


def service_monitor(asks: dict[str, Any]) -> dict[str, Any]:
    """Return what compose's Prometheus asks, as its operator is told it: the rules know the job by its name."""
    (job,) = asks["scrape_configs"]
    ((target,),) = [config["targets"] for config in job["static_configs"]]
    key = job["authorization"]["credentials_file"].rpartition("/")[2]
    endpoint = {
        "port": PORT,
        "interval": asks["global"]["scrape_interval"],
        "scrapeTimeout": asks["global"]["scrape_timeout"],
        "authorization": {"credentials": {"name": SECRET, "key": key}},
        "relabelings": [{"targetLabel": "job", "replacement": job["job_name"]}],
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "lastro"},
        "spec": {"selector": {"matchLabels": {"app": target.partition(":")[0]}}, "endpoints": [endpoint]},
    }


if __name__ == "__main__":
    main()
