"""Which public address a pod has, as Kubernetes knows it."""

from typing import Any, Final

ANNOTATION: Final = "trunkline.io/advertised-address"
"""On a node: the address peers are told, where the node itself does not know it."""


def address_of_node(node: Any) -> str:
    """Return a node's annotation, else its external address, else its internal one.

    Raises `LookupError` when it has none.
    """
    annotated = node["metadata"].get("annotations", {}).get(ANNOTATION)
    if annotated:
        return str(annotated)
    addresses = {each["type"]: each["address"] for each in node["status"].get("addresses", [])}
    for kind in ("ExternalIP", "InternalIP"):
        if kind in addresses:
            return str(addresses[kind])
    raise LookupError(f"node {node['metadata']['name']} has no address")


def address_of_service(service: Any) -> str:
    """Return the address a load balancer gave a service. Raises `LookupError` while it has none."""
    ingress = service["status"].get("loadBalancer", {}).get("ingress", [])
    for each in ingress:
        if "ip" in each:
            return str(each["ip"])
    raise LookupError(f"service {service['metadata']['name']} has no address yet")
