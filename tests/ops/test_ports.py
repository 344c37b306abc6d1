import datetime
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ops import ports
from ops.deployment import Deployment

# AWS Signature Version 4, "GET Bucket Lifecycle" and its neighbours sign with these published keys
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_signature_is_that_of_botocore() -> None:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("GET", "http://127.0.0.1:9000/", headers={"x-amz-content-sha256": ports.NOTHING_SENT})
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
    now = datetime.datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    ours = ports.signed("127.0.0.1:9000", "us-east-1", KEY, SECRET, now)
    assert ours["authorization"] == request.headers["Authorization"]


def test_listening_port_is_taken_and_silent_one_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.taken(port)
    assert not ports.taken(port)
    assert not ports.healthy(port, "/")


def test_bound_port_that_does_not_listen_is_taken() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert ports.taken(bound.getsockname()[1])


def test_server_that_does_not_speak_http_gives_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"SSH-2.0\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        assert ports.get(port, "/") is None
        thread.join()


@pytest.mark.parametrize(("then", "answer"), [(200, ports.Answer.OURS), (403, ports.Answer.OTHER_MINIO)])
def test_minio_that_has_not_read_its_keys_is_asked_again(then: int, answer: ports.Answer, tmp_path: Path) -> None:
    statuses = iter((200, 503, 503, then))  # the first is its health

    class Starting(BaseHTTPRequestHandler):
        server_version, sys_version = "MinIO", ""

        def do_GET(self) -> None:
            self.send_response(next(statuses))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Starting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        values = {"MINIO_PORT": str(server.server_port), "AWS_DEFAULT_REGION": "us-east-1"}
        found = ports.who_answers(Deployment(tmp_path, tmp_path, values))
        server.shutdown()
        thread.join()
    assert found is answer
    assert next(statuses, None) is None
