"""the pipeline's stages in one process"""

from tests.conftest import Project

STAGES = """
import contextlib
from src.pipeline import evaluate, export, ingest, prepare, train
train.tracking.Run.watching = lambda *_: contextlib.nullcontext()
for stage in (ingest, prepare, train, export, evaluate):
    stage.main()
"""


def run_stages(project: Project) -> None:
    """Run every stage in one process: without DVC and autologging, which some tests need and others wait for."""
    project.run("python", "-c", STAGES)
