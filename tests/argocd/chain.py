"""The deployment's chain, read from this machine by the project's own commands"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.argocd.repository import forwarded
from tests.conftest import OURS
from tests.kubernetes.cluster import Cluster

CONFIG = "['remote \"minio\"']\n    url = s3://lastro/dvc\n    endpointurl = http://127.0.0.1:{port}\n"


@dataclass
class Chain:
    """A checkout whose remote is the deployment's store."""

    root: Path
    keys: Path

    def registry(self, *words: str) -> Any:
        """Return what a command of the registry answers in JSON; MLflow is out of reach here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        kept |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.keys), "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
        kept |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "AWS_DEFAULT_REGION": "us-east-1"}
        command = [sys.executable, "-m", "src.lineage.registry", *words, "--json"]
        done = subprocess.run(command, cwd=self.root, env=kept, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def last(self) -> dict[str, Any]:
        """Return the newest event."""
        found: dict[str, Any] = self.registry("history")[-1]
        return found


@contextmanager
def reached(root: Path, there: Cluster, folder: Path) -> Iterator[Chain]:
    """Yield the chain of a deployment with a store of its own."""
    found = there.kubectl("get", "secret", "pipeline", "--output=go-template={{.data.credentials | base64decode}}")
    keys = folder / "credentials"
    keys.touch(mode=0o600)
    keys.write_text(found)
    with forwarded(there, "service/store", 9000) as port:
        (root / ".dvc" / "config.local").write_text(CONFIG.format(port=port))
        yield Chain(root, keys)
