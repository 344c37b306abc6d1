"""a request's key or token -> its caller, within its limit; `python -m src.api.security` makes keys and users"""

import argparse
import getpass
import hmac
import logging
import secrets
import sys
from collections.abc import Mapping
from hashlib import sha256

from starlette.types import Scope

from src.api.callers import Caller, Identity
from src.api.entries import NAME, NAME_RULE, SCOPES_OF_USERS, Key
from src.api.limits import CALLER, FAILED, FAILED_NAME, FORBIDDEN, MISSING, OPEN, Limits
from src.api.metrics import Metrics, Refusal
from src.api.passwords import Passwords, hashed
from src.api.problems import ProblemError
from src.api.settings import Settings
from src.api.tokens import Tokens
from src.errors import LastroError, run

logger = logging.getLogger(__name__)
BEARER = b"bearer "
SCHEMES = {"WWW-Authenticate": 'ApiKey header="x-api-key", Bearer'}


class Keys:
    """The known keys by name; only their SHA-256 is ever kept."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.known = [(Identity(name, key.scopes), key.digest) for name, key in keys.items()]

    def identity(self, shown: bytes) -> Identity | None:
        """Return whose key has this SHA-256, or None; takes as long for a wrong one."""
        found = None
        for identity, digest in self.known:
            if hmac.compare_digest(shown, digest):
                found = identity
        return found


class Gate:
    """Lets in who shows a known key or token and is within the limit; notes who does not."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.keys = Keys(settings.api_keys)
        self.tokens = Tokens(settings.users, settings.token_keys, settings.token_minutes)
        self.passwords = Passwords(settings.users)
        self.limits = Limits(settings)
        self.metrics = metrics

    def admit(self, scope: Scope) -> Caller:
        """Return who shows a known key or token; raises ProblemError 400, 401, 429 or 503."""
        shown, bearer = presented(scope)
        digest = sha256(shown).digest()
        token = bearer and shown.count(b".") == 2
        found = (self.tokens.identity(shown, digest) if token else None) or self.keys.identity(digest)
        if found is None:
            self.note("token" if token else "key" if shown else "missing", scope)
            detail = "Send a valid key in the header x-api-key, or a key or a valid token as Authorization: Bearer."
            raise ProblemError(401, detail, headers=SCHEMES)
        return Caller(*found, self.limits.count(CALLER, found.key_id))

    def admit_reader(self, scope: Scope) -> Caller:
        """Return who reads an open page, limited by address; raises ProblemError 429 or 503."""
        return Caller("", frozenset(), self.limits.count(OPEN, address(scope)))

    def require(self, wanted: str, caller: Caller, scope: Scope) -> None:
        """Raise ProblemError 403 for a caller who may not do what is wanted."""
        if wanted in caller.scopes:
            return
        self.metrics.refusals["scope"].inc()
        if self.limits.within(FORBIDDEN, caller.key_id):
            logger.warning("scope refused", extra={"address": address(scope), "named": caller.key_id, "wanted": wanted})
        headers = {name.decode(): value.decode() for name, value in caller.headers}
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{wanted}"'
        raise ProblemError(403, f"This wants the scope {wanted}, which you do not have.", headers=headers)

    async def login(self, name: str, password: str, scope: Scope) -> str:
        """Return a user's token; raises ProblemError 401, 429 or 503.

        Who has failed too often waits, whatever the password: by address, and by name, whether there is one or not.
        """
        self.limits.require(FAILED, address(scope))
        self.limits.require(FAILED_NAME, name)
        if await self.passwords.user(name, password) is None:
            self.limits.within(FAILED_NAME, name)
            self.note("password", scope, name)
            raise ProblemError(401, "The name or the password is wrong.", headers=SCHEMES)
        logger.info("logged in", extra={"address": address(scope), "named": name})
        return self.tokens.issue(name)

    def note(self, reason: Refusal, scope: Scope, name: str = "") -> None:
        """Count a failure, and log it unless its address has had its share; raises ProblemError 429 or 503 then.

        Who shows nothing has guessed nothing: it need not wait, but is logged no more often than the others.
        """
        self.metrics.refusals[reason].inc()
        if reason != "missing":
            self.limits.count(FAILED, address(scope))
        elif not self.limits.within(MISSING, address(scope)):
            return
        event = "login refused" if reason == "password" else "key refused"
        shown = name if NAME.fullmatch(name) else None  # what no user is called may be a password in the wrong field
        logger.warning(event, extra={"address": address(scope), "named": shown, "reason": reason})


def presented(scope: Scope) -> tuple[bytes, bool]:
    """Return what a request shows, or nothing, and whether as a bearer's; raises ProblemError 400 for more than one.

    Another scheme of `Authorization` is a proxy's business.
    """
    shown: list[tuple[bytes, bool]] = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            shown.append((value, False))
        elif name == b"authorization" and value[: len(BEARER)].lower() == BEARER:
            shown.append((value[len(BEARER) :].strip(), True))
    if len(shown) > 1:
        raise ProblemError(400, "Send one key or token: either x-api-key or Authorization: Bearer, once.")
    return shown[0] if shown else (b"", False)


def address(scope: Scope) -> str:
    """Return the client's address, as the trusted proxies tell it."""
    return str(scope["client"][0]) if scope.get("client") else "unknown"


def new_key() -> tuple[str, str]:
    """Return a random key of 256 bits and the SHA-256 that the service keeps."""
    key = secrets.token_urlsafe(32)
    return key, sha256(key.encode()).hexdigest()


def asked_password() -> str:
    """Return the password that is typed twice on the terminal, or else the first line of standard input."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise LastroError("the password on standard input is no UTF-8") from None
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise LastroError("the two passwords differ")
    return password


def arguments() -> argparse.Namespace:
    """Return what is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m src.api.security", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, what in (
        ("new", "print a new API key, once, and its entry for LASTRO_API_KEYS"),
        ("user", "ask for a password (or read it from standard input) and print the entry for LASTRO_USERS"),
        ("token-key", "print a new entry for LASTRO_TOKEN_KEYS: put it first, and it signs from then on"),
    ):
        added = commands.add_parser(command, help=what, description=what)
        added.add_argument("name", metavar="NAME", help=NAME_RULE)
    given = parser.parse_args()
    if not NAME.fullmatch(given.name):
        parser.error(NAME_RULE)
    return given


def main() -> None:
    """Print what belongs into the environment; whatever else is said of a user or a token's key goes to stderr."""
    given = arguments()
    if given.command == "new":
        key, digest = new_key()
        print(f"key (shown once): {key}\nadd to LASTRO_API_KEYS: {given.name}:{digest}")  # noqa: T201
    elif given.command == "user":
        scopes = "+".join(sorted(SCOPES_OF_USERS))
        print(f"{given.name}:{hashed(asked_password())}:{scopes}")  # noqa: T201
        print("add this to LASTRO_USERS, with a comma between users", file=sys.stderr)  # noqa: T201
    else:
        print(f"{given.name}:{secrets.token_hex(32)}")  # noqa: T201


if __name__ == "__main__":
    run(main)
