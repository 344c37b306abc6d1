"""a server's address and the requests to send -> requests a second and p99, by wrk where it is installed

Without wrk (Debian's package), connections of this process send the requests; Python then is the slower side for the
fastest servers, so that their shares come out too high.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SCRIPT = """
local requests, n = {}, 0
function init(arguments)
  local open = string.find(arguments[3], "{}", 1, true)
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format(arguments[2], (string.gsub(arguments[3], "{}", line)),
      {["host"] = "127.0.0.1", ["content-type"] = "application/json", [arguments[4]] = arguments[5]},
      arguments[2] ~= "GET" and not open and line or nil)
  end
  n = math.random(#requests)
end
function request() n = n % #requests + 1; return requests[n] end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "p99": %f, "failed": %d}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Load(NamedTuple):
    """What to ask: bodies stand in a file, one a line, and are sent in turn, with a key or what `header` holds.

    Where the path has `{}`, a line takes that place, and there is no body.
    """

    method: str
    path: str
    bodies: Path
    key: str
    header: str = "x-api-key"


class Found(NamedTuple):
    """What a server did: requests a second, the 99th percentile of milliseconds, and how many were not answered 2xx."""

    rate: float
    p99: float
    failed: int


def measure(port: int, load: Load, connections: int, seconds: float) -> Found:
    """Send requests on these connections, each the next as soon as the last is answered."""
    if shutil.which("wrk"):
        return by_wrk(port, load, connections, seconds)
    return by_python(port, load, connections, seconds)


def by_wrk(port: int, load: Load, connections: int, seconds: float) -> Found:
    """One thread of wrk."""
    script = load.bodies.with_name("requests.lua")
    script.write_text(SCRIPT)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(script)]
    arguments = [f"http://127.0.0.1:{port}", "--", str(load.bodies), load.method, load.path, load.header, load.key]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True, timeout=seconds + 60)
    found = json.loads(done.stdout.splitlines()[-1])
    return Found(found["requests"] / found["seconds"], found["p99"], found["failed"])


def by_python(port: int, load: Load, connections: int, seconds: float) -> Found:
    """One thread a connection."""
    bodies = load.bodies.read_bytes().splitlines()
    shares = [bodies[start::connections] for start in range(connections)]
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(connections) as pool:
        parts = list(pool.map(lambda share: asked(port, load, share, end), shares))
    times = sorted(took for part, _ in parts for took in part)
    failed = sum(number for _, number in parts)
    return Found(len(times) / seconds, 1e3 * times[len(times) * 99 // 100] if times else 0.0, failed)


def asked(port: int, load: Load, bodies: Sequence[bytes], end: float) -> tuple[list[float], int]:
    """Send bodies on one connection until the end; return the seconds of each and how many failed."""
    head = " HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    head += f"{load.header}: {load.key}\r\ncontent-length: "
    times: list[float] = []
    failed = number = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, connection.makefile("rb") as answers:
        while (started := time.monotonic()) < end:
            line = bodies[number % len(bodies)]
            body = b"" if load.method == "GET" or "{}" in load.path else line
            number += 1
            path = load.path.replace("{}", line.decode())
            connection.sendall(f"{load.method} {path}{head}{len(body)}\r\n\r\n".encode() + body)
            failed += not answers.readline().startswith(b"HTTP/1.1 2")
            length = 0
            while (line := answers.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            answers.read(length)
            times.append(time.monotonic() - started)
    return times, failed
