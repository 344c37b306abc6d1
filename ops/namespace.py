"""a pod's service account -> the Secrets of its Kubernetes namespace (standard library only)

`$NAMESPACE`'s Secrets are made once: a key that is there keeps its value, one that is missing is added.
"""

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import SetupError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where Kubernetes puts its token
TIMEOUT = 30.0  # seconds
MISSING, TAKEN = 404, 409


@dataclass(frozen=True)
class Namespace:
    """A namespace, as the API server at `address` lets the service account see it whose files are in `account`."""

    name: str
    address: str
    account: Path = ACCOUNT

    def keep(self, name: str, values: Mapping[str, str]) -> dict[str, str]:
        """Return what the Secret holds in the end: what it held, and those of `values` that it lacked.

        Raises SetupError where Kubernetes refuses, or where somebody else writes it at the same moment.
        """
        found = self.get(name) or self.create(name, values) or self.get(name)
        if found is None:
            raise SetupError(f"The Secret {name} comes and goes: is somebody else at work in {self.name}?")
        known = {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
        whole = {**values, **known}
        if whole != known:
            self.call("PUT", f"/{name}", {**found, "data": encoded(whole)})
        return whole

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a Secret as Kubernetes writes it, None where there is none."""
        return self.call("GET", f"/{name}", may=MISSING)

    def create(self, name: str, values: Mapping[str, str]) -> dict[str, Any] | None:
        """Make a Secret and return it; None where somebody was faster."""
        labels = {"app.kubernetes.io/part-of": "lastro"}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}}
        return self.call("POST", "", {**body, "type": "Opaque", "data": encoded(values)}, may=TAKEN)

    def call(self, method: str, path: str, body: Any = None, may: int = 0) -> dict[str, Any] | None:
        """Return the answer, None where it is the code that it `may` be; raises SetupError, which repeats no body."""
        url = f"{self.address}/api/v1/namespaces/{self.name}/secrets{path}"
        token = (self.account / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        trusted = ssl.create_default_context(cafile=str(self.account / "ca.crt"))
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=trusted) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == may:
                return None
            raise SetupError(f"Kubernetes refuses {method} {url}: {error.code} {error.reason}.") from None
        except OSError as error:
            raise SetupError(f"Kubernetes does not answer at {self.address}: {error}.") from None


def encoded(values: Mapping[str, str]) -> dict[str, str]:
    """Return values as a Secret's `data` has them."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def own(name: str, environment: Mapping[str, str] = os.environ) -> Namespace:
    """Return a namespace of the cluster in which this process runs; raises SetupError where it runs in none."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{word}", "") for word in ("HOST", "PORT"))
    if not (host and port and name):
        raise SetupError("--kubernetes NAMESPACE is for a pod: this process runs in no cluster, or no name is given.")
    return Namespace(name, f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
