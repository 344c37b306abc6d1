"""a user -> a token (JWT, HS256) that is good for minutes; a token -> who asks

The first of LASTRO_TOKEN_KEYS signs, all of them verify: a new one is put first, and the old one leaves when its last
token has ended. A token says who asks (`sub`) and for what (`scope`); of that counts what LASTRO_USERS still grants.
The library is loaded where there are users: it and its cryptography take as long as the model.
"""

from collections.abc import Mapping
from time import time
from typing import Any

from src.api.callers import Identity, identity_of_user
from src.api.entries import User

ALGORITHM = "HS256"
PARTY = "lastro"  # who issues tokens, and for whom
CLAIMS = ["iss", "aud", "sub", "iat", "nbf", "exp", "scope"]  # each is required
SKEW = 5  # seconds by which clocks of several machines may differ
KEPT = 1024  # verified tokens that are known again; the oldest go first


class Tokens:
    """Tokens of these users; verified once, then known by their SHA-256 until they end."""

    def __init__(self, users: Mapping[str, User], keys: Mapping[str, str], minutes: int) -> None:
        self.users, self.keys, self.seconds = users, keys, 60 * minutes
        self.signer = next(iter(keys), "")
        self.known: dict[bytes, tuple[Identity, float]] = {}
        if users:
            import jwt

            self.jwt = jwt.PyJWT({"require": CLAIMS, "verify_iat": False, "enforce_minimum_key_length": True})

    def issue(self, name: str) -> str:
        """Return a user's token."""
        now = int(time())
        claims: dict[str, Any] = {"iss": PARTY, "aud": PARTY, "sub": name}
        claims |= {"iat": now, "nbf": now - SKEW, "exp": now + self.seconds}
        claims["scope"] = " ".join(sorted(self.users[name].scopes))
        return self.jwt.encode(claims, self.keys[self.signer], ALGORITHM, {"kid": self.signer})

    def identity(self, token: bytes, digest: bytes) -> Identity | None:
        """Return whose token this is, None where it is none of ours or has ended; `digest` is its SHA-256."""
        found = self.known.get(digest)
        if found is not None and found[1] > time():
            return found[0]
        self.known.pop(digest, None)
        return self.verified(token, digest)

    def verified(self, token: bytes, digest: bytes) -> Identity | None:
        """Return whose token this is by its signature and claims, and remember it."""
        if not self.users:
            return None
        import jwt

        try:
            key = self.keys[jwt.get_unverified_header(token)["kid"]]
            claims = self.jwt.decode(token, key, [ALGORITHM], audience=PARTY, issuer=PARTY)
            name, scopes = claims["sub"], frozenset(str(claims["scope"]).split())
            granted = self.users[name].scopes
        except (jwt.PyJWTError, KeyError):
            return None
        identity = identity_of_user(name, scopes & granted)
        if len(self.known) >= KEPT:
            del self.known[next(iter(self.known))]
        self.known[digest] = identity, int(claims["exp"])
        return identity
