""".streamlit/secrets.toml <-> how clients on this machine reach the API: address and key (standard library only)"""

import hashlib
import re
import secrets
import tomllib
from pathlib import Path

from ops.deployment import is_local
from ops.errors import SetupError

FILE = Path(".streamlit") / "secrets.toml"
EXAMPLE = Path(".streamlit") / "secrets.toml.example"
NAME = "local"  # of the key that set-up makes


def read(root: Path) -> dict[str, str]:
    """Return `endpoint` and `api_key`, those that are there; raises SetupError where the file is no TOML."""
    try:
        found = tomllib.loads((root / FILE).read_text())
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"{FILE} is not valid TOML ({error}): correct it, or remove it for a new key.") from None
    return {name: str(found[name]) for name in ("endpoint", "api_key") if found.get(name)}


def new_key() -> str:
    """Return a random key of 256 bits."""
    return secrets.token_urlsafe(32)


def accepting(keys: str, key: str) -> str:
    """Return LASTRO_API_KEYS such that this key is known: as it is, or with the entry of set-up's own key replaced."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    entries = [entry.strip() for entry in keys.split(",") if entry.strip()]
    if any(entry.lower().split(":")[1:2] == [digest] for entry in entries):  # its scopes may follow
        return keys
    others = [entry for entry in entries if entry.partition(":")[0] != NAME]
    return ",".join([*others, f"{NAME}:{digest}"])


def text(root: Path, address: str, key: str) -> str:
    """Return the file's (or the example's) lines with this key, and this address unless another machine's is there."""
    source = next((path for path in (root / FILE, root / EXAMPLE) if path.is_file()), None)
    lines = source.read_text().splitlines() if source else []
    endpoint = read(root).get("endpoint", address)
    for name, value in {"api_key": key, "endpoint": address if is_local(endpoint) else endpoint}.items():
        lines = _set(lines, name, value)
    return "\n".join(lines) + "\n"


def _set(lines: list[str], name: str, value: str) -> list[str]:
    """Return lines of TOML where a key outside of all tables has this text as its value."""
    tables = [place for place, line in enumerate(lines) if line.lstrip().startswith("[")]
    end = tables[0] if tables else len(lines)
    kept = [re.sub(rf"^\s*{name}\s*=.*", lambda _: f'{name} = "{value}"', line) for line in lines[:end]]
    missing = [] if any(line.startswith(f"{name} = ") for line in kept) else [f'{name} = "{value}"']
    return [*missing, *kept, *lines[end:]]
