"""what MLflow's server answers -> a sentence that names the variables, where it refuses who asks"""

import contextlib
import re
from collections.abc import Iterator

from src.lineage.mlflow_backend import TrackingError
from src.lineage.settings import Settings

REFUSED = re.compile(r"error code (401|403)\b")
WANTED = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD say who asks"


@contextlib.contextmanager
def named(settings: Settings) -> Iterator[None]:
    """Say of a server that refuses the user by which variables it is told of one; raises TrackingError."""
    try:
        yield
    except TrackingError as error:
        code = REFUSED.search(str(error))
        if code is None:
            raise
        where = f"MLflow cannot use {settings.tracking_uri} (MLFLOW_TRACKING_URI)"
        raise TrackingError(f"{where}: its server refuses the user ({code[1]}): {WANTED}") from error
