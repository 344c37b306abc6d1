"""The three lists of who may call: read, or refused by an entry's place without its text"""

from hashlib import sha256
from typing import Any

import pytest

from src.api.entries import SCOPES_OF_KEYS, SCOPES_OF_USERS, keys, token_keys, users
from tests.api.live import cheap

DIGEST = sha256(b"key").hexdigest()
USER = cheap("word")
SIGNS = "s" * 32


def test_keys_have_all_scopes_but_admin_unless_they_say_which() -> None:
    found = keys(f"web:{DIGEST}, ops:{DIGEST.upper()}:read+admin,")
    assert {name: key.digest.hex() for name, key in found.items()} == {"web": DIGEST, "ops": DIGEST}
    assert [key.scopes for key in found.values()] == [{"predict", "read", "outcomes"}, {"read", "admin"}]
    assert found["web"].scopes == SCOPES_OF_KEYS


def test_users_may_predict_and_read_unless_they_say_what() -> None:
    found = users(f"ana.silva@bank:{USER},bia:{USER}:outcomes")
    assert list(found) == ["ana.silva@bank", "bia"]
    assert [user.scopes for user in found.values()] == [SCOPES_OF_USERS, {"outcomes"}]


def test_first_token_key_is_the_first() -> None:
    assert token_keys(f"b:{SIGNS}:x,a:{SIGNS}") == {"b": f"{SIGNS}:x", "a": SIGNS}


@pytest.mark.parametrize(
    ("read", "wrong", "rule"),
    [
        (keys, "web", "is not `name:`"),
        (keys, "web:1234", "is not `name:`"),
        (keys, f":{DIGEST}", "a name has"),
        (keys, f"user:ana:{DIGEST}", "is not `name:`"),
        (keys, f"web:{'g' * 64}", "is not `name:`"),
        (keys, f"web:{DIGEST}:", "scopes are predict, read, outcomes, admin"),
        (keys, f"web:{DIGEST}:read+secret", "scopes are"),
        (keys, f"first:{DIGEST}", "has the name of an earlier one"),
        (users, "ana", "is not `name:n.r.p.salt.hash:scopes`"),
        (users, "ana:secret-word", "is not `name:n.r.p"),
        (users, f"ana:{USER[:-1]}", "is not `name:n.r.p"),
        (users, f"ana:{USER}:all", "scopes are"),
        (users, f"ana:{USER.replace('2.1.1', '3.1.1')}", "n is a power of 2"),
        (users, f"ana:{USER.replace('2.1.1', '2.0.1')}", "r and p at least 1"),
        (users, f"ana:{USER.replace('2.1.1', '1048576.8.1')}", "at most 64 MiB"),
        (users, f"a b:{USER}", "a name has"),
        (token_keys, f"kid:{'é' * 15}s", "at least 32 bytes"),
        (token_keys, SIGNS, "at least 32 bytes"),
        (token_keys, f"first:{SIGNS}", "has the name of an earlier one"),
    ],
)
def test_wrong_entry_is_told_by_its_place_and_rule_and_not_repeated(read: Any, wrong: str, rule: str) -> None:
    right = {keys: DIGEST, users: USER, token_keys: SIGNS}[read]
    with pytest.raises(ValueError, match=r"^entry 2(:| is| has)") as refused:
        read(f"first:{right},{wrong}")
    assert rule in str(refused.value)
    assert not {part for part in wrong.split(":") if len(part) > 5} & set(str(refused.value).split())


def test_least_key_of_tokens_is_counted_in_bytes() -> None:
    assert token_keys(f"kid:{'é' * 16}")
