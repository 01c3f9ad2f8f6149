"""What the chart renders: valid to Kubernetes, safe, and the same as deploy/k8s."""

import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml
from support.chart import (
    DEPLOY,
    MODES,
    SECRETS,
    Object,
    containers,
    environment,
    find,
    mode,
    overlay,
    pods,
    rendered,
    renderer,
)

KUBERNETES = "1.31"
FOREIGN = ("cert-manager.io/v1", "keda.sh/v1alpha1", "monitoring.coreos.com/v1")
"""Kinds of others, which Kubernetes has no schema for."""

RENDERS = [*renderer.OVERLAYS, *MODES]


@pytest.fixture(scope="module", params=RENDERS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    name: str = request.param
    return overlay(name) if name in renderer.OVERLAYS else mode(name)


def test_every_object_is_valid_to_kubernetes(objects: list[Object]) -> None:
    for each in objects:
        if each["apiVersion"] not in FOREIGN:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_no_pod_is_privileged_or_root(objects: list[Object]) -> None:
    for _, spec in pods(objects):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_every_container_keeps_its_root_read_only_and_has_no_capability(
    objects: list[Object],
) -> None:
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }

    assert {n: c["securityContext"] for n, c in containers(objects)} == {
        name: wanted for name, _ in containers(objects)
    }


def test_media_has_two_capabilities_where_the_kernel_relays_and_nobody_else_has_any() -> None:
    found = dict(containers(mode("hostNetwork", "media.kernelPath.interfaces={eth0,eth1}")))
    media = found.pop("trunkline-media/media")

    assert environment(media)["TRUNKLINE_MEDIA_KERNEL_PATH"] == '["eth0","eth1"]'
    assert media["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["BPF", "NET_ADMIN"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsUser": 0,
        "runAsNonRoot": False,
    }
    for container in found.values():
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_every_container_has_requests_and_limits(objects: list[Object]) -> None:
    for _, container in containers(objects):
        for bound in ("requests", "limits"):
            assert container["resources"][bound].keys() == {"cpu", "memory"}


def test_every_server_has_probes(objects: list[Object]) -> None:
    servers = [e for e in objects if e["kind"] in ("Deployment", "StatefulSet")]
    for _, container in containers(servers):
        if "ports" in container:
            assert {"livenessProbe", "readinessProbe"} <= container.keys()


def test_no_manifest_holds_a_secret(objects: list[Object]) -> None:
    assert not [each for each in objects if each["kind"] == "Secret"]
    for name, container in containers(objects):
        for variable, value in environment({"env": [], **container}).items():
            secret = any(word in variable for word in ("PASSWORD", "NONCE"))
            assert not secret, f"{name}: {variable}={value}"


def test_only_media_and_signaling_may_stand_on_the_host(objects: list[Object]) -> None:
    on_host = {name for name, spec in pods(objects) if spec.get("hostNetwork")}

    assert on_host <= {"trunkline-media", "trunkline-signaling"}


def test_a_pod_gets_longer_to_leave_than_its_service_to_drain(objects: list[Object]) -> None:
    for service in ("signaling", "media"):
        spec = dict(pods(objects))[f"trunkline-{service}"]
        variables = environment(spec["containers"][0])
        drain = int(variables[f"TRUNKLINE_{service.upper()}_DRAIN_GRACE"])
        assert 0 < drain < spec["terminationGracePeriodSeconds"]
        assert variables[f"TRUNKLINE_{service.upper()}_READY_WHILE_DRAINING"] == "true"


@pytest.mark.parametrize("name", ["auth", "routing", "billing"])
def test_deciders_stand_behind_headless_services_that_callers_balance(
    objects: list[Object], name: str
) -> None:
    service = find(objects, "Service", f"trunkline-{name}")
    caller = dict(pods(objects))["trunkline-signaling"]["containers"][0]

    assert service["spec"]["clusterIP"] == "None"
    target = environment(caller)[f"TRUNKLINE_SIGNALING_{name.upper()}"]
    assert target == f"dns:///trunkline-{name}:{service['spec']['ports'][0]['port']}"


def test_each_pod_behind_load_balancers_has_one_for_udp_and_one_for_tcp() -> None:
    found = mode("loadBalancer")
    services = [e for e in found if e.get("spec", {}).get("type") == "LoadBalancer"]

    assert {e["metadata"]["name"] for e in services} == {
        *(f"trunkline-signaling-{i}-{kind}" for i in (0, 1) for kind in ("udp", "tcp")),
        *(f"trunkline-media-{i}-udp" for i in (0, 1)),
    }
    assert all(e["spec"]["externalTrafficPolicy"] == "Local" for e in services)
    addresses = [find(found, "Service", f"trunkline-signaling-1-{k}") for k in ("udp", "tcp")]
    assert [e["spec"]["loadBalancerIP"] for e in addresses] == ["198.51.100.2"] * 2


@pytest.mark.parametrize("network", [*MODES])
def test_sip_over_tls_and_websocket_is_open_where_it_is_wanted(network: str) -> None:
    ports = {"sip-tls": 30061, "sip-ws": 30080, "sip-wss": 30443}
    found = mode(
        network,
        "signaling.sipTls.secret=sip",
        f"signaling.sipTls.port={ports['sip-tls']}",
        f"signaling.webSocket.port={ports['sip-ws']}",
        f"signaling.webSocket.securePort={ports['sip-wss']}",
    )
    spec = dict(pods(found))["trunkline-signaling"]
    (container,) = spec["containers"]

    assert ports.items() <= {p["name"]: p["containerPort"] for p in container["ports"]}.items()
    assert environment(container)["TRUNKLINE_SIGNALING_SIP_TLS_CERT_FILE"] == "/run/sip-tls/tls.crt"
    assert [v["secret"]["secretName"] for v in spec["volumes"] if v["name"] == "sip-tls"] == ["sip"]
    policy = find(found, "NetworkPolicy", "trunkline-signaling")["spec"]["ingress"]
    assert {*ports.values()} <= {p["port"] for rule in policy for p in rule["ports"]}
    services = [e for e in found if e["metadata"]["name"].endswith("-0-tcp")]
    for service in services:
        assert ports.items() <= {p["name"]: p["port"] for p in service["spec"]["ports"]}.items()


def test_bil_14_peers_reach_the_door_of_billing_by_tls() -> None:
    found = mode(
        "hostNetwork",
        "networkPolicies.enabled=true",
        "billing.peerDoor.port=8443",
        "billing.peerDoor.tlsSecret=door",
        "billing.peerDoor.cidrs={198.51.100.0/24}",
    )
    spec = dict(pods(found))["trunkline-billing"]
    (container,) = spec["containers"]
    service = find(found, "Service", "trunkline-billing-peers")["spec"]
    policy = find(found, "NetworkPolicy", "trunkline-billing")["spec"]["ingress"]

    assert service["loadBalancerSourceRanges"] == ["198.51.100.0/24"]
    assert service["ports"] == [{"name": "peers", "port": 8443, "targetPort": "peers"}]
    assert {"name": "peers", "containerPort": 8443} in container["ports"]
    assert environment(container)["TRUNKLINE_BILLING_PEER_TLS_KEY_FILE"] == "/run/peer-tls/tls.key"
    assert [v["secret"]["secretName"] for v in spec["volumes"] if v["name"] == "peer-tls"] == [
        "door"
    ]
    assert {
        "ports": [{"port": 8443, "protocol": "TCP"}],
        "from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}],
    } in policy
    assert "trunkline-billing-peers" not in {
        each["metadata"]["name"] for each in mode("hostNetwork") if each["kind"] == "Service"
    }


def test_cdrs_are_streamed_to_the_server_that_a_secret_names() -> None:
    found = mode("hostNetwork", "billing.cdrStream.secret=nats", "billing.outsidePorts={443,4222}")
    (container,) = dict(pods(found))["trunkline-billing"]["containers"]
    (url,) = (e for e in container["env"] if e["name"] == "TRUNKLINE_BILLING_CDR_STREAM_URL")
    policy = find(found, "NetworkPolicy", "trunkline-billing")["spec"]["egress"]

    assert url["valueFrom"] == {"secretKeyRef": {"name": "nats", "key": "url"}}
    assert environment(container)["TRUNKLINE_BILLING_CDR_STREAM_SUBJECT"] == "trunkline.cdrs"
    assert {"port": 4222, "protocol": "TCP"} in [p for rule in policy for p in rule["ports"]]


@pytest.mark.parametrize(
    ("service", "folder"), [("media", "audio"), ("media", "recordings"), ("billing", "cdr")]
)
def test_files_are_kept_in_the_claims_of_the_operator(service: str, folder: str) -> None:
    found = mode("hostNetwork", f"{service}.claims.{folder}=mine")
    spec = dict(pods(found))[f"trunkline-{service}"]
    (container,) = spec["containers"]
    path = f"/var/lib/trunkline/{folder}"

    assert environment(container)[f"TRUNKLINE_{service.upper()}_{folder.upper()}_FOLDER"] == path
    assert {"name": folder, "mountPath": path} in container["volumeMounts"]
    assert {"name": folder, "persistentVolumeClaim": {"claimName": "mine"}} in spec["volumes"]


def test_an_image_is_taken_by_its_digest_where_one_is_given() -> None:
    found = mode("hostNetwork", "images.digests.auth=sha256:1f2e", "images.tag=9")
    images = {name: container["image"] for name, container in containers(found)}

    assert images["trunkline-auth/auth"] == "ghcr.io/trunkline/auth@sha256:1f2e"
    assert images["trunkline-billing/billing"] == "ghcr.io/trunkline/billing:9"


def test_calls_are_traced_where_a_collector_is_named() -> None:
    options = ("tracing.endpoint=http://collector:4317", "networkPolicies.enabled=true")
    objects = mode("hostNetwork", *options)

    told = [
        name
        for name, pod in pods(objects)
        for one in pod["containers"]
        for each in one.get("env", [])
        if each["name"].endswith("_OTLP_ENDPOINT") and each["value"] == "http://collector:4317"
    ]
    assert len(set(told)) == 5
    assert any(
        {"port": 4317, "protocol": "TCP"} in rule.get("ports", [])
        for each in objects
        if each["kind"] == "NetworkPolicy"
        for rule in each["spec"].get("egress", [])
    )


def test_media_scales_on_the_sessions_of_its_pods() -> None:
    scaler = find(overlay("prod"), "HorizontalPodAutoscaler", "trunkline-media")

    (metric,) = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "trunkline_media_sessions"
    assert scaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] >= 600


def test_media_scales_on_the_same_sessions_through_keda() -> None:
    url = "http://prometheus.monitoring:9090"
    scaling = ("enabled=true", "metric=keda", f"prometheusUrl={url}", "sessionsPerPod=500")
    found = mode("hostNetwork", *(f"media.autoscaling.{value}" for value in scaling))
    scaled = find(found, "ScaledObject", "trunkline-media")["spec"]

    (trigger,) = scaled["triggers"]
    assert trigger["metadata"] == {
        "serverAddress": url,
        "query": 'sum(trunkline_media_sessions{namespace="trunkline"})',
        "threshold": "500",
    }
    hpa = find(overlay("prod"), "HorizontalPodAutoscaler", "trunkline-media")["spec"]
    behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior == hpa["behavior"]
    assert not [each for each in found if each["kind"] == "HorizontalPodAutoscaler"]


def test_nothing_may_talk_unless_a_policy_names_it() -> None:
    deny = find(overlay("prod"), "NetworkPolicy", "trunkline-default-deny")

    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & deny["spec"].keys()


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (["secrets.existingSecret="], "secrets.existingSecret: name the secret"),
        (["tls.issuer.name="], "tls.issuer.name: name the cert-manager issuer"),
        (["tls.mode=off"], "set tls.allowPlain if that is meant"),
        (["network.mode=magic"], "expected hostNetwork, hostPort, loadBalancer or nodePort"),
        (["network.mode=hostPort"], "10000 ports cannot be published one by one"),
        (["media.autoscaling.metric=moon"], "expected sessions, keda or cpu, got moon"),
        (
            ["media.autoscaling.enabled=true", "media.autoscaling.metric=keda"],
            "media.autoscaling.prometheusUrl: KEDA needs the address of Prometheus",
        ),
        (["signaling.webSocket.securePort=7443"], "needs a certificate: name it"),
        (["network.mode=nodePort", "media.rtpPorts.last=20009"], "forwards to one pod"),
    ],
)
def test_values_that_cannot_work_are_refused(values: list[str], complaint: str) -> None:
    with pytest.raises(renderer.ChartRefused, match=complaint):
        rendered(*SECRETS, *values)


def test_the_chart_passes_helm_lint() -> None:
    lint = [renderer.HELM, "lint", renderer.CHART, "--strict", "-f", renderer.VALUES / "prod.yaml"]
    done = subprocess.run(list(map(str, lint)), capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_kustomize_tree_is_what_the_chart_renders() -> None:
    files = renderer.render()

    stored = {path: path.read_text() for path in renderer.TREE.rglob("*.yaml")}
    assert stored == files, "run make manifests"


@pytest.mark.parametrize("name", renderer.OVERLAYS)
def test_an_overlay_builds_to_what_helm_installs(name: str) -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "k8s" / "overlays" / name)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    built = {renderer.key_of(each): specification(each) for each in yaml.safe_load_all(done.stdout)}
    del built["Namespace", "trunkline"]
    assert built == {renderer.key_of(each): specification(each) for each in overlay(name)}


def specification(each: Object) -> Any:
    """Return what an object says beside its name."""
    return {key: value for key, value in each.items() if key in ("spec", "data", "rules")}
