"""a message -> one POST to a webhook as Slack has it: delivered, to be tried again, or refused for good

The address is a secret: it stands in no message, no log line and no error, for whoever has it can write there.
"""

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

import httpx

from src.errors import LastroError

TIMEOUT = httpx.Timeout(5.0, connect=3.0)  # seconds
ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # all that Slack gives a meaning
TOO_MANY = 429


class Answer(NamedTuple):
    """What came of an attempt; `seconds` is how long the receiver asks to wait, `whole`: it takes nothing now."""

    outcome: Literal["delivered", "again", "refused"]
    says: str = ""
    seconds: float = 0.0
    whole: bool = False


class Webhook:
    """One receiver; its connection is kept from message to message."""

    def __init__(self, address: str) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs each request with its address
        try:
            self._address = httpx.URL(address)
        except httpx.InvalidURL:
            raise LastroError("LASTRO_SLACK_WEBHOOK_URL: is no address that can be asked") from None
        self.client = httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def send(self, identifier: str, title: str, text: str, now: datetime) -> Answer:
        """Post a message that bears its identifier, and return what the receiver says."""
        body = json.dumps({"text": written(identifier, title, text)}).encode()
        head = {"Content-Type": "application/json"}
        try:
            with self.client.stream("POST", self._address, content=body, headers=head) as response:
                return answered(response.status_code, response.headers.get("Retry-After", ""), now)
        except httpx.TransportError as error:  # its text may name the address
            return Answer("again", f"no answer ({type(error).__name__})", whole=True)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


def written(identifier: str, title: str, text: str) -> str:
    """Return a message as Slack writes it, with the identifier by which a second copy is known.

    >>> written("7", "PD < .1 & <!channel>", "all")
    '*PD &lt; .1 &amp; &lt;!channel&gt;*\\nall\\nmessage 7'
    """
    return f"*{title.translate(ESCAPED)}*\n{text.translate(ESCAPED)}\nmessage {identifier}"


def answered(status: int, retry_after: str, now: datetime) -> Answer:
    """Return what a status means: 429 and 5xx pass, another 4xx stays, and a redirect is not followed."""
    if 200 <= status < 300:
        return Answer("delivered")
    says = f"HTTP {status}"
    if status == TOO_MANY or status >= 500:
        return Answer("again", says, seconds_of(retry_after, now), whole=status == TOO_MANY)
    return Answer("refused", f"{says}, a redirect, which is not followed" if status < 400 else says)


def seconds_of(retry_after: str, now: datetime) -> float:
    """Return how long a Retry-After asks to wait, 0 where it says nothing: seconds, or a date (RFC 9110, 10.2.3)."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(retry_after)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
    return 0.0
