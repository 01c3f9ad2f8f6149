"""Session descriptions of one audio stream, and user agents that answer with them."""

from collections.abc import Mapping

from support.switch import Script, SwitchBench, answers
from support.user_agent import UserAgent
from trunkline_signaling.calls.formats import formats_of
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, RequestReceived
from trunkline_signaling.sip.sdp import MediaDescription, SessionDescription

RELAYED = MediaProxy.MUST_ON
OWN_PORTS: Mapping[str, int] = {"10.0.0.2": 4000, "10.0.0.3": 6000, "10.0.0.4": 7000}

EVENTS_101 = "rtpmap:101 telephone-event/8000"


def audio(
    formats: str,
    *attributes: str,
    host: str = "10.0.0.2",
    port: int = 0,
    version: int = 1,
    profile: str = "RTP/AVP",
) -> bytes:
    """Return a description: `formats` are payload types, `attributes` lines after a=."""
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port or OWN_PORTS[host]} {profile} {formats}",
        *(f"a={attribute}" for attribute in attributes),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def answering(body: bytes) -> Script:
    """Return a script that answers every INVITE with a description, and the rest with 200."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                answer = dialog.reply(request, 200, body, "application/sdp")
                agent.dialogs.answer(dialog, transaction, answer, agent.now)
            case DialogRequestReceived(dialog, transaction, request) if request.method == "INVITE":
                response = dialog.reply(request, 200, body, "application/sdp")
                agent.dialogs.answer(dialog, transaction, response, agent.now)
            case _:
                answers(agent, event)

    return script


def sides(**policy: object) -> LegPolicy:
    """Return a policy of one side that wants a relay."""
    return LegPolicy(**({"media_proxy": RELAYED} | policy))  # type: ignore[arg-type]


def bodies_to(bench: SwitchBench, to: Address, start: str) -> list[SessionDescription]:
    """Return the descriptions of the messages to a node that begin with `start`."""
    sent = (data for _, node, data in bench.messages if node == to)
    bodies = (d.partition(b"\r\n\r\n")[2] for d in sent if d.startswith(start.encode()))
    return [SessionDescription.parse(body) for body in bodies if body]


def stream_to(bench: SwitchBench, to: Address, start: str) -> MediaDescription:
    """Return the stream of the last such description."""
    stream = bodies_to(bench, to, start)[-1].audio
    assert stream is not None
    return stream


def listed(stream: MediaDescription) -> list[str]:
    """Return a stream's formats as "18 G729 annexb=no"."""
    return [f"{f.payload_type} {f.encoding} {f.parameters}".rstrip() for f in formats_of(stream)]
