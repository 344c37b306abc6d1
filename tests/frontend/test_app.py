import subprocess
import sys

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from tests.api.live import KEYS
from tests.conftest import ROOT
from tests.frontend.conftest import Open
from tests.frontend.pages import PATIENCE
from tests.frontend.service import Service
from tests.ports import free_port, wait_until


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
def test_pages_have_addresses_that_no_language_changes(locale: str) -> None:
    script = "import streamlit as st\nfrom src.frontend.app import pages\n"
    app = AppTest.from_string(f"{script}st.text([page.url_path for page in pages()])", default_timeout=PATIENCE)
    app.context["locale"] = locale
    assert app.run().text[0].value == "['', 'file', 'model', 'versions', 'monitoring', 'history']"


@pytest.mark.parametrize("page", ["score_page", "file_page", "model_page", "monitoring_page", "history_page"])
def test_no_page_traces_back_where_the_api_is_down(open_page: Open, page: str) -> None:
    app = open_page(page, endpoint=f"http://127.0.0.1:{free_port()}")
    assert not app.exception
    assert "Nobody answers" in app.error[0].value


@pytest.mark.parametrize("page", ["score_page", "file_page", "model_page", "monitoring_page", "history_page"])
def test_every_page_opens_in_every_language(open_page: Open, page: str) -> None:
    titles = {locale: open_page(page, locale=locale).title[0].value for locale in ("en", "pt-BR")}
    assert len(set(titles.values())) == 2


def test_page_starts_by_the_documented_command_and_listens(api: Service) -> None:
    port = free_port()
    command = f"-m streamlit run src/frontend/app.py --server.address 127.0.0.1 --server.port {port}"
    environment = {
        "LASTRO_ENDPOINT": api.url,
        "LASTRO_API_KEY": KEYS["web"],
        "PATH": "/usr/bin:/bin",
        "HOME": "/nowhere",
    }
    with subprocess.Popen(
        [sys.executable, *command.split()], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/_stcore/health"), 60)
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        finally:
            server.kill()  # right after its start Streamlit may miss a wish to end


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
