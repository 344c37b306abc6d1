"""environment -> that of a simulation's commands, without anything of this deployment's"""

import os
import sys
from pathlib import Path

OWN = ("LASTRO_", "MLFLOW_", "AWS_", "DVC_", "PYTHONPATH", "GIT_")  # beginnings of what a deployment or a shell has set


def variables() -> dict[str, str]:
    """Return the variables with which a command finds its own folder's state alone, and this environment's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return kept | {"PATH": programs, "PYTHONHASHSEED": "0"}
