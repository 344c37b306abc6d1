"""compose.yaml, brought up from a copy of the project with Docker and nothing else, used, and taken down again"""

import json
import re
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import expect, sync_playwright

from ops.deployment import PORTS
from tests.conftest import ROOT
from tests.containers.conftest import Engine
from tests.ports import free_ports, wait_until

DEFINED = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ONCE = {"secrets", "pipeline"}
PROFILE = "monitoring"
WATCHING = {name for name, service in DEFINED["services"].items() if PROFILE in service.get("profiles", [])}
ALWAYS = {name for name, service in DEFINED["services"].items() if "profiles" not in service}
WATCHING_PORTS = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT")
PROXY_PORTS = ("HTTP_PORT", "HTTPS_PORT")
PROXIED = "10.213.78.0/29"  # not the default: a stack may be up beside the tests
ROOT_CERTIFICATE = "/var/lib/lastro/pki/authorities/local/root.crt"
WHAT_THE_KEY_MAY = """
import boto3
s3 = boto3.client("s3")
asked = {"Bucket": "lastro", "Key": "dvc/files/md5/00/x"}
for call, arguments in (
    (s3.put_object, asked | {"Body": b""}),
    (s3.delete_object, asked),
    (s3.get_object, asked | {"Key": "mlflow/x"}),
):
    try:
        call(**arguments)
        print("done")
    except s3.exceptions.ClientError as error:
        print(error.response["Error"]["Code"])
"""


@dataclass(frozen=True)
class Stack:
    """A copy of the project whose services are up."""

    engine: Engine
    root: Path
    ports: dict[str, str]

    @property
    def project(self) -> str:
        """The compose project's name."""
        return self.root.name

    def compose(self, *arguments: str) -> str:
        """Return what `docker compose` prints."""
        words = ("docker", "compose", "--project-name", self.project, *arguments)
        return self.engine.run(*words, cwd=self.root, **self.ports).stdout.strip()

    def up(self, *profile: str) -> None:
        """Bring everything up, or that of a profile too; fails where a service ends or is not healthy."""
        self.compose(*profile, "up", "--wait", "--quiet-pull")

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return how the engine describes each service's container."""
        listed = self.compose("--profile", "*", "ps", "--all", "--quiet").split()
        found = json.loads(self.engine.docker("inspect", *listed))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def inside(self, service: str, script: str, check: bool = True) -> str:
        """Return what a line of shell prints in a service's container."""
        words = ("docker", "compose", "--project-name", self.project, "exec", "-T", service, "sh", "-c", script)
        done = self.engine.run(*words, cwd=self.root, check=check, **self.ports)
        return done.stdout + done.stderr

    def key(self) -> str:
        """Return the user's API key, as the README has it."""
        return self.compose("run", "--rm", "secrets", "key")

    def client(self) -> httpx.Client:
        """Return a client of the API, outside of every container."""
        headers = {"x-api-key": self.key()}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.ports['API_PORT']}", headers=headers, timeout=30)


@pytest.fixture(scope="module")
def stack(engine: Engine, folder: Path) -> Iterator[Stack]:
    """The services, up; taken down whatever happens."""
    names = (*PORTS, *WATCHING_PORTS, *PROXY_PORTS)
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    found = Stack(engine, engine.copy(folder / folder.name), ports | {"LASTRO_HTTPS_NETWORK": PROXIED})
    try:
        found.up()
        yield found
    finally:
        profiles = ("--profile", PROFILE, "--profile", "https")
        found.compose(*profiles, "down", "--volumes", "--remove-orphans", "--rmi", "local")
        engine.run("docker", "image", "rm", "--force", f"{found.project}-pipeline", check=False)


@pytest.fixture(scope="module")
def watched(stack: Stack) -> Stack:
    """The services with Prometheus and Alertmanager beside them, which the tests before this one have not seen."""
    stack.up("--profile", PROFILE)
    return stack


@pytest.fixture(scope="module")
def secured(stack: Stack) -> Stack:
    """The services with TLS before them."""
    stack.up("--profile", "https")
    return stack


def asked_by_tls(stack: Stack, name: str, path: str, key: str = "") -> httpx.Response:
    """Return the answer to one who trusts the root that the proxy made, and nobody else."""
    trusting = ssl.create_default_context(cadata=stack.inside("https", f"cat {ROOT_CERTIFICATE}"))
    headers = {"host": name, **({"x-api-key": key} if key else {})}
    address, told = f"https://127.0.0.1:{stack.ports['HTTPS_PORT']}{path}", {"sni_hostname": name}
    with httpx.Client(verify=trusting, timeout=60) as client:
        return client.get(address, headers=headers, extensions=told)


def score(client: httpx.Client) -> dict[str, Any]:
    """Return the answer to the contract's example applicant."""
    applicant = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
    answer: dict[str, Any] = client.post("/predict", json=applicant).raise_for_status().json()
    return answer


def test_api_scores_with_the_committed_model(stack: Stack) -> None:
    head = stack.engine.run("git", "-C", str(stack.root), "rev-parse", "HEAD").stdout.strip()
    card = json.loads((stack.root / "models" / "model.json").read_text())
    with stack.client() as client:
        answer = score(client)
    assert answer["decision"] in {"approve", "decline"}
    assert answer["model"]["version"] == "1"
    assert answer["model"]["sha256"] == card["sha256"]
    assert answer["model"]["git_commit"] == head


def recorded(stack: Stack) -> list[str]:
    """Return the ids in the prediction log."""
    query = 'PGPASSWORD=$(cat /run/secrets/password) psql -h 127.0.0.1 -U lastro -tAc "select id from predictions"'
    return stack.inside("database", query).split()


def test_page_scores_in_a_browser(stack: Stack) -> None:
    before = recorded(stack)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(120_000)  # its modules are compiled when somebody first looks
        page.goto(f"http://127.0.0.1:{stack.ports['PAGE_PORT']}")
        for name in ("Example applicant", "Score"):
            page.get_by_role("button", name=name, exact=True).click()
            page.wait_for_timeout(1000)
            expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(page.get_by_role("heading", name=re.compile("Approve|Decline"))).to_be_visible(timeout=30_000)
        browser.close()
    assert len(recorded(stack)) == len(before) + 1


def test_page_is_healthy_and_its_key_is_accepted(stack: Stack) -> None:
    page = f"http://127.0.0.1:{stack.ports['PAGE_PORT']}"
    assert httpx.get(f"{page}/_stcore/health").text == "ok"
    assert httpx.get(page).status_code == 200
    ask = "import httpx, os; e = os.environ; print(httpx.get(e['LASTRO_ENDPOINT'] + '/model/info', headers="
    ask += "{'x-api-key': open('/run/secrets/LASTRO_API_KEY').read()}).status_code)"
    assert stack.inside("page", f'python -c "{ask}"').strip() == "200"


def test_prediction_is_in_postgresql_and_requests_are_counted_in_redis(stack: Stack) -> None:
    with stack.client() as client:
        asked = score(client)["prediction_id"]
    assert asked in recorded(stack)
    assert "/key/user/" in stack.inside("counters", "redis-cli keys '*'")


def test_runs_and_published_model_are_in_mlflow(stack: Stack) -> None:
    address = f"http://127.0.0.1:{stack.ports['MLFLOW_PORT']}/api/2.0/mlflow"
    named = {"name": "credit-score", "alias": "champion"}
    assert httpx.get(f"{address}/registered-models/alias", params=named).json()["model_version"]["version"] == "1"
    found = httpx.get(f"{address}/experiments/get-by-name", params={"experiment_name": "credit-score"}).json()
    runs = httpx.post(f"{address}/runs/search", json={"experiment_ids": [found["experiment"]["experiment_id"]]}).json()
    assert len(runs["runs"]) > 1


def test_everything_is_published_to_this_machine_alone(stack: Stack) -> None:
    bindings = [
        binding
        for container in stack.containers().values()
        for found in (container["HostConfig"]["PortBindings"] or {}).values()
        for binding in found
    ]
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
    assert sorted(binding["HostPort"] for binding in bindings) == sorted(stack.ports[name] for name in PORTS)


def require_confined(name: str, container: dict[str, Any]) -> None:
    """Fail where a service may do more than it must."""
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"], name
    assert host["CapDrop"] == ["ALL"], name
    assert host["SecurityOpt"] == ["no-new-privileges:true"], name
    assert ("Healthcheck" in container["Config"]) == (name not in ONCE), name
    assert host["RestartPolicy"]["Name"] == ("no" if name in ONCE else "unless-stopped"), name


def test_every_container_is_confined(stack: Stack) -> None:
    found = stack.containers()
    assert set(found) == ALWAYS
    for name, container in found.items():
        require_confined(name, container)
    refused = stack.inside("api", "touch /srv/lastro/x; touch /run/secrets/x; touch /serving/x", check=False)
    assert refused.count("Read-only file system") == 3


def test_no_secret_stands_in_a_containers_description_or_log(stack: Stack) -> None:
    master = "import json; print(*json.load(open('/secrets/master/secrets.json')).values())"
    values = stack.compose("run", "--rm", "--entrypoint", "python", "secrets", "-c", master).split()
    assert len(values) == 12
    said = json.dumps(stack.containers()) + stack.compose("logs", "--no-color")
    assert not [value for value in values if value in said]


def test_each_service_sees_its_own_secrets_alone(stack: Stack) -> None:
    mounted = {
        name: {mount["Name"] for mount in container["Mounts"] if "secrets-" in mount.get("Name", "")}
        for name, container in stack.containers().items()
    }
    everything = {f"{stack.project}_{name}" for name in DEFINED["volumes"] if name.startswith("secrets-")}
    assert mounted.pop("secrets") == everything
    assert mounted.pop("counters") == set()
    assert set(mounted) == ALWAYS - {"secrets", "counters"}
    assert mounted == {name: {f"{stack.project}_secrets-{name}"} for name in mounted}
    assert stack.inside("page", "ls /run/secrets").split() == ["LASTRO_API_KEY"]


def test_key_of_the_delivery_reads_models_and_writes_nothing(stack: Stack) -> None:
    place = "AWS_ENDPOINT_URL_S3=http://store:9000 AWS_DEFAULT_REGION=us-east-1"
    assert stack.inside("delivery", f"{place} python - <<'PY'\n{WHAT_THE_KEY_MAY}\nPY").split() == ["AccessDenied"] * 3


def test_neighbours_reach_only_whom_they_need(stack: Stack) -> None:
    probe = "python -c \"import socket; socket.create_connection(('{}', {}), 3)\" && echo reached"
    assert "reached" in stack.inside("page", probe.format("api", 8000), check=False)
    assert "reached" not in stack.inside("api", probe.format("store", 9000), check=False)
    for host, port in (("store", 9000), ("database", 5432), ("counters", 6379), ("mlflow", 5000)):
        assert "reached" not in stack.inside("page", probe.format(host, port), check=False), host


def test_second_start_keeps_model_key_and_log(stack: Stack) -> None:
    key = stack.key()
    with stack.client() as client:
        before = score(client)
    stack.compose("down")
    stack.up()
    assert stack.key() == key
    with stack.client() as client:
        assert client.get(f"/predictions/{before['prediction_id']}").status_code == 200
        assert score(client)["model"] == before["model"]


def test_prometheus_asks_the_api_with_its_key_and_knows_whom_to_tell(watched: Stack) -> None:
    address = f"http://127.0.0.1:{watched.ports['PROMETHEUS_PORT']}/api/v1"

    def targets() -> list[str]:
        found = httpx.get(f"{address}/targets").json()["data"]["activeTargets"]
        return [f"{target['health']} {target['lastError']}" for target in found]

    wait_until(lambda: targets() not in ([], ["unknown "]), 60)  # it asks every 15 seconds
    assert targets() == ["up "]
    (told,) = httpx.get(f"{address}/alertmanagers").json()["data"]["activeAlertmanagers"]
    assert told["url"].startswith("http://alertmanager:9093/")
    groups = httpx.get(f"{address}/rules").json()["data"]["groups"]
    assert sum(rule["type"] == "alerting" for group in groups for rule in group["rules"]) == 8
    ready = httpx.get(f"http://127.0.0.1:{watched.ports['ALERTMANAGER_PORT']}/-/ready")
    assert ready.status_code == 200


def test_those_that_watch_are_confined_too(watched: Stack) -> None:
    found = {name: container for name, container in watched.containers().items() if name not in ALWAYS}
    assert set(found) == WATCHING == {"prometheus", "alertmanager"}
    for name, container in found.items():
        require_confined(name, container)
        secrets = {mount["Name"] for mount in container["Mounts"] if "secrets-" in mount.get("Name", "")}
        assert secrets == {f"{watched.project}_secrets-{name}"}
        for bindings in container["HostConfig"]["PortBindings"].values():
            assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]
    assert watched.inside("prometheus", "ls -l /run/secrets").split()[2:5:2] == ["-rw-------", "lastro"]
    probe = "python -c \"import socket; socket.create_connection(('{}', {}), 3)\" && echo reached"
    assert "reached" not in watched.inside("page", probe.format("prometheus", 9090), check=False)


def test_tls_before_page_and_api_verifies_and_stays(secured: Stack) -> None:
    for name, path, key in (("localhost", "/", ""), ("api.localhost", "/model/info", secured.key())):
        answer = asked_by_tls(secured, name, path, key)
        assert (answer.status_code, answer.headers["strict-transport-security"]) == (200, "max-age=31536000")
    sent = httpx.get(f"http://127.0.0.1:{secured.ports['HTTP_PORT']}/docs", headers={"host": "api.localhost"})
    assert (sent.status_code, sent.headers["location"]) == (308, "https://api.localhost/docs")


def test_limits_behind_tls_count_the_clients_address_and_not_the_proxys(secured: Stack) -> None:
    secured.inside("counters", "redis-cli flushall")
    assert asked_by_tls(secured, "api.localhost", "/model/info", "wrong").status_code == 401
    network = json.loads(secured.engine.docker("network", "inspect", f"{secured.project}_front"))[0]
    counted = secured.inside("counters", "redis-cli keys '*'")
    assert network["IPAM"]["Config"][0]["Gateway"] in counted  # by which this machine comes
    assert PROXIED.rpartition(".")[0] not in counted


def test_tls_is_confined_too_and_reaches_nobody_else(secured: Stack) -> None:
    found = secured.containers()["https"]
    require_confined("https", found)
    assert {mount["Name"] for mount in found["Mounts"]} == {f"{secured.project}_https"}
    assert set(found["NetworkSettings"]["Networks"]) == {f"{secured.project}_{name}" for name in ("front", "proxied")}


def test_grafana_is_described_whole(stack: Stack) -> None:
    found = yaml.safe_load(stack.compose("--profile", "grafana", "config"))["services"]
    assert set(found) == ALWAYS | WATCHING | {"grafana"}
    bound = [Path(mount["source"]) for mount in found["grafana"]["volumes"] if mount["type"] == "bind"]
    assert [path.is_dir() for path in bound] == [True, True]


@pytest.mark.usefixtures("secured")
def test_taken_down_nothing_is_left(watched: Stack, engine: Engine) -> None:
    up = ALWAYS | WATCHING | {"https"}
    kept = [name for name in DEFINED["volumes"] if name != "grafana"]
    joined = {network for name in up for network in DEFINED["services"][name].get("networks", [])}
    assert len(engine.left(watched.project)) == len(up) + len(kept) + len(joined)
    watched.compose("--profile", PROFILE, "--profile", "https", "down", "--volumes")
    assert engine.left(watched.project) == []
    assert not {".venv", "var", ".env"} & {path.name for path in watched.root.iterdir()}
