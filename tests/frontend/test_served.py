from collections.abc import Callable

import pytest

from src.frontend import served
from src.frontend.errors import LimitedError, WrongKeyError
from tests.api.live import KEYS
from tests.frontend.service import Service


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def point(server: Service, key: str = KEYS["web"]) -> None:
        monkeypatch.setenv("LASTRO_ENDPOINT", server.url)
        monkeypatch.setenv("LASTRO_API_KEY", key)

    return point


def test_what_is_served_is_asked_for_once(use: Callable[..., None], server_with: Callable[..., Service]) -> None:
    use(server_with(LASTRO_RATE_LIMIT="1/minute", LASTRO_OPEN_LIMIT="1/minute"))
    assert served.model_info() == served.model_info()
    assert served.fields() == served.fields()


def test_what_one_key_may_see_is_not_shown_to_another(use: Callable[..., None], api: Service) -> None:
    use(api)
    served.model_info()
    use(api, key="wrong")
    with pytest.raises(WrongKeyError):
        served.model_info()


def test_answer_of_another_model_ends_what_is_kept(
    use: Callable[..., None], server_with: Callable[..., Service]
) -> None:
    use(server_with(LASTRO_RATE_LIMIT="2/minute"))
    known = served.model_info()["model"]
    served.notice(known)
    assert served.model_info()["model"] == known
    served.notice({"sha256": "another"})
    served.model_info()  # asked anew: the second of two requests
    served.forget()
    with pytest.raises(LimitedError):
        served.model_info()
