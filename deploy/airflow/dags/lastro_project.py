"""a command of the project -> a task of Airflow that runs it in the project's own environment, and tells of its failure

Nothing of the project is imported: Airflow has an environment of its own. What differs between deployments are
Airflow's variables (or AIRFLOW_VAR_LASTRO_… in its environment), which docs/airflow.md lists.
"""

import shlex
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Variable

ROOT = (Path(__file__).resolve().parent / "../../..").resolve()  # the checkout that this file is of
COMMAND = "PATH={}:$PATH; if [ -f .env ]; then VENV={} . ./activate; fi; exec {}"
TRIES = {"retries": 2, "retry_seconds": 300, "timeout_minutes": 60}
TOLD = "Attempt {} of run {} was the last one; Airflow's page has its log."


def setting(name: str, default: str) -> str:
    """Return a variable of Airflow."""
    return str(Variable.get(f"lastro_{name}", default=default))


def project() -> Path:
    """Return the project's folder."""
    return Path(setting("project", str(ROOT)))


def in_the_environment(command: str) -> str:
    """Return a command as bash runs it: the project's own programs first on PATH, then what its .env says."""
    venv = project() / setting("environment", ".venv")
    return COMMAND.format(shlex.quote(str(venv / "bin")), shlex.quote(str(venv)), command)


def tries() -> dict[str, Any]:
    """Return how often a task is tried, how long it may take, and who learns that it failed."""
    numbers = {name: float(setting(name, str(default))) for name, default in TRIES.items()}
    return {
        "retries": int(numbers["retries"]),
        "retry_delay": timedelta(seconds=numbers["retry_seconds"]),
        "execution_timeout": timedelta(minutes=numbers["timeout_minutes"]),
        "on_failure_callback": tell,
    }


def task(name: str, command: str, **more: Any) -> BashOperator:
    """Return a task that runs a command in the project's folder."""
    return BashOperator(task_id=name, **ran(command), **more)


def ran(command: str) -> dict[str, Any]:
    """Return how a command runs, for a task or for one that is mapped."""
    return {"bash_command": in_the_environment(command), "cwd": str(project()), "append_env": True}


def filters() -> dict[str, Callable[[str], str]]:
    """Return what a template needs to hand a user's word to a command as one word, whatever it holds."""
    return {"quoted": shlex.quote}


def tell(context: Any) -> None:
    """Let the project's monitor tell people of a task that failed for good."""
    failed = context["ti"]
    title, text = f"{failed.dag_id}: {failed.task_id} failed", TOLD.format(failed.try_number, failed.run_id)
    command = ["python", "-m", "src.monitoring", "alert", "--severity", "critical", title, text]
    subprocess.run(["bash", "-c", in_the_environment(shlex.join(command))], cwd=project(), check=True, timeout=120)
