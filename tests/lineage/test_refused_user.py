"""A server that refuses the user is told apart from one that fails, and its page of HTML is left out."""

from pathlib import Path

import pytest

from src.lineage.folder import Folder
from src.lineage.mlflow_backend import TrackingError
from src.lineage.model_versions import opened_registry
from src.lineage.settings import Settings
from tests.nginx import nginx_before


@pytest.mark.parametrize(("code", "named"), [(401, True), (403, True), (404, False)])
def test_refusal_names_the_variables_and_no_secret(
    nginx: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, named: bool
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "lastro")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a-secret-of-this-test")
    with nginx_before(nginx, tmp_path, f"location / {{ return {code}; }}") as address:
        settings = Settings(_env_file=None, tracking_uri=address)
        with pytest.raises(TrackingError) as refused, opened_registry(settings, Folder(tmp_path)) as registry:
            registry.mlflow.MlflowClient().search_experiments()
    said = str(refused.value)
    assert said.startswith(f"MLflow cannot use {address} (MLFLOW_TRACKING_URI): ")
    assert (f"refuses the user ({code}): MLFLOW_TRACKING_USERNAME and" in said) is named
    assert "a-secret-of-this-test" not in said
