"""A real PostgreSQL, of Debian's package"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from src.journal.database import connect_engine


@dataclass(frozen=True)
class Postgres:
    """A real PostgreSQL server of this session's own."""

    folder: Path
    bin: Path
    port: int
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql://lastro@127.0.0.1:{self.port}/postgres"

    def empty(self) -> None:
        """Leave a database without a schema: no table, nothing that an earlier test made."""
        engine = connect_engine(self.url, 10.0)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()

    def run(self, *command: str) -> None:
        subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd="/",
            user=self.user,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")
