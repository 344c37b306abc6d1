import hashlib
import tomllib
from pathlib import Path

import pytest

from ops import client, configure
from ops.deployment import parse
from ops.errors import SetupError
from src.api.security import Keys
from src.api.settings import Settings


def access(root: Path) -> dict[str, str]:
    return tomllib.loads((root / client.FILE).read_text())


def name_of(key: str, root: Path) -> str | None:
    """The name by which the API knows a key, by that .env."""
    found = Keys(Settings(_env_file=root / ".env").api_keys).identity(hashlib.sha256(key.encode()).digest())
    return found and found.key_id


def test_set_up_makes_one_key_that_the_api_knows_and_keeps_it(clone: Path) -> None:
    assert clone / client.FILE in configure.write(clone, {})
    made = access(clone)
    assert made["endpoint"] == "http://127.0.0.1:8000"
    assert name_of(made["api_key"], clone) == client.NAME
    assert made["api_key"] not in (clone / ".env").read_text()
    assert (clone / client.FILE).stat().st_mode & 0o777 == 0o600
    assert configure.write(clone, {}) == []
    assert access(clone) == made


@pytest.mark.parametrize("lost", [".env", ".streamlit/secrets.toml"])
def test_either_file_lost_is_made_again_to_fit_the_other(clone: Path, lost: str) -> None:
    configure.write(clone, {})
    (clone / lost).unlink()
    configure.write(clone, {})
    assert name_of(access(clone)["api_key"], clone) == client.NAME
    assert parse(clone / ".env")["LASTRO_API_KEYS"].count(":") == 1


def test_others_keys_stay_and_a_key_known_under_another_name_is_enough(clone: Path) -> None:
    configure.write(clone, {})
    digest = hashlib.sha256(b"mine").hexdigest()
    lines = (clone / ".env").read_text().splitlines()
    lines = [f"{line},web:{digest.upper()}:read" if line.startswith("LASTRO_API_KEYS=") else line for line in lines]
    (clone / ".env").write_text("\n".join(lines) + "\n")
    assert configure.write(clone, {}) == []
    (clone / client.FILE).write_text('api_key = "mine"\n')
    configure.write(clone, {})
    assert (name_of("mine", clone), access(clone)["api_key"]) == ("web", "mine")


def test_endpoint_follows_the_port_unless_it_is_elsewhere(clone: Path) -> None:
    configure.write(clone, {})
    configure.write(clone, {"API_PORT": "8010"})
    assert access(clone)["endpoint"] == "http://127.0.0.1:8010"
    path = clone / client.FILE
    path.write_text(path.read_text().replace("http://127.0.0.1:8010", "https://scores.example.org"))
    configure.write(clone, {"API_PORT": "8011"})
    assert access(clone)["endpoint"] == "https://scores.example.org"


def test_users_own_secrets_stay(clone: Path) -> None:
    path = clone / client.FILE
    path.write_text('# mine\nother = "1"\n[table]\napi_key = "of the table"\n')
    configure.write(clone, {})
    found = tomllib.loads(path.read_text())
    assert (found["other"], found["table"]) == ("1", {"api_key": "of the table"})
    assert name_of(found["api_key"], clone) == client.NAME


def test_file_that_is_no_toml_is_a_sentence(clone: Path) -> None:
    (clone / client.FILE).write_text("api_key = \n")
    with pytest.raises(SetupError, match=r"secrets\.toml is not valid TOML .*: correct it, or remove it"):
        configure.write(clone, {})


def test_example_holds_no_secret() -> None:
    assert tomllib.loads((Path(__file__).parents[2] / client.EXAMPLE).read_text())["api_key"] == ""
