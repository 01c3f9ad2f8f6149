"""The Kubernetes API as far as a pod needs it, with the pod's own service account."""

import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT: Final = 10.0
"""Seconds one request may take."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"


class ApiError(Exception):
    """Kubernetes refused. `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PodApi:
    """Asks the API server. Every method blocks, and raises `ApiError` or `OSError`."""

    def __init__(
        self, url: str, namespace: str, token_file: Path, tls: ssl.SSLContext | None = None
    ) -> None:
        """The token is read for every request: Kubernetes replaces it."""
        self._url = url
        self.namespace = namespace
        self._token_file = token_file
        self._tls = tls

    @classmethod
    def of_this_pod(cls) -> Self:
        """Return the API as this pod's service account reaches it. Raises `OSError` elsewhere."""
        host = os.environ.get("KUBERNETES_SERVICE_HOST")
        if host is None:
            raise OSError("this is no pod: KUBERNETES_SERVICE_HOST is not set")
        authority = f"[{host}]" if ":" in host else host
        return cls(
            f"https://{authority}:{os.environ.get('KUBERNETES_SERVICE_PORT', '443')}",
            (ACCOUNT / "namespace").read_text().strip(),
            ACCOUNT / "token",
            ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")),
        )

    def node(self, name: str) -> Any:
        """Return a node."""
        return self._ask("GET", f"/api/v1/nodes/{name}")

    def service(self, name: str) -> Any:
        """Return a service of this namespace."""
        return self._ask("GET", self._path(f"services/{name}"))

    def annotate_pod(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of a pod of this namespace."""
        body = {"metadata": {"annotations": dict(annotations)}}
        self._ask("PATCH", self._path(f"pods/{name}"), body, MERGE_PATCH)

    def create_secret(self, name: str, values: Mapping[str, str]) -> None:
        """Create a secret. `ApiError.status` is 409 when it exists."""
        self._ask(
            "POST",
            self._path("secrets"),
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                "stringData": dict(values),
            },
        )

    def _path(self, rest: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{rest}"

    def _ask(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> Any:
        request = Request(  # noqa: S310 - the scheme is ours
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                "Content-Type": content_type,
            },
        )
        try:
            with urlopen(request, timeout=TIMEOUT, context=self._tls) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise ApiError(error.code, f"{method} {path}: {error.code}") from None
