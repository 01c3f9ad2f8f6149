"""How SIP is sent, and who is kept in reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.parameters import (
    BoolParameter,
    HexByteParameter,
    IntOrWordParameter,
    IntParameter,
    ListParameter,
    Parameters,
    StringParameter,
)

from ..registrar.outbound import Rules
from ..shell.keep_alive import KeepAliveSettings
from ..sip.timing import DEFAULT_RESEND, Timing


def _resend_item(text: str) -> float:
    wait = float(text)
    if not 0.1 <= wait <= 32:
        raise ValueError(text)
    return wait


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


RESEND_INTERVAL: Final = ListParameter(
    "SS_SIP_RESEND_INTERVAL",
    default=DEFAULT_RESEND,
    item=_resend_item,
    expected="1 to 20 waits of 0.1 to 32 seconds, with commas between",
    unit="s",
    scope="sip",
    meaning="Waits before each repetition of what is not answered over UDP; the last one ends in"
    " failure (SIG-08).",
)
SIP_PORT: Final = ListParameter(
    "SS_SIP_PORT",
    default=(5060,),
    item=_port,
    expected="ports of 1 to 65535, with commas between",
    unit="port",
    scope="sip",
    meaning="Listening SIP ports, UDP and TCP on each. Read at start.",
)
USER_AGENT_EXPIRE: Final = IntOrWordParameter(
    "SS_SIP_USER_AGENT_EXPIRE",
    default=None,
    minimum=20,
    maximum=7200,
    word="auto",
    unit="s",
    scope="sip",
    meaning="Expiry asked for when we register at a vendor; auto takes what is granted (SIG-02).",
)
USER_AGENT_RETRY_DELAY: Final = IntParameter(
    "SS_SIP_USER_AGENT_RETRY_DELAY",
    default=60,
    minimum=30,
    maximum=600,
    unit="s",
    scope="sip",
    meaning="Wait after a REGISTER of ours that failed (SIG-02).",
)
USER_AGENT_SEND_UNREGISTER: Final = BoolParameter(
    "SS_SIP_USER_AGENT_SEND_UNREGISTER",
    default=True,
    scope="sip",
    meaning="Whether registrations of ours are ended when the switch stops (SIG-01).",
)
OPTIONS_CHECK_PERIOD: Final = IntParameter(
    "SS_SIP_OPTIONS_CHECK_PERIOD",
    default=60,
    minimum=0,
    maximum=3600,
    unit="s",
    scope="sip",
    meaning="Time between two probes of each address of gateways with the online check on; 0 is"
    " off (SIG-16).",
)
PUBLISH_EXPIRE: Final = IntParameter(
    "SS_SIP_PUBLISH_EXPIRE",
    default=300,
    minimum=30,
    maximum=7200,
    unit="s",
    scope="sip",
    meaning="How long a limit holds that a gateway publishes without Expires (SIG-14).",
)
KEEP_ALIVE_MESSAGE: Final = StringParameter(
    "SS_SIP_NAT_KEEP_ALIVE_MESSAGE",
    default="HELLO",
    scope="sip",
    meaning="What is sent to terminals behind NAT, as it is; empty sends nothing (SIG-07).",
)
KEEP_ALIVE_PERIOD: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_PERIOD",
    default=30,
    minimum=10,
    maximum=86400,
    unit="s",
    scope="sip",
    meaning="Time between two rounds of keep-alives (SIG-07).",
)
KEEP_ALIVE_SEND_INTERVAL: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_SEND_INTERVAL",
    default=500,
    minimum=1,
    maximum=10000,
    unit="ms",
    scope="sip",
    meaning="Pause between two batches of a round of keep-alives (SIG-07).",
)
KEEP_ALIVE_SEND_ONE_TIME: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_SEND_ONE_TIME",
    default=3000,
    minimum=1,
    maximum=10000,
    unit="packets",
    scope="sip",
    meaning="Keep-alives in one batch (SIG-07).",
)
TCP_CLOSE_RESET: Final = BoolParameter(
    "SS_TCP_CLOSE_RESET",
    default=False,
    scope="system",
    meaning="Close SIP connections by RST instead of FIN (SIG-17).",
)
QOS_SIGNAL: Final = HexByteParameter(
    "SS_QOS_SIGNAL",
    default=0xA0,
    scope="system",
    meaning="TOS or traffic-class byte of SIP packets of new sockets (SIG-27).",
)
PARAMETERS: Final = (
    RESEND_INTERVAL,
    SIP_PORT,
    USER_AGENT_EXPIRE,
    USER_AGENT_RETRY_DELAY,
    USER_AGENT_SEND_UNREGISTER,
    OPTIONS_CHECK_PERIOD,
    PUBLISH_EXPIRE,
    KEEP_ALIVE_MESSAGE,
    KEEP_ALIVE_PERIOD,
    KEEP_ALIVE_SEND_INTERVAL,
    KEEP_ALIVE_SEND_ONE_TIME,
    TCP_CLOSE_RESET,
    QOS_SIGNAL,
)

MOST_WAITS: Final = 20


def lists_fit(values: Parameters) -> Iterable[FieldViolation]:
    """Check the lists' lengths: 1 to 20 waits (SIG-08), at least one port."""
    if not 1 <= len(values[RESEND_INTERVAL]) <= MOST_WAITS:
        yield FieldViolation(RESEND_INTERVAL.name, f"must have 1 to {MOST_WAITS} waits")
    if not values[SIP_PORT]:
        yield FieldViolation(SIP_PORT.name, "must have a port")


def timing(values: Parameters) -> Timing:
    """Return how transactions repeat."""
    return Timing(resend=values[RESEND_INTERVAL])


def keep_alive(values: Parameters) -> KeepAliveSettings:
    """Return how terminals behind NAT are kept in reach."""
    return KeepAliveSettings(
        values[KEEP_ALIVE_MESSAGE].encode(),
        values[KEEP_ALIVE_PERIOD],
        values[KEEP_ALIVE_SEND_INTERVAL] / 1000,
        values[KEEP_ALIVE_SEND_ONE_TIME],
    )


def registration_rules(values: Parameters) -> Rules:
    """Return how we register at vendors."""
    return Rules(values[USER_AGENT_EXPIRE], values[USER_AGENT_RETRY_DELAY])
