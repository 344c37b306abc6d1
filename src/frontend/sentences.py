"""an error -> a sentence on the page that says what to do; a limit -> a countdown, then on it goes"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator

import streamlit as st

from src.frontend import login
from src.frontend.answer import escaped
from src.frontend.errors import (
    FailedError,
    ForbiddenError,
    LimitedError,
    LoginNeededError,
    NotConfiguredError,
    NotFoundError,
    NoUsersError,
    PageError,
    RefusedError,
    SchemaChangedError,
    TooLargeError,
    TooManyLoginsError,
    UnavailableError,
    UnprovenError,
    UnreachableError,
    WaitError,
    WrongKeyError,
    WrongPasswordError,
)
from src.frontend.language import _, current, many


def guarded(page: Callable[[], None]) -> Callable[[], None]:
    """Return the page, with every error that it raises said in a sentence."""

    def show() -> None:
        with spoken():
            page()

    show.__name__ = page.__name__
    return show


@contextlib.contextmanager
def spoken() -> Iterator[None]:
    """Say what goes wrong inside; wait where the API asks for it, and then run the page again."""
    try:
        yield
    except LimitedError as error:
        countdown(error)
        st.rerun()
    except LoginNeededError:
        login.ask(sentence)
    except PageError as error:
        st.error(sentence(error), icon=":material/error:")
        st.button(_("Try again"), icon=":material/refresh:")


def countdown(error: WaitError) -> None:
    """Show the seconds that are left."""
    place = st.empty()
    for left in range(max(1, math.ceil(error.seconds)), 0, -1):
        place.warning(waiting(error, left), icon=":material/hourglass_top:")
        time.sleep(1)
    place.empty()


def waiting(error: WaitError, left: int) -> str:
    """Return why the page waits and for how long."""
    why = _("The limit of requests is reached.") if isinstance(error, LimitedError) else _("The service is busy.")
    when = many("It goes on by itself in {number} second.", "It goes on by itself in {number} seconds.", left)
    return f"{why} {when}"


def sentence(error: PageError) -> str:
    """Return what happened, and what to do about it."""
    match error:
        case NotConfiguredError():
            return _(
                "This page does not know {missing}: run `make run`, which writes .streamlit/secrets.toml, "
                "or set LASTRO_ENDPOINT and LASTRO_API_KEY."
            ).format(missing=_(" and ").join(f"`{name}`" for name in error.missing))
        case UnreachableError():
            return _("Nobody answers at {endpoint}: start the API (`make run`), then try again.").format(
                endpoint=error.endpoint
            )
        case WrongKeyError():
            return _(
                "The API does not accept this page's key: correct `api_key` in .streamlit/secrets.toml, "
                "or run `make run`, which repairs it, then try again."
            )
        case UnavailableError():
            return _("The API cannot record predictions now, so it gives none: try again in a moment.")
        case SchemaChangedError():
            return _(
                "The service asks for other fields than before; the page has been drawn again. "
                "Check the fields, then go on."
            )
    return of_login(error) or more(error)


def of_login(error: PageError) -> str:
    """Return the sentence of an error about who may do what; empty for another."""
    match error:
        case LoginNeededError():
            return _("Log in to use this page.")
        case WrongPasswordError():
            return _("The name or the password is wrong: try again.")
        case NoUsersError():
            return _(
                "The API has no users: add some to LASTRO_USERS, or remove `login = true` from .streamlit/secrets.toml."
            )
        case TooManyLoginsError():
            seconds = math.ceil(error.seconds)
            return many(
                "Too many logins: try again in {number} second.",
                "Too many logins: try again in {number} seconds.",
                seconds,
            )
    return ""


def name_of(pointer: str) -> str:
    """Return what a JSON pointer names, as the data set writes it."""
    return pointer.removeprefix("#").removeprefix("/").replace("~1", "/").replace("~0", "~")


def more(error: PageError) -> str:
    """Return the sentence of a rarer error."""
    match error:
        case LimitedError():
            return waiting(error, math.ceil(error.seconds))
        case ForbiddenError():
            return _("This page's key or user may not do this: {detail}").format(detail=str(error))
        case NotFoundError():
            return _("There is nothing by that name for this key: check it, then try again.")
        case UnprovenError():
            return _("This service cannot compute it again: {detail}").format(detail=str(error))
        case TooLargeError():
            return _("One row alone is larger than the API takes: raise LASTRO_MAX_BODY_BYTES, or shorten the row.")
        case RefusedError():
            named = "; ".join(f"{escaped(name_of(wrong.pointer))}: {escaped(wrong.detail)}" for wrong in error.wrong)
            return _("The API refuses these values: {named}. Correct them, then try again.").format(
                named=named or error.detail
            )
        case FailedError():
            return _(
                "The API failed with status {status} ({detail}): try again; "
                "if it stays so, its log (`make logs`) says why."
            ).format(status=current().number(error.status), detail=error.detail)
    return str(error)
