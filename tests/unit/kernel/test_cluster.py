"""What a pod asks of Kubernetes, against an API server of one page."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from trunkline_kernel.cluster.__main__ import create_secret, find_address, write_address
from trunkline_kernel.cluster.addresses import address_of_node, address_of_service
from trunkline_kernel.cluster.api import ApiError, PodApi
from trunkline_kernel.cluster.marks import PodMarks


class ApiServer:
    """Answers every request alike and remembers them."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.status = 200
        self.answer: Any = {}
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.command, self.path, json.loads(body or "null")))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(json.dumps(outer.answer).encode())

            do_GET = do_POST = do_PATCH = _serve

        return Handler


@pytest.fixture
def server() -> Iterator[ApiServer]:
    one = ApiServer()
    thread = Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.fixture
def api(server: ApiServer, tmp_path: Path) -> PodApi:
    token = tmp_path / "token"
    token.write_text("a-token\n")
    return PodApi(f"http://127.0.0.1:{server.server.server_port}", "voice", token)


def node(annotations: dict[str, str], **addresses: str) -> Any:
    return {
        "metadata": {"name": "n1", "annotations": annotations},
        "status": {"addresses": [{"type": t, "address": a} for t, a in addresses.items()]},
    }


def test_the_annotation_of_a_node_goes_before_its_external_address() -> None:
    found = node({"trunkline.io/advertised-address": "198.51.100.1"}, ExternalIP="203.0.113.1")

    assert address_of_node(found) == "198.51.100.1"


def test_an_external_address_goes_before_an_internal_one() -> None:
    assert address_of_node(node({}, InternalIP="10.0.0.1", ExternalIP="203.0.113.1")) == (
        "203.0.113.1"
    )


def test_a_load_balancer_without_an_address_has_none_yet() -> None:
    with pytest.raises(LookupError, match="sip has no address yet"):
        address_of_service({"metadata": {"name": "sip"}, "status": {}})


def test_a_node_is_asked_for_by_its_name(server: ApiServer, api: PodApi) -> None:
    server.answer = node({}, ExternalIP="203.0.113.1")

    assert find_address(api, "node", "n1") == "203.0.113.1"
    assert server.requests == [("GET", "/api/v1/nodes/n1", None)]


def test_a_setting_of_several_addresses_is_written_as_a_list(tmp_path: Path) -> None:
    one, several = tmp_path / "X_ADVERTISED_ADDRESS", tmp_path / "X_ADVERTISED_ADDRESSES"

    write_address("203.0.113.1", [one, several])

    assert (one.read_text(), several.read_text()) == ("203.0.113.1", '["203.0.113.1"]')


def test_a_pod_is_marked_again_only_when_its_calls_changed(server: ApiServer, api: PodApi) -> None:
    marks = PodMarks(api, "media-1")

    marks.tell(3)
    marks.tell(3)
    marks.tell(0)

    told = [body["metadata"]["annotations"] for _, _, body in server.requests]
    assert told == [
        {
            "controller.kubernetes.io/pod-deletion-cost": "3",
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        },
        {
            "controller.kubernetes.io/pod-deletion-cost": "0",
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "true",
        },
    ]


def test_a_secret_that_exists_is_left_alone(server: ApiServer, api: PodApi) -> None:
    server.status = 409

    create_secret(api, "passwords", ["postgres", "redis"])

    ((_, path, body),) = server.requests
    assert path == "/api/v1/namespaces/voice/secrets"
    assert len(set(body["stringData"].values())) == 2


def test_a_refusal_names_what_was_asked(server: ApiServer, api: PodApi) -> None:
    server.status = 403

    with pytest.raises(ApiError, match="GET /api/v1/namespaces/voice/services/sip: 403"):
        api.service("sip")
