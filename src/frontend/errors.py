"""what keeps the API from answering -> errors that the pages know"""

from collections.abc import Sequence
from dataclasses import dataclass


class PageError(Exception):
    """Something that the page says in a sentence."""


class NotConfiguredError(PageError):
    """Endpoint or key are nowhere to be found."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = list(missing)


class UnreachableError(PageError):
    """Nobody answers at the endpoint, or not in time."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self.endpoint = endpoint


class WrongKeyError(PageError):
    """The API does not know this key."""


class LoginNeededError(PageError):
    """Nobody has logged in, or the login has ended."""


class WrongPasswordError(PageError):
    """The API does not know this name with this password."""


class NoUsersError(PageError):
    """The API lets nobody log in."""


class ForbiddenError(PageError):
    """The caller has not the scope for this; the API says which."""


class WaitError(PageError):
    """The API asks to come back in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} s")
        self.seconds = seconds


class LimitedError(WaitError):
    """More requests than this key, or this address, may make."""


class TooManyLoginsError(WaitError):
    """More logins than the API checks now, or more wrong ones than it takes."""


class UnavailableError(WaitError):
    """The service runs but cannot record now."""


class NotFoundError(PageError):
    """There is no such thing, or it is another key's."""


class UnprovenError(PageError):
    """The API cannot compute a prediction again, but a command where the project is can; the API says which."""


class TooLargeError(PageError):
    """The body is larger than the API takes."""


class SchemaChangedError(PageError):
    """The API asks for other fields than those that the page was drawn from."""


@dataclass(frozen=True)
class Wrong:
    """One field that the API refuses: its JSON pointer and the broken rule."""

    pointer: str
    detail: str


class RefusedError(PageError):
    """The API refuses the fields' values."""

    def __init__(self, wrong: Sequence[Wrong], detail: str) -> None:
        super().__init__(detail)
        self.wrong, self.detail = list(wrong), detail


class FailedError(PageError):
    """Any other answer that is none of ours."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}")
        self.status, self.detail = status, detail
