"""the scoring API over HTTP: what it answers, or an error that the pages know"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Literal
from urllib.parse import quote

import httpx

from src.frontend.errors import (
    FailedError,
    ForbiddenError,
    LimitedError,
    LoginNeededError,
    NotFoundError,
    NoUsersError,
    PageError,
    RefusedError,
    TooLargeError,
    TooManyLoginsError,
    UnavailableError,
    UnprovenError,
    UnreachableError,
    Wrong,
    WrongKeyError,
    WrongPasswordError,
)

TIMEOUT = httpx.Timeout(30.0, connect=3.0)  # seconds; a batch of 1 000 takes a few
Json = dict[str, Any]
Purpose = Literal["application", "what-if"]  # the API counts no what-if as an applicant


class Client:
    """The API at `endpoint`, asked with `api_key` if there is one; every method raises PageError."""

    def __init__(self, endpoint: str, api_key: str = "") -> None:
        self.endpoint = endpoint
        # bytes: a key that is no ASCII is a wrong key, no traceback
        self.credential = {b"x-api-key": api_key.encode()} if api_key else {}
        try:
            self.http = httpx.Client(base_url=endpoint, timeout=TIMEOUT)
        except httpx.InvalidURL as error:
            raise UnreachableError(endpoint) from error

    def bearing(self, token: str) -> "Client":
        """Return a client that asks with a user's token, on the same connections."""
        found = copy(self)
        found.credential = {b"authorization": b"Bearer " + token.encode()}
        return found

    def close(self) -> None:
        """Let the connections go."""
        self.http.close()

    def login(self, name: str, password: str) -> Json:
        """Return a user's token and the seconds for which it is good."""
        try:
            return self.ask("POST", "/login", json={"username": name, "password": password})
        except WrongKeyError:
            raise WrongPasswordError from None
        except NotFoundError:
            raise NoUsersError from None
        except LimitedError as error:
            raise TooManyLoginsError(error.seconds) from None

    def document(self) -> Json:
        """Return openapi.json."""
        return self.ask("GET", "/openapi.json")

    def model_info(self) -> Json:
        """Return card, served form and where the model comes from."""
        return self.ask("GET", "/model/info")

    def evaluation(self) -> Json:
        """Return what the test split showed."""
        return self.ask("GET", "/model/evaluation")

    def scorecard(self, form: str) -> bytes:
        """Return the served scorecard as a file: csv, xlsx or sql."""
        return self.answer("GET", "/model/scorecard", params={"format": form}).content

    def models(self) -> Json:
        """Return which versions there are, who is champion and challenger, and what happened."""
        return self.ask("GET", "/models")

    def version(self, number: str) -> Json:
        """Return a version's card, contract and evaluation."""
        return self.ask("GET", f"/models/{number}")

    def swaps(self, number: str, against: str) -> Json:
        """Return whom one version approves and the other declines, of the caller's last applicants."""
        return self.ask("GET", f"/models/{number}/swaps", params={"against": against})

    def monitoring(self, **wanted: str | None) -> Json:
        """Return what the monitor found, by `since` and `version`: checks, cohorts, alerts, views."""
        return self.ask("GET", "/monitoring", params={name: value for name, value in wanted.items() if value})

    def predict(self, applicant: Mapping[str, Any], purpose: Purpose = "application", model: str | None = None) -> Json:
        """Return the answer for one applicant, with reasons in any case; of the champion, or of the version `model`."""
        params = {"reasons": "true", "purpose": purpose} | ({"model": model} if model else {})
        return self.ask("POST", "/predict", params=params, json=dict(applicant))

    def predict_stored(self, number: str, changed: Mapping[str, Any], purpose: Purpose = "application") -> Json:
        """Return the champion's answer for an applicant whom the API knows by number, with what is changed."""
        params = {"reasons": "true", "purpose": purpose}
        return self.ask("POST", f"/predict/applicant/{quote(number, safe='')}", params=params, json=dict(changed))

    def features(self) -> Json:
        """Return how it stands with applicants by number; nothing where the API has none."""
        try:
            return self.ask("GET", "/features/status")
        except NotFoundError:
            return {}

    def predict_batch(
        self, applicants: Sequence[Mapping[str, Any]], purpose: Purpose = "application", model: str | None = None
    ) -> list[Json]:
        """Return one answer each, in their order; of the champion, or of the version `model`."""
        params = {"purpose": purpose} | ({"model": model} if model else {})
        body = {"applicants": list(applicants)}
        found: list[Json] = self.ask("POST", "/predict/batch", params=params, json=body)["predictions"]
        return found

    def predictions(self, **wanted: str | int | None) -> Json:
        """Return a page of predictions, the newest first.

        By `since`, `until`, `decision`, `version`, `purpose`, `limit` and `cursor`; for who may, by another's `caller`.
        """
        return self.ask("GET", "/predictions", params={name: value for name, value in wanted.items() if value})

    def prediction(self, prediction_id: str, caller: str | None = None) -> Json:
        """Return one prediction, one's own unless another's caller is named."""
        return self.ask("GET", f"/predictions/{prediction_id}", params={"caller": caller} if caller else None)

    def verify(self, prediction_id: str, caller: str | None = None) -> Json:
        """Return whether a prediction of the log comes again, what it was and what it is now."""
        params = {"caller": caller} if caller else None
        return self.ask("POST", f"/predictions/{prediction_id}/verify", params=params)

    def tell(self, entry: Mapping[str, Any]) -> str:
        """Record what became of an applicant; return recorded, repeated, corrected or unknown."""
        return str(self.ask("POST", "/outcomes", json={"outcomes": [dict(entry)]})["results"][0]["status"])

    def ask(self, method: str, path: str, **request: Any) -> Json:
        """Return the answer's JSON; raises PageError where there is none."""
        answer = self.answer(method, path, **request)
        found = content(answer)
        if found is None:
            raise refused(answer, {})
        return found

    def answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return a success; raises PageError where the answer is none."""
        try:
            answer = self.http.request(method, path, headers=self.credential, **request)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(self.endpoint) from error
        if answer.is_success:
            return answer
        if answer.status_code == 401 and b"authorization" in self.credential:
            raise LoginNeededError
        raise refused(answer, content(answer) or {})


def content(answer: httpx.Response) -> Json | None:
    """Return the JSON object of an answer; None where it is none, as of a server that is not ours."""
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def refused(answer: httpx.Response, problem: Json) -> PageError:
    """Return the error that a problem document tells of."""
    detail = str(problem.get("detail", answer.reason_phrase))
    match answer.status_code:
        case 401:
            return WrongKeyError(detail)
        case 403 if "detail" in problem:
            return ForbiddenError(detail)
        case 404 if "detail" in problem:
            return NotFoundError(detail)
        case 409 if "detail" in problem:
            return UnprovenError(detail)
        case 413:
            return TooLargeError(detail)
        case 422:
            return RefusedError([wrong(each) for each in problem.get("errors", [])], detail)
        case 429:
            return LimitedError(seconds(answer))
        case 503 if "detail" in problem:
            return UnavailableError(seconds(answer))
        case status:
            return FailedError(status, detail)


def wrong(error: Json) -> Wrong:
    """Return a field of a problem document's `errors`."""
    return Wrong(str(error.get("pointer", "")), str(error.get("detail", "")))


def seconds(answer: httpx.Response) -> float:
    """Return the seconds of Retry-After; one where it is missing or a date."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else 1.0
