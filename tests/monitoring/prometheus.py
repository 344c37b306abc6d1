"""Debian's Prometheus and Alertmanager, with a copy of deploy/monitoring in which addresses and intervals are others"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.conftest import ROOT
from tests.monitoring.receiver import Receiver
from tests.ports import free_port, wait_until

FOLDER = ROOT / "deploy" / "monitoring"
SECONDS = 6  # of every range, in the place of minutes and hours
SELECTOR = re.compile(r"\b(?:up|lastro[\w:]+)(?:\{[^}]*\})?")
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("grafana/dashboards/*.json"))
}
PANELS = [(name, panel) for name, found in DASHBOARDS.items() for panel in found["panels"]]


def shortened(text: str) -> str:
    """A configuration with every interval a second and every range a few; nothing else is changed."""
    return re.sub(r"(?<=: )\d+[smhd]$", "1s", re.sub(r"\[\d+[smhd]\]", f"[{SECONDS}s]", text), flags=re.MULTILINE)


def render(to: Path, name: str, **others: str) -> Path:
    """Write a file of the folder with short intervals, and others in the place of addresses and files."""
    text = shortened((FOLDER / name).read_text())
    for place, other in others.items():
        assert text.count(place) == 1, f"{name} does not name {place} once"
        text = text.replace(place, other)
    (to / name).write_text(text)
    return to / name


@dataclass(frozen=True)
class Prometheus:
    """Both programs, up; whom they tell."""

    client: httpx.Client
    receiver: Receiver

    def ask(self, path: str, **query: str) -> Any:
        """What its API says."""
        return self.client.get(f"/api/v1/{path}", params=query).raise_for_status().json()["data"]

    def series(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now, those that are no number left out."""
        return [one for one in self.ask("query", query=expression)["result"] if one["value"][1] != "NaN"]

    def told(self, state: str) -> set[str]:
        """The alerts of which the receiver was told that they are in a state."""
        titles = [one["title"] for message in self.receiver.received for one in message["attachments"]]
        return {title.removeprefix(f"{state}: ") for title in titles if title.startswith(f"{state}: ")}


@contextmanager
def watching(folder: Path, api: int, key: str, programs: tuple[str, str]) -> Iterator[Prometheus]:
    """Both programs, asking an API by its port with a key, and telling a receiver."""
    receiver = Receiver().start()
    own, alertmanager = free_port(), free_port()
    (folder / "key").write_text(key)
    (folder / "receiver").write_text(receiver.url)
    render(folder, "rules.yml")
    places = {"api:8000": f"127.0.0.1:{api}", "alertmanager:9093": f"127.0.0.1:{alertmanager}"}
    asks = render(folder, "prometheus.yml", **places, **{"/run/secrets/LASTRO_API_KEY": str(folder / "key")})
    webhook = {"/run/secrets/LASTRO_SLACK_WEBHOOK_URL": str(folder / "receiver")}
    tells = render(folder, "alertmanager.yml", **webhook)
    options = (
        [f"--config.file={asks}", f"--storage.tsdb.path={folder / 'data'}"],
        [f"--config.file={tells}", f"--storage.path={folder}", "--cluster.listen-address="],
    )
    with (folder / "log").open("wb") as log:
        started = [
            subprocess.Popen([name, *words, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
            for name, words, port in zip(programs, options, (own, alertmanager), strict=True)
        ]
        try:
            for port in (own, alertmanager):
                wait_until(lambda port=port: ready(port))  # type: ignore[misc]
            with httpx.Client(base_url=f"http://127.0.0.1:{own}") as client:
                yield Prometheus(client, receiver)
        finally:
            for process in started:
                process.terminate()
                process.wait(20)
            receiver.stop()


def ready(port: int) -> bool:
    """Say whether one of them answers."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == 200
    except httpx.TransportError:
        return False
