"""`python -m ops.credentials [key]`: random secrets, made once -> for each service of compose.yaml a folder of its own

Each folder is a volume that its service alone mounts; `master`, which holds everything, is mounted by nobody else.
With `key` it prints the API key that is meant for the user. `--kubernetes NAMESPACE` makes Secrets of a cluster instead
by the service account of the pod in which it runs. Standard library only.
"""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.client import new_key
from ops.configure import write_secret
from ops.errors import run
from ops.namespace import Namespace, own

FOLDER = Path("/secrets")
STORE, OURS, ROOT = 1000, 10001, 0  # uids: MinIO's image, the other images built here, PostgreSQL's first process
OURS_ALONE = (
    "pipeline",
    "mlflow",
    "delivery",
    "api",
    "features",
    "monitor",
    "lake",
    "page",
    "prometheus",
    "alertmanager",
)
OWNERS = {"store": STORE, "database": ROOT, **dict.fromkeys(OURS_ALONE, OURS)}
KEYS = ("store", "delivery", "mlflow")  # who shows S3 a key of its own; the store's is the one that may do everything
API_KEYS = {"page": "", "prometheus": ":read", "user": ""}  # who calls the API, and what an entry ends with
DATABASE = "postgresql://lastro:{}@database/lastro"
RUNS = "postgresql+psycopg://lastro:{}@database/mlflow"  # MLflow's own database, where it has one
OBJECTS = {  # a service -> the Secret of a cluster that holds its files
    **{name: name for name in ("store", "database", "pipeline", "mlflow", "api", "page", "prometheus", "user")},
    "delivery": "follower",
    "monitor": "monitoring",
}


def main() -> None:
    """Write every service's folder, or a cluster's Secrets, or print the user's key."""
    if sys.argv[1:2] == ["--kubernetes"]:
        write_objects(own(" ".join(sys.argv[2:])))
        return
    values = master(FOLDER / "master" / "secrets.json")
    if sys.argv[1:] == ["key"]:
        print(values["user"])
        return
    for name, text in files(values, os.environ).items():
        hand_over(FOLDER / name, text, OWNERS[name.partition("/")[0]])


def master(path: Path) -> dict[str, str]:
    """Return all secrets; what is missing is made, what is there is kept."""
    known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    values = {**new(), **known}
    write_secret(path, json.dumps(values))
    return values


def new() -> dict[str, str]:
    """Return all secrets, made at random."""
    made = {f"{name} id": secrets.token_hex(10) for name in KEYS}
    made |= {f"{name} secret": secrets.token_hex(20) for name in KEYS}
    made |= {name: new_key() for name in API_KEYS}
    return made | {"database": secrets.token_hex(20), "token": secrets.token_hex(32)}


def write_objects(namespace: Namespace) -> None:
    """Make the Secrets of a cluster, one for each service; what they hold already is kept."""
    known = namespace.keep("master", {name.replace(" ", "-"): value for name, value in new().items()})
    values = {name: known[name.replace(" ", "-")] for name in new()}
    for name, held in objects(values, os.environ).items():
        namespace.keep(name, held)
        print(f"credentials: the Secret {name} is there")


def objects(values: Mapping[str, str], more: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what each Secret of a cluster holds: the files of its service, and what a cluster needs beyond compose."""
    database = DATABASE.format(values["database"])
    beyond = {
        "pipeline/LASTRO_DATABASE_URL": database,
        "pipeline/LASTRO_FEATURES_URL": database,
        "mlflow/MLFLOW_BACKEND_STORE_URI": RUNS.format(values["database"]),
        "user/LASTRO_API_KEY": values["user"],
    }
    found: dict[str, dict[str, str]] = {name: {} for name in OBJECTS.values()}
    for path, text in {**files(values, more), **beyond}.items():
        service, _, name = path.partition("/")
        if service in OBJECTS:
            found[OBJECTS[service]][name] = text
    return found


def hand_over(path: Path, text: str, owner: int) -> None:
    """Write a file that from its first moment only its owner can read; a former one need not be readable to us."""
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123
        os.fchown(file.fileno(), owner, owner)
        file.write(text)
    temporary.replace(path)


def files(values: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return what each service's files hold; keys of `more` are accepted too, unless they are named as ours."""
    s3 = {name: f"[default]\naws_access_key_id={values[f'{name} id']}\n"
          f"aws_secret_access_key={values[f'{name} secret']}\n" for name in KEYS}  # fmt: skip
    digests = {name: hashlib.sha256(values[name].encode()).hexdigest() + scope for name, scope in API_KEYS.items()}
    return {
        "store/user": values["store id"],
        "store/password": values["store secret"],
        "database/password": values["database"],
        "pipeline/credentials": s3["store"],
        "pipeline/delivery": s3["delivery"],
        "pipeline/mlflow": s3["mlflow"],
        "mlflow/credentials": s3["mlflow"],
        "delivery/credentials": s3["delivery"],
        "api/LASTRO_DATABASE_URL": DATABASE.format(values["database"]),
        "api/LASTRO_API_KEYS": joined(more.get("LASTRO_API_KEYS", ""), digests),
        "api/LASTRO_USERS": more.get("LASTRO_USERS", ""),
        "api/LASTRO_TOKEN_KEYS": joined(more.get("LASTRO_TOKEN_KEYS", ""), {"token": values["token"]}),
        "api/LASTRO_FEATURES_URL": DATABASE.format(values["database"]),
        "features/LASTRO_FEATURES_URL": DATABASE.format(values["database"]),
        "features/credentials": s3["delivery"],
        "monitor/LASTRO_DATABASE_URL": DATABASE.format(values["database"]),
        "monitor/LASTRO_SLACK_WEBHOOK_URL": more.get("LASTRO_SLACK_WEBHOOK_URL", ""),
        "lake/credentials": s3["store"],
        "lake/LASTRO_DATABASE_URL": DATABASE.format(values["database"]),
        "page/LASTRO_API_KEY": values["page"],
        "prometheus/LASTRO_API_KEY": values["prometheus"],
        "alertmanager/LASTRO_SLACK_WEBHOOK_URL": more.get("LASTRO_SLACK_WEBHOOK_URL", ""),
    }


def joined(more: str, ours: Mapping[str, str]) -> str:
    """Return `name:value,…`: entries of `more` that are not named as ours, then ours."""
    others = [entry for entry in more.split(",") if entry and entry.partition(":")[0].strip() not in ours]
    return ",".join([*others, *(f"{name}:{value}" for name, value in ours.items())])


if __name__ == "__main__":
    run(main)
