"""a port of this machine -> what answers there, as one sentence where it is not ours (standard library only)"""

import datetime
import enum
import hashlib
import hmac
import http.client
import socket
from time import monotonic, sleep

from ops.deployment import HOST, Deployment
from ops.errors import SetupError

TIMEOUT = 3.0  # seconds for one question
STARTING = 20.0  # seconds for MinIO to read its keys once it answers
NOTHING_SENT = hashlib.sha256(b"").hexdigest()


class Answer(enum.Enum):
    """Who answers on the port of MinIO."""

    NOBODY = "nobody"
    OURS = "a MinIO with our credentials"
    OTHER_MINIO = "a MinIO with other credentials"
    FOREIGN = "another program"


def get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str] | None:
    """Return status and Server header of an answer to GET; None where nobody speaks HTTP."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Server", "")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def healthy(port: int, path: str) -> bool:
    """Say whether a service answers its health path with 200."""
    answer = get(port, path)
    return answer is not None and answer[0] == http.HTTPStatus.OK


def taken(port: int) -> bool:
    """Say whether a server could not listen on this port."""
    with socket.socket() as probe:
        probe.settimeout(TIMEOUT)
        if probe.connect_ex((HOST, port)) == 0:
            return True
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError:
            return True
    return False


def refuse_taken(deployment: Deployment, variable: str, name: str) -> None:
    """Raise SetupError where the port that a variable names is used by something else."""
    port = deployment.port(variable)
    if taken(port):
        raise SetupError(
            f"{name} cannot start: port {port} is taken by another program; set {variable} in .env to a free one."
        )


def who_answers(deployment: Deployment) -> Answer:
    """Say what is on MinIO's port, by asking it for its buckets with our credentials."""
    port = deployment.port("MINIO_PORT")
    if not taken(port):
        return Answer.NOBODY
    health = get(port, "/minio/health/live")
    if health is None or not health[1].lower().startswith("minio"):
        return Answer.FOREIGN
    return Answer.OURS if _status_of_buckets(deployment, port) == http.HTTPStatus.OK else Answer.OTHER_MINIO


def _status_of_buckets(deployment: Deployment, port: int) -> int | None:
    """Return the answer's status, asking again while MinIO lives and has not read its keys yet."""
    user, password = (deployment.values.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    region, deadline = deployment.values["AWS_DEFAULT_REGION"], monotonic() + STARTING
    while True:
        now = datetime.datetime.now(datetime.UTC)
        answer = get(port, "/", signed(f"{HOST}:{port}", region, user, password, now))
        status = answer[0] if answer else None
        if status != http.HTTPStatus.SERVICE_UNAVAILABLE or monotonic() > deadline:
            return status
        sleep(0.1)


def refuse_foreign_store(deployment: Deployment) -> bool:
    """Return whether a MinIO with our credentials answers already; raises SetupError where something else does."""
    answer, port = who_answers(deployment), deployment.port("MINIO_PORT")
    if answer is Answer.OTHER_MINIO:
        raise SetupError(
            f"Port {port} is a MinIO that refuses this project's credentials: set MINIO_PORT in .env to a free port, "
            "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to that server's."
        )
    if answer is Answer.FOREIGN:
        raise SetupError(f"Port {port} is taken by a program that is not MinIO: set MINIO_PORT in .env to a free port.")
    return answer is Answer.OURS


def signed(host: str, region: str, user: str, password: str, now: datetime.datetime) -> dict[str, str]:
    """Return the headers of an S3 request GET / (AWS Signature Version 4, the documented steps)."""
    time, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    headers = {"host": host, "x-amz-content-sha256": NOTHING_SENT, "x-amz-date": time}
    names, scope = ";".join(headers), f"{day}/{region}/s3/aws4_request"
    request = "\n".join(["GET", "/", "", *(f"{k}:{v}" for k, v in headers.items()), "", names, NOTHING_SENT])
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{password}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={user}/{scope}"
    return {**headers, "authorization": f"{credential}, SignedHeaders={names}, Signature={signature}"}
