"""What `trunkline route explain` says of a call in a sentence."""

from trunkline.common.v1.common_pb2 import ENDPOINT_KIND_PHONE, Endpoint
from trunkline.routing.v1.routing_pb2 import (
    Candidate,
    ExplainResponse,
    Forward,
    Numbers,
    Plan,
    RouteResponse,
)
from trunkline_cli.routes import outcome

PHONE = Endpoint(kind=ENDPOINT_KIND_PHONE, name="2001")


def explained(first: Candidate) -> ExplainResponse:
    """Return the explanation of a call to 2001 that goes this way."""
    numbers = Numbers(caller="1001", callee="2001")
    route = RouteResponse(numbers=numbers, account="acme", plan=Plan(first=first))
    return ExplainResponse(outcome=route)


def test_a_call_goes_somewhere_as_numbers_say() -> None:
    first = Candidate(endpoint=PHONE, from_user="1001", request_uri_user="2001")

    assert outcome(explained(first)) == (
        "1001 → 2001 goes to phone 2001 as 1001 → 2001, paid by acme"
    )


def test_a_forwarded_call_names_who_pays_for_what() -> None:
    """SIG-22."""
    forward = Forward(reason="unconditional", numbers=["2002", "4420"])

    assert outcome(explained(Candidate(endpoint=PHONE, forward=forward))) == (
        "1001 → 2001 goes to phone 2001, paid by acme; "
        "it forwards to 2002 and 4420 (unconditional) at its own cost"
    )
