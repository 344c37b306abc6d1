"""Bytes on disk: written whole or not at all, hashed, JSON in one canonical form."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from src.errors import LastroError

DIGITS = 6
PLAIN = re.compile(r"[A-Za-z][A-Za-z_]*(?: [A-Za-z_]+)*")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block succeeds, removed when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` whole or leave the former file as it was."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def rounded(value: Any) -> Any:
    """Return `value` with every float in it rounded to 6 digits: sums may differ in the last bit between machines."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON; NaN is refused."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def read_yaml(path: Path) -> Any:
    """Return the YAML file's content; raises LastroError where it is missing or is not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LastroError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise LastroError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.YAMLError as error:
        raise LastroError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


class _Quoted(yaml.SafeDumper):
    """Writes text in quotes wherever any reader of YAML could take it for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = PLAIN.fullmatch(text) and text.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def yaml_line(value: Any) -> str:
    """Return `value` as YAML in one line; text that looks like anything else is quoted.

    >>> yaml_line({"value": "no", "label": "not yet"}), yaml_line(["1e5", 0.5, "2011-12-01"])
    ('{value: "no", label: not yet}', '["1e5", 0.5, "2011-12-01"]')
    """
    _Quoted.add_representer(str, _quoted)
    text = yaml.dump(
        value, Dumper=_Quoted, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").rstrip("\n")


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the file's hash in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sha256_of(content: bytes) -> str:
    """Return the hash of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
