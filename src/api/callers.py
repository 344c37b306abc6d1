"""who asks, as the gate knows it and as routes find it in `request.state.caller`"""

from typing import NamedTuple


class Identity(NamedTuple):
    """Whose rows and limit it is, a key's name or `user:NAME`, and what it may do."""

    key_id: str
    scopes: frozenset[str]


class Caller(NamedTuple):
    """Who asks, what for, and the answer's headers about the limit."""

    key_id: str
    scopes: frozenset[str]
    headers: list[tuple[bytes, bytes]]


def identity_of_user(name: str, scopes: frozenset[str]) -> Identity:
    """Return a user's identity; no key has a colon in its name."""
    return Identity(f"user:{name}", scopes)
