"""a name and a password -> the user, or nobody; slow on purpose (scrypt), one at a time, in a thread that gives way"""

import asyncio
import hmac
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import scrypt
from unicodedata import normalize

from src.api.entries import MOST_MEMORY, Hash, User
from src.api.problems import ProblemError
from src.errors import LastroError

COSTS = (2**14, 8, 5)  # n, r, p: .3 s and 16 MiB
SALT, DIGEST = 16, 32  # bytes
SHORTEST = 8  # characters
PATIENCE = 1.0  # seconds that a login waits for its turn
NICENESS = 19  # of the thread, on Linux: what is scored goes first


class Passwords:
    """The users' passwords; whoever is unknown costs what the first user costs."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self.users = users
        self.nobody = next((user.password for user in users.values()), None)
        self.turn = asyncio.Lock()
        self.thread = ThreadPoolExecutor(1, "password", initializer=give_way)

    async def user(self, name: str, password: str) -> User | None:
        """Return the user of this name and password, or None; raises ProblemError 429 after a second in the queue."""
        known = self.users.get(name)
        kept = known.password if known else self.nobody
        if kept is None:
            return None
        await self.wait()
        try:
            right = await asyncio.get_running_loop().run_in_executor(self.thread, fits, kept, password)
        finally:
            self.turn.release()
        return known if right else None

    async def wait(self) -> None:
        """Return when it is this login's turn."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.turn.acquire()
        except TimeoutError:
            detail = "Too many logins at once; try again shortly."
            raise ProblemError(429, detail, headers={"Retry-After": "1"}) from None

    def close(self) -> None:
        """Let the thread go."""
        self.thread.shutdown(wait=False)


def give_way() -> None:
    """Let this thread have what others leave; only Linux has priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def fits(kept: Hash, password: str) -> bool:
    """Say whether this is the password that is kept."""
    return hmac.compare_digest(digest(password, kept.n, kept.r, kept.p, kept.salt), kept.digest)


def digest(password: str, n: int, r: int, p: int, salt: bytes) -> bytes:
    """Return scrypt's result; however a keyboard composes an accent, it is the same password."""
    text = normalize("NFC", password).encode()
    return scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=2 * MOST_MEMORY, dklen=DIGEST)


def hashed(password: str) -> str:
    """Return `n.r.p.salt.hash` of a new password; raises LastroError for one that is too short."""
    if len(password) < SHORTEST:
        raise LastroError(f"a password has at least {SHORTEST} characters")
    salt = secrets.token_bytes(SALT)
    return ".".join([*map(str, COSTS), salt.hex(), digest(password, *COSTS, salt).hex()])
