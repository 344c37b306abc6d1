"""A rolling update, a broken one, one that is undone over a migrated schema, and a killed pod: no request is lost."""

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.images import load
from tests.conftest import ROOT
from tests.kubernetes.calls import calling
from tests.kubernetes.cluster import PATIENCE, Cluster

OF_THE_NEWER = '''"""a table that the release before does not know"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{number:04}", "{former:04}"


def upgrade() -> None:
    """Add the table."""
    op.create_table("of_a_newer_release", sa.Column("id", sa.Integer, primary_key=True))
'''
VERSIONS = Path("src/journal/migrations/versions")


@pytest.fixture(autouse=True)
def _whole(cluster: Cluster) -> Iterator[None]:
    """Each test begins with two pods that are ready, and leaves the Deployment as it was."""
    cluster.rolled_out("api")
    yield
    cluster.kubectl("rollout", "status", "deployment/api", "--timeout=180s", check=False)


def ready(pod: dict[str, Any]) -> bool:
    """Say whether a pod is ready."""
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def release(pod: dict[str, Any]) -> str:
    """The hash of the template that a pod was made from."""
    found: str = pod["metadata"]["labels"]["pod-template-hash"]
    return found


def test_rolling_update_loses_no_request_and_new_pods_serve_while_old_ones_drain(cluster: Cluster) -> None:
    former = {release(pod) for pod in cluster.pods("api")}
    draining: list[datetime] = []

    def updated() -> bool:
        pods = cluster.pods("api")
        new = [pod for pod in pods if release(pod) not in former]
        if any(map(ready, new)) and any("deletionTimestamp" in pod["metadata"] for pod in pods if pod not in new):
            draining.append(datetime.now(UTC))
        return len(new) == len(pods) == 2 and all(map(ready, new))

    with calling(cluster, "calls-update", 560) as told:
        cluster.kubectl("set", "env", "deployment/api", "--containers=api", "LASTRO_LOG_LEVEL=DEBUG")
        cluster.wait("the update", updated, 180)
    assert (told["asked"], told["failed"]) == (560, [])
    served = [moment for pod in cluster.pods("api") for moment in requests(cluster, pod["metadata"]["name"])]
    meanwhile = [moment for moment in served if draining[0] < moment < draining[-1]]
    assert len(meanwhile) >= 5, f"{len(served)} requests, none between {draining[0]} and {draining[-1]}"


def requests(cluster: Cluster, pod: str) -> Iterator[datetime]:
    """When a pod whose log tells everything has answered a prediction."""
    for line in cluster.kubectl("logs", pod, "--container=api", "--timestamps").splitlines():
        moment, _, said = line.partition(" ")
        if '"/predict"' in said and "request" in said:
            yield datetime.fromisoformat(f"{moment[:26]}+00:00")


def test_broken_release_never_serves_and_is_undone_without_a_lost_request(cluster: Cluster) -> None:
    with calling(cluster, "calls-broken", 240) as told:
        cluster.kubectl("set", "env", "deployment/api", "--containers=api", "LASTRO_RATE_LIMIT=nonsense")
        cluster.wait("a pod that does not start", lambda: any(map(restarted, cluster.pods("api"))), 90)
        assert sum(map(ready, cluster.pods("api"))) == 2
        cluster.kubectl("rollout", "undo", "deployment/api")
    cluster.rolled_out("api")
    assert (told["asked"], told["failed"]) == (240, [])


def restarted(pod: dict[str, Any]) -> bool:
    """Say whether a container of a pod has ended and begun again."""
    return any(each["restartCount"] for each in pod["status"].get("containerStatuses", []))


def test_release_is_undone_over_the_schema_that_the_newer_one_has_migrated(cluster: Cluster, tmp_path: Path) -> None:
    former = max(int(file.name[:4]) for file in (ROOT / VERSIONS).glob("[0-9]*.py"))
    migration = tmp_path / f"{former + 1:04}_newer.py"
    migration.write_text(OF_THE_NEWER.format(number=former + 1, former=former))
    migration.chmod(0o644)
    (tmp_path / "Dockerfile").write_text(f"FROM lastro-api:local\nCOPY {migration.name} {VERSIONS}/\n")
    subprocess.run(["docker", "build", "--quiet", "--tag", "lastro-api:newer", str(tmp_path)], check=True)
    load(["lastro-api:newer"])
    cluster.kubectl("set", "image", "deployment/api", "api=lastro-api:newer")
    cluster.rolled_out("api")
    assert schema(cluster) == f"{former + 1:04}"
    with calling(cluster, "calls-undone", 320) as told:
        cluster.kubectl("rollout", "undo", "deployment/api")
        cluster.rolled_out("api")
    assert (told["failed"], schema(cluster)) == ([], f"{former + 1:04}")
    images = {container["image"] for pod in cluster.staying("api") for container in pod["spec"]["containers"]}
    assert "lastro-api:newer" not in images


def schema(cluster: Cluster) -> str:
    """The revision that the log's database is at, as a pod of the API reads it."""
    program = "import os, psycopg as p; c = p.connect(os.environ['LASTRO_DATABASE_URL'])\n"
    program += "print(c.execute('select version_num from alembic_version').fetchone()[0])"
    words = ("python", "-m", "ops.enter", "python", "-c", program)
    return cluster.kubectl("exec", "deployment/api", "--container=api", "--", *words).strip()


@pytest.mark.parametrize("how", ["container", "pod"])
def test_killed_one_is_ready_again_within_fifteen_seconds(cluster: Cluster, how: str) -> None:
    pod = cluster.staying("api")[0]["metadata"]["name"]
    if how == "pod":
        cluster.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
        gone = lambda: all(each["metadata"]["name"] != pod for each in cluster.pods("api"))  # noqa: E731
    else:
        end = ("python", "-c", "import os; os.kill(1, 15)")  # the kernel keeps -9 inside of a container from its first
        cluster.kubectl("exec", pod, "--container=api", "--", *end, check=False)
        gone = lambda: restarted(cluster.get("pod", pod))  # noqa: E731
    start = time.monotonic()
    cluster.wait("its end", gone, 15)
    cluster.wait("two that are ready", lambda: sum(map(ready, cluster.pods("api"))) == 2, 15)
    assert time.monotonic() - start <= 15 * PATIENCE
