"""deploy/argocd/local.yaml -> an Application of another overlay and repository; what Argo CD says of it"""

from collections.abc import Mapping
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.kubernetes.cluster import Cluster

ADDRESS = "https://git.example.org/lastro.git"


class Application:
    """Argo CD's view of an overlay, and the namespace that it is deployed to."""

    def __init__(self, overlay: str) -> None:
        self.name = f"lastro-{overlay}"
        self.overlay = overlay
        self.there = Cluster(self.name)
        text = (ROOT / "deploy" / "argocd" / "local.yaml").read_text()
        self.asked = text.replace("lastro-local", self.name).replace("overlays/local", f"overlays/{overlay}")
        self.argocd = Cluster(yaml.safe_load(text)["metadata"]["namespace"])

    def begin(self, url: str) -> None:
        """Make the Application."""
        self.argocd.kubectl("apply", "--filename", "-", given=self.asked.replace(ADDRESS, url))

    def end(self) -> None:
        """Remove the Application and all that it deployed."""
        self.argocd.kubectl("delete", "application", self.name, "--ignore-not-found", "--wait", check=False)
        self.argocd.kubectl("delete", "namespace", self.name, "--ignore-not-found", "--timeout=300s", check=False)

    def status(self) -> Mapping[str, Any]:
        """Return what Argo CD says."""
        found: Mapping[str, Any] = self.argocd.get("application", self.name).get("status", {})
        return found

    def phase(self, commit: str) -> str | None:
        """Return the phase of the sync of a commit; None where it has not begun."""
        state = self.status().get("operationState", {})
        revision = state.get("syncResult", {}).get("revision") or state.get("operation", {}).get("sync", {}).get(
            "revision"
        )
        return state.get("phase") if revision == commit else None

    def synced(self, commit: str, seconds: float) -> float:
        """Wait until the sync of a commit has ended well, its Job too; return the seconds."""
        waited = self.argocd.wait(f"the sync of {commit[:12]}", lambda: self.ended(commit), seconds)
        assert self.phase(commit) == "Succeeded", self.told()
        return waited

    def failed(self, commit: str, seconds: float) -> float:
        """Wait until the sync of a commit has failed; return the seconds."""
        waited = self.argocd.wait(f"the failure of {commit[:12]}", lambda: self.ended(commit), seconds)
        assert self.phase(commit) == "Failed", self.told()
        return waited

    def ended(self, commit: str) -> bool:
        """Say whether the sync of a commit has ended."""
        return self.phase(commit) in ("Succeeded", "Failed", "Error")

    def told(self) -> str:
        """Return what there is to read of a sync."""
        state = self.status().get("operationState", {})
        words = self.there.kubectl("logs", "job/promotion", "--tail=30", check=False)
        return f"{state.get('phase')}: {state.get('message')}\n{words}\n{self.there.state()}"
