"""Tokens: ours are taken, whatever is forged is not, and one is known again no longer than it is good"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from time import time
from typing import Any

import pytest

from src.api import tokens
from src.api.entries import Hash, User
from src.api.tokens import Tokens
from tests.api.live import TOKEN_KEYS

NOBODYS = Hash(2, 1, 1, b"", b"")
USERS = {"ana": User(NOBODYS, frozenset({"predict", "read"})), "bia": User(NOBODYS, frozenset({"read"}))}
NEW, OLD = TOKEN_KEYS.values()
Parts = dict[str, Any]


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def parts(token: str) -> tuple[Parts, Parts]:
    """Head and claims of a token."""
    head, claims, _ = (urlsafe_b64decode(piece + "==") for piece in token.split("."))
    return json.loads(head), json.loads(claims)


def signed(head: Parts, claims: Parts, key: str = NEW, algorithm: str = "sha256") -> str:
    """A token by hand, with no library of ours in it."""
    message = f"{part(head)}.{part(claims)}"
    signature = hmac.digest(key.encode(), message.encode(), algorithm)
    return f"{message}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def without(values: Parts, name: str) -> Parts:
    return {key: value for key, value in values.items() if key != name}


def asker(found: Tokens, token: str) -> str | None:
    identity = found.identity(token.encode(), sha256(token.encode()).digest())
    return identity and identity.key_id


@pytest.fixture
def ours() -> Tokens:
    return Tokens(USERS, TOKEN_KEYS, 15)


def test_token_is_as_others_rely_on_it(ours: Tokens) -> None:
    head, claims = parts(ours.issue("ana"))
    assert head == {"alg": "HS256", "typ": "JWT", "kid": "new"}
    assert {name: claims[name] for name in ("iss", "aud", "sub", "scope")} == {
        "iss": "lastro", "aud": "lastro", "sub": "ana", "scope": "predict read"
    }  # fmt: skip
    assert abs(claims["iat"] - time()) < 5
    assert claims["exp"] - claims["iat"] == ours.seconds == 900
    assert claims["nbf"] <= claims["iat"]


def test_token_made_by_hand_with_the_key_is_taken(ours: Tokens) -> None:
    head, claims = parts(ours.issue("ana"))
    assert asker(ours, signed(head, claims)) == "user:ana"  # else the forgeries prove nothing


FORGED: dict[str, Callable[[Parts, Parts], str]] = {
    "algorithm none": lambda head, claims: f"{part(head | {'alg': 'none'})}.{part(claims)}.",
    "algorithm none, signed": lambda head, claims: signed(head | {"alg": "none"}, claims),
    "another algorithm": lambda head, claims: signed(head | {"alg": "HS512"}, claims, algorithm="sha512"),
    "another algorithm's name": lambda head, claims: signed(head | {"alg": "RS256"}, claims),
    "another key": lambda head, claims: signed(head, claims, "k" * 32),
    "the other key's name": lambda head, claims: signed(head | {"kid": "old"}, claims),
    "no key's name": lambda head, claims: signed(without(head, "kid"), claims),
    "an unknown key's name": lambda head, claims: signed(head | {"kid": "third"}, claims),
    "a key's name that is none": lambda head, claims: signed(head | {"kid": ["new"]}, claims),
    "expired": lambda head, claims: signed(head, claims | {"exp": time() - 1}),
    "not yet valid": lambda head, claims: signed(head, claims | {"nbf": time() + 600}),
    "another audience": lambda head, claims: signed(head, claims | {"aud": "other"}),
    "another issuer": lambda head, claims: signed(head, claims | {"iss": "other"}),
    "somebody unknown": lambda head, claims: signed(head, claims | {"sub": "eve"}),
    "somebody who is none": lambda head, claims: signed(head, claims | {"sub": ["ana"]}),
    "an end that is none": lambda head, claims: signed(head, claims | {"exp": float("inf")}),
    "tampered": lambda head, claims: ".".join(
        [part(head), part(claims | {"sub": "bia"}), signed(head, claims).rpartition(".")[2]]
    ),
    "no signature": lambda head, claims: signed(head, claims).rpartition(".")[0] + ".",
    "no token": lambda _, __: "a.b.c",
    "no text": lambda _, __: "\udcff.\udcff.\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    **{f"no {name}": lambda head, claims, name=name: signed(head, without(claims, name)) for name in tokens.CLAIMS},
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_token_is_refused(ours: Tokens, forge: Callable[[Parts, Parts], str]) -> None:
    assert asker(ours, forge(*parts(ours.issue("ana")))) is None
    assert ours.known == {}


def test_scope_of_a_token_grants_no_more_than_the_user_has(ours: Tokens) -> None:
    head, claims = parts(ours.issue("bia"))
    for said, granted in (("predict read admin", {"read"}), ("admin", set()), ("", set()), (["read"], set())):
        token = signed(head, claims | {"scope": said}).encode()
        identity = ours.identity(token, sha256(token).digest())
        assert identity == ("user:bia", granted), said


def test_after_a_rotation_both_keys_verify_and_the_new_one_signs() -> None:
    before = Tokens(USERS, {"old": OLD}, 15)
    between = Tokens(USERS, {"new": NEW, "old": OLD}, 15)
    after = Tokens(USERS, {"new": NEW}, 15)
    first, second = before.issue("ana"), between.issue("ana")
    assert [asker(each, first) for each in (before, between, after)] == ["user:ana", "user:ana", None]
    assert [asker(each, second) for each in (before, between, after)] == [None, "user:ana", "user:ana"]
    assert [parts(token)[0]["kid"] for token in (first, second)] == ["old", "new"]


def test_known_token_ends_when_it_expires(ours: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    head, claims = parts(ours.issue("ana"))
    token = signed(head, claims | {"exp": int(time()) + 60})
    assert asker(ours, token) == "user:ana"
    with monkeypatch.context() as patch:
        patch.setattr(ours.jwt, "decode", None)  # it is not verified anew
        assert asker(ours, token) == "user:ana"
    monkeypatch.setattr(tokens, "time", lambda: time() + 61)
    monkeypatch.setattr(ours, "verified", lambda *_: None)
    assert asker(ours, token) is None
    assert ours.known == {}


def test_known_tokens_are_bounded(ours: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "KEPT", 3)
    head, claims = parts(ours.issue("ana"))
    made = [signed(head, claims | {"iat": number}) for number in range(5)]
    assert {asker(ours, token) for token in made} == {"user:ana"}
    assert list(ours.known) == [sha256(token.encode()).digest() for token in made[2:]]
