"""`python -m ops.airflow [standalone | container]`: deploy/airflow/requirements.txt -> Airflow's own environment

It is $VENV_AIRFLOW, by default .venv-airflow: Airflow and the project want other versions of the same packages.
`standalone` then becomes a server for trying, whose DAGs run in this checkout; `container` does so in an image, on a
copy of the project, as ops.pipeline works on one. Standard library only.
"""

import hashlib
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from ops import bootstrap, pipeline
from ops.configure import write_secret
from ops.deployment import ROOT, load
from ops.errors import SetupError, run

LOCK = Path("deploy/airflow/requirements.txt")
DAGS = Path("deploy/airflow/dags")
STAMP = "airflow.stamp"  # in the environment: what was installed into it, and where
PASSWORDS = "simple_auth_manager_passwords.json.generated"  # in Airflow's home, by Airflow's own name
PORT = "8080"


def main() -> None:
    """Make the environment, and become the server where that is asked for."""
    venv = ROOT / os.environ.get("VENV_AIRFLOW", ".venv-airflow")
    asked = sys.argv[1:]
    if asked not in ([], ["standalone"], ["container"]):
        raise SetupError("python -m ops.airflow: nothing, `standalone` or `container` is asked for, nothing else.")
    if asked != ["container"]:
        bootstrap.check_python()
        make_environment(venv)
    if asked == ["container"]:
        become(venv, copied(), pipeline.STATE / "airflow")
    elif asked:
        become(venv, ROOT, load().state / "airflow")


def make_environment(venv: Path) -> None:
    """Install exactly the lock into `venv`, compiled, unless that has been done; raises SetupError."""
    stamp, wanted = venv / STAMP, f"{hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()} {venv.resolve()}\n"
    if stamp.is_file() and stamp.read_text() == wanted and os.access(venv / "bin" / "airflow", os.X_OK):
        return
    uv = ROOT / os.environ.get("VENV", ".venv") / "bin" / "uv"
    if not os.access(uv, os.X_OK):
        raise SetupError(f"There is no environment in {uv.parents[1]}, whose uv makes Airflow's: `make run` makes it.")
    print(f"Airflow's environment: installing into {venv.name}, once (about half a minute, 300 MB)", flush=True)
    stamp.unlink(missing_ok=True)
    call(str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(venv))
    options = ("--quiet", "--require-hashes", "--compile-bytecode", "--python", str(venv / "bin" / "python"))
    call(str(uv), "pip", "sync", *options, str(ROOT / LOCK))  # not compiled, each start would take seconds longer
    stamp.write_text(wanted)


def call(*command: str) -> None:
    """Run a command; raises SetupError with its last words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise SetupError(f"Airflow's environment cannot be made: {words[-1]}")


def copied() -> Path:
    """Return a copy of the image's project, pointed at the deployment's store, with what DVC's cache has of it."""
    endpoint, bucket = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["LASTRO_BUCKET"]
    project = pipeline.copy(ROOT, pipeline.WORK / "lastro")
    configuration = pipeline.configuration(endpoint, bucket, pipeline.STATE, project)
    (project / ".dvc" / "config.local").write_text(configuration)
    subprocess.run(["dvc", "checkout", "--quiet", "--allow-missing"], cwd=project, check=False)
    return project


def become(venv: Path, project: Path, home: Path) -> None:
    """Become a standalone server whose DAGs run in `project`."""
    home.mkdir(parents=True, exist_ok=True)
    given = os.environ.get("LASTRO_AIRFLOW_PASSWORD")
    if given or not (home / PASSWORDS).exists():
        password = given or secrets.token_urlsafe(24)
        write_secret(home / PASSWORDS, json.dumps({"admin": password}))
    print(f"Airflow: the password of admin stands in {home / PASSWORDS}", flush=True)
    environment = {**variables(project, home), "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    os.execve(venv / "bin" / "airflow", ["airflow", "standalone"], environment)  # noqa: S606


def variables(project: Path, home: Path) -> dict[str, str]:
    """Return what Airflow reads; what stands in the environment already is kept."""
    inherited = {name: value for name, value in os.environ.items() if name != "LASTRO_AIRFLOW_PASSWORD"}
    address = inherited.pop("LASTRO_AIRFLOW_DATABASE_URL", "")
    port = inherited.get("AIRFLOW_PORT") or PORT
    ours = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PARALLELISM": "4",  # each is a process that waits
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW_VAR_LASTRO_PROJECT": str(project),
        "AIRFLOW_VAR_LASTRO_ENVIRONMENT": str(ROOT / inherited.get("VENV", ".venv")),
    }
    patient = f"sqlite:///{home}/airflow.db?timeout=60"  # seconds that a part waits for another, instead of ending
    ours["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = address or patient
    return ours | inherited


if __name__ == "__main__":
    run(main)
