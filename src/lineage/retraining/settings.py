"""environment and .env -> the variables of commands that run in a worktree, where there is no .env"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from src.journal import settings as journal
from src.lineage.settings import home

NEEDED = ("AWS_", "MLFLOW_", "LASTRO_DATABASE_")  # of .env: nothing that trains or publishes asks for an API's keys


def variables(root: Path, state: Path, log_url: str | None = None) -> Mapping[str, str]:
    """Return the environment with which a command in a worktree finds the state, log and programs of `root`.

    `log_url` is where the log is; by default where the settings here say.
    """
    found = dotenv_values(home(root) / ".env", interpolate=False).items()
    written = {name: value for name, value in found if value and name.startswith(NEEDED)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **written,
        **os.environ,
        "PATH": programs,
        "LASTRO_STATE": str(state.resolve()),
        "LASTRO_DATABASE_URL": log_url or journal.Settings().journal_url,
    }
