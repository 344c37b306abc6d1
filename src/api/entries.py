"""LASTRO_API_KEYS, LASTRO_USERS, LASTRO_TOKEN_KEYS -> who may call and what for; a wrong entry is told by its place

Entries stand with commas between, each with a name before its first colon. No error repeats a value.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Found = TypeVar("Found")
PREDICT, READ, OUTCOMES, ADMIN = SCOPES = ("predict", "read", "outcomes", "admin")
SCOPES_OF_KEYS = frozenset({PREDICT, READ, OUTCOMES})  # where an entry names none
SCOPES_OF_USERS = frozenset({PREDICT, READ})
NAME = re.compile(r"[\w.@-]{1,64}")
NAME_RULE = "a name has letters, digits, -, _, . and @ only, 64 at most"
KEY = re.compile(r"([0-9a-fA-F]{64})(?::(.*))?")
USER = re.compile(r"(\d{1,7})\.(\d{1,3})\.(\d{1,3})\.((?:[0-9a-f]{2}){16,64})\.([0-9a-f]{64})(?::(.*))?")
LEAST_TOKEN_KEY = 32  # bytes; RFC 7518, 3.2, for HS256
MOST_MEMORY = 64 * 2**20  # bytes that one check of a password may take


class Key(NamedTuple):
    """An API key: its SHA-256 and what it may do."""

    digest: bytes
    scopes: frozenset[str]


class Hash(NamedTuple):
    """A password as it is kept: scrypt's costs, its salt, its result."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @property
    def memory(self) -> int:
        """Return the bytes that scrypt takes (RFC 7914, 5 and 6), in OpenSSL's generous count."""
        return 128 * self.r * (self.n + self.p + 2)


class User(NamedTuple):
    """Somebody with a password, and what a token of theirs may do."""

    password: Hash
    scopes: frozenset[str]


def split(text: str) -> list[str]:
    """Return the parts between commas, without blanks around them; none for an empty one."""
    return [part.strip() for part in text.split(",") if part.strip()]


def keys(text: str) -> dict[str, Key]:
    """Return the keys of `name:hex[:scopes],…`."""
    return named(text, key, "`name:` followed by the 64 hex digits of a SHA-256, and by `:scopes` or nothing")


def users(text: str) -> dict[str, User]:
    """Return the users of `name:n.r.p.salt.hash[:scopes],…`."""
    return named(text, user, "`name:n.r.p.salt.hash:scopes`, as `python -m src.api.security user NAME` prints it")


def token_keys(text: str) -> dict[str, str]:
    """Return the keys that sign tokens, of `name:key,…`; the first one signs."""
    return named(text, token_key, "`name:key`")


def named(text: str, read: Callable[[str], Found | None], form: str) -> dict[str, Found]:
    """Return what stands behind each name; raises ValueError for another form, and for a name that stands twice."""
    found: dict[str, Found] = {}
    for place, entry in enumerate(split(text), start=1):
        name, _, rest = entry.partition(":")
        try:
            one = read(rest) if NAME.fullmatch(name) else None
        except ValueError as error:
            raise ValueError(f"entry {place}: {error}") from None
        if one is None:
            raise ValueError(f"entry {place} is not {form}; {NAME_RULE}")
        if name in found:
            raise ValueError(f"entry {place} has the name of an earlier one")
        found[name] = one
    return found


def key(text: str) -> Key | None:
    """Return the key of `hex[:scopes]`, None where it has another form."""
    found = KEY.fullmatch(text)
    return Key(bytes.fromhex(found[1]), scopes(found[2], SCOPES_OF_KEYS)) if found else None


def user(text: str) -> User | None:
    """Return the user of `n.r.p.salt.hash[:scopes]`, None where it has another form."""
    found = USER.fullmatch(text)
    if not found:
        return None
    n, r, p = map(int, found.groups()[:3])
    password = Hash(n, r, p, bytes.fromhex(found[4]), bytes.fromhex(found[5]))
    if n < 2 or n & (n - 1) or not r or not p or password.memory > MOST_MEMORY:
        raise ValueError(f"n is a power of 2, r and p at least 1, and a check takes at most {MOST_MEMORY >> 20} MiB")
    return User(password, scopes(found[6], SCOPES_OF_USERS))


def token_key(text: str) -> str | None:
    """Return a key that signs tokens; raises ValueError for one that could be guessed."""
    if len(text.encode()) < LEAST_TOKEN_KEY:
        raise ValueError(f"a token's key has at least {LEAST_TOKEN_KEY} bytes")
    return text


def scopes(text: str | None, otherwise: frozenset[str]) -> frozenset[str]:
    """Return the scopes of `predict+read`; raises ValueError for a word that is none."""
    found = otherwise if text is None else frozenset(text.split("+"))
    if not found <= set(SCOPES):
        raise ValueError(f"scopes are {', '.join(SCOPES)}, with + between")
    return found
