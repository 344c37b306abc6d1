"""the pipeline's stages in this process"""

import contextlib
import warnings
from types import SimpleNamespace

import pytest

from src.pipeline import evaluate, export, ingest, prepare, train
from tests.conftest import Project


def run_stages(project: Project) -> None:
    """Run every stage where all is imported: without DVC and MLflow, which some tests need and others wait for."""
    run = SimpleNamespace(watching=lambda _: contextlib.nullcontext())
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a process of their own
        patch.chdir(project.root)
        patch.setattr(train.tracking, "training_run", lambda *_: contextlib.nullcontext(run))
        patch.setattr(train, "record", lambda *_: None)
        for stage in (ingest, prepare, train, export, evaluate):
            stage.main()
