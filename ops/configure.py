""".env.example, random secrets, the environment -> .env, .dvc/config.local, .streamlit/secrets.toml, for their owner"""

import configparser
import os
import secrets
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from ops import client
from ops.deployment import PORTS, ROOT, Deployment, is_local, load, own, parse, tracking
from ops.errors import SetupError, run

REMOTE = "'remote \"minio\"'"
DIRECTORY = "'remote \"local\"'"
SECRETS = {"AWS_ACCESS_KEY_ID": 10, "AWS_SECRET_ACCESS_KEY": 20}  # bytes; MinIO allows 20 and 40 hex digits
KEYS, TOKEN_KEYS = "LASTRO_API_KEYS", "LASTRO_TOKEN_KEYS"
OURS_ALONE = {KEYS, TOKEN_KEYS, "LASTRO_USERS"}  # from .env alone: what a terminal has exported may be old
UNTOLD = {
    "LASTRO_SLACK_WEBHOOK_URL",
    "LASTRO_DATABASE_URL",
    "LASTRO_FEATURES_URL",
    "LASTRO_API_KEY",
    "LASTRO_LAKE_CATALOG",
    "LASTRO_OPENLINEAGE_URL",
}  # their values are secrets
FORBIDDEN = set(" \t'\"$`\\#;")


def main() -> None:
    """Write what is missing and say what was written."""
    for path in write(ROOT, os.environ):
        print(f"configuration: wrote {path.relative_to(ROOT)}")
    if not has_history(ROOT):
        print("configuration: no Git here, so DVC works without it (core.no_scm), and no commit says what made a model")


def write(root: Path, environment: Mapping[str, str]) -> list[Path]:
    """Bring the three files of secrets up to date and return those that changed; secrets there are kept.

    Raises SetupError where a variable of the environment contradicts `.env`, or `.env` cannot hold a value.
    """
    key = client.read(root).get("api_key") or client.new_key()
    wanted = _values(root, environment)
    wanted[KEYS] = client.accepting(wanted.get(KEYS, ""), key)
    wanted[TOKEN_KEYS] = wanted.get(TOKEN_KEYS) or f"{client.NAME}:{secrets.token_hex(32)}"
    wrong = [name for name, value in wanted.items() if not value.isprintable() or FORBIDDEN & set(value)]
    if wrong:
        raise SetupError(f".env cannot hold {', '.join(wrong)}: no quotes, blanks or $ are allowed in a value.")
    _refuse_shared_ports(Deployment(root, root, wanted))
    written = [root / ".env"] if write_secret(root / ".env", _text(root, wanted)) else []
    (root / client.FILE).parent.mkdir(exist_ok=True)
    if write_secret(root / client.FILE, client.text(root, Deployment(root, root, wanted).address("API_PORT"), key)):
        written.append(root / client.FILE)
    return written + write_remote(load(root), directory=False)


def write_remote(deployment: Deployment, *, directory: bool) -> list[Path]:
    """Point DVC at the S3 store, or at a directory in the state's folder; return what changed."""
    path = deployment.root / ".dvc" / "config.local"
    config = _read(path)
    no_scm = "" if has_history(deployment.root) else "true"  # DVC refuses a folder that it believes to be Git's
    _set(config, "core", {"remote": "local" if directory else "", "no_scm": no_scm})
    _set(config, DIRECTORY, {"url": str(deployment.state.resolve() / "dvc-remote") if directory else ""})
    _set(config, REMOTE, _store(deployment))
    text = StringIO()
    config.write(text)
    if not path.parent.is_dir() or (not config.sections() and not path.exists()):
        return []
    return [path] if write_secret(path, text.getvalue()) else []


def write_secret(path: Path, text: str) -> bool:
    """Write a file in one step, mode 600, and say whether it was not so before."""
    if path.is_file() and path.read_text() == text and path.stat().st_mode & 0o777 == 0o600:
        return False
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123
            file.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def has_history(root: Path) -> bool:
    """Say whether a folder lies in a checkout of Git, as DVC looks for one."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _values(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return every variable: the example's, then `.env`'s, then the environment's, then what follows from these."""
    example, old = parse(root / ".env.example"), parse(root / ".env")
    values = {**example, **old}
    values.update({name: environment[name] for name in PORTS if environment.get(name)})
    for name in _choices(example, environment):
        if old.get(name, environment[name]) != environment[name]:
            here, there = ("one value", "another") if name in UNTOLD else (environment[name], old[name])
            raise SetupError(f"{name} is {here} in the environment and {there} in .env: unset it, or change .env.")
        values[name] = environment[name]
    if is_local(values["AWS_ENDPOINT_URL_S3"]):
        endpoint = f"http://127.0.0.1:{values['MINIO_PORT']}"
        values.update(AWS_ENDPOINT_URL_S3=endpoint, MLFLOW_S3_ENDPOINT_URL=endpoint)
        values.update({name: values[name] or secrets.token_hex(size) for name, size in SECRETS.items()})
    else:
        values["MLFLOW_S3_ENDPOINT_URL"] = values["AWS_ENDPOINT_URL_S3"]
    return values if own(environment) else {**values, **tracking(root, values)}


def _choices(example: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """Return the variables that a user has set to say where things are: ours, and an S3 endpoint elsewhere."""
    not_here = OURS_ALONE | set(own(environment))
    ours = [name for name in example if name.startswith("LASTRO_") and environment.get(name) and name not in not_here]
    elsewhere = not is_local(environment.get("AWS_ENDPOINT_URL_S3", ""))
    places = ("AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION") if elsewhere else ()
    return ours + [name for name in places if environment.get(name)]


def _text(root: Path, values: Mapping[str, str]) -> str:
    """Return the existing file's (or the example's) lines with these values, and new variables at their end."""
    source = root / ".env" if (root / ".env").is_file() else root / ".env.example"
    lines, left = [], dict(values)
    for line in source.read_text().splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"{name}={left.pop(name)}" if name in left else line)
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"


def _refuse_shared_ports(deployment: Deployment) -> None:
    names: dict[int, str] = {}
    for variable in PORTS:
        other = names.setdefault(deployment.port(variable), variable)
        if other != variable:
            raise SetupError(
                f"{other} and {variable} in .env are both {deployment.port(variable)}: change one of them."
            )


def _store(deployment: Deployment) -> dict[str, str]:
    """Return what DVC's remote needs beyond the committed configuration: credentials, and what was changed."""
    values, committed = deployment.values, _read(deployment.root / ".dvc" / "config")
    known = committed[REMOTE] if committed.has_section(REMOTE) else {}
    endpoint, url = values.get("AWS_ENDPOINT_URL_S3", ""), f"s3://{values['LASTRO_BUCKET']}/dvc"
    return {
        "endpointurl": "" if _same_place(endpoint, known.get("endpointurl", "")) else endpoint,
        "region": "" if known.get("region") == values["AWS_DEFAULT_REGION"] else values["AWS_DEFAULT_REGION"],
        "url": "" if known.get("url") == url else url,
        "access_key_id": values.get("AWS_ACCESS_KEY_ID", ""),
        "secret_access_key": values.get("AWS_SECRET_ACCESS_KEY", ""),
    }


def _same_place(one: str, other: str) -> bool:
    if is_local(one) and is_local(other):
        return urlsplit(one).port == urlsplit(other).port
    return one == other


def _read(path: Path) -> configparser.RawConfigParser:
    config = configparser.RawConfigParser()
    config.read(path)
    return config


def _set(config: configparser.RawConfigParser, section: str, values: Mapping[str, str]) -> None:
    """Set these keys of a section; an empty value removes the key, and an empty section goes."""
    if not config.has_section(section):
        config.add_section(section)
    for key, value in values.items():
        if value:
            config.set(section, key, value)
        else:
            config.remove_option(section, key)
    if not config.options(section):
        config.remove_section(section)


if __name__ == "__main__":
    run(main)
