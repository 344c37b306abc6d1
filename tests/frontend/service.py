"""The API at a real port, in a thread of this process: tests of the page need not wait until another has imported it"""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import uvicorn

from src.api.main import create_app
from src.api.protocol import Connection
from src.api.settings import Settings
from tests.api.live import DIGESTS, PLENTY
from tests.ports import free_port, wait_until

OWN = {"LASTRO_API_KEYS": DIGESTS, "LASTRO_RATE_LIMIT": PLENTY, "LASTRO_LOG_LEVEL": "WARNING"}


@dataclass
class Service:
    """A uvicorn that can be ended and started again, on another model too."""

    folder: Path
    models: Path
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    running: tuple[uvicorn.Server, Thread] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Service":
        given = {name.removeprefix("LASTRO_").lower(): value for name, value in (OWN | self.env).items()}
        app = create_app(Settings(_env_file=None, state=self.folder, models=self.models, **given))
        about = {"http": Connection, "access_log": False, "proxy_headers": False, "log_config": None}
        server = uvicorn.Server(uvicorn.Config(app, port=self.port, **about))
        self.running = server, Thread(target=server.run, daemon=True)
        self.running[1].start()
        wait_until(lambda: server.started)
        return self

    def stop(self) -> None:
        if self.running is not None:
            server, thread = self.running
            server.should_exit = True
            thread.join(20)
            self.running = None
