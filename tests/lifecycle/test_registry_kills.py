"""200 kills -9 among three promoters on a real MinIO: the chain is whole, and one command draws the aliases."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from src.lineage.publishing import publish
from tests.conftest import ROOT, Project
from tests.lineage.conftest import Minio, _small, bucket, commit, minio, minio_program, settings_in, small  # noqa: F401
from tests.lineage.pushed import another_model, pushed_to

pytestmark = pytest.mark.lifecycle
ROUNDS = 67  # of three kills each


@pytest.mark.timeout(3600)
def test_chain_is_whole_and_aliases_equal_history_after_one_command(
    small: Project,  # noqa: F811  # the fixtures above
    minio: Minio,  # noqa: F811
    bucket: str,  # noqa: F811
    empty_database: Path,
    tmp_path: Path,
) -> None:
    project, settings = pushed_to(small, minio, bucket), settings_in(tmp_path, empty_database)
    publish(project.root, settings)
    another_model(project, seed=1)
    commit(project)
    publish(project.root, settings)
    command = [sys.executable, "-m", "tests.lifecycle.promoters", str(project.root), str(settings.state)]
    done = subprocess.run(
        [*command, settings.tracking_uri, str(ROUNDS), "16"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    commands = Counter(found["reconcile"] for found in rounds)
    kills, events = sum(found["killed"] for found in rounds), rounds[-1]["events"]
    sys.stderr.write(f"{kills} kills, {events} events; `reconcile` found a picture to draw {commands[1]} times\n")
    assert kills == 3 * ROUNDS
    assert [(found["broken"], found["missing"]) for found in rounds] == [([], [])] * ROUNDS
    assert [found["aliases"]["standing"] for found in rounds] == ["same"] * ROUNDS
    assert commands.keys() <= {0, 1}
