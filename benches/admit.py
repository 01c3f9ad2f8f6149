"""Microseconds of auth's answers inside the service, and what a million listed numbers cost.

    python benches/admit.py [--gateways 10000] [--phones 10000] [--calls 20000] [--numbers 1000000]

Decode, judge, encode; no wire. Processor time, so that a busy machine doesn't count. A registration
is its second request: the credentials are judged and the binding is put.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from trunkline.auth.v1 import auth_pb2 as pb
from trunkline.common.v1.common_pb2 import TRANSPORT_UDP, SocketAddress
from trunkline_auth.admission.doors import Digest, open_doors
from trunkline_auth.admission.policy import Policy
from trunkline_auth.digest import Algorithm, Nonces, Secret
from trunkline_auth.identity import (
    AccessMode,
    AddressPattern,
    Directory,
    Endpoint,
    EndpointId,
    EndpointKind,
)
from trunkline_auth.memory import NoJournal
from trunkline_auth.observation import Observation
from trunkline_auth.rpc.servicer import AuthServicer
from trunkline_auth.state import state_in_memory
from trunkline_kernel.digit_sets import DigitSet
from trunkline_kernel.logs import configure_logs
from trunkline_kernel.metrics import Metrics

REALM = "bench"
PASSWORD = "bench"  # noqa: S105 - nobody's


def main() -> None:
    """Build, measure, print."""
    options = _options()
    configure_logs("auth", level="error")
    servicer = _servicer(options.gateways, options.phones)
    asyncio.run(_measure(servicer, options))
    _measure_numbers(options.numbers)


async def _measure(servicer: AuthServicer, options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    by_address = [_request(_address(rng.randrange(options.gateways))) for _ in range(1000)]
    await _series("Admit by address", servicer.Admit, by_address, options.calls)
    for method in ("INVITE", "REGISTER"):
        call = servicer.Admit if method == "INVITE" else servicer.Register
        unsigned = [_of_phone(method, number) for number in range(options.phones)]
        met = await _series(f"{method}: challenge", call, unsigned, len(unsigned))
        signed = [
            _of_phone(method, number, answer.challenge.challenges[0])
            for number, answer in enumerate(met)
        ]
        await _series(f"{method}: right credentials", call, signed, len(signed))


async def _series(
    name: str,
    call: Callable[[Any, Any], Awaitable[Any]],
    requests: Sequence[Any],
    count: int,
) -> list[Any]:
    kind = type(requests[0])
    raw = [request.SerializeToString() for request in requests]
    answers, times = [], []
    for number in range(count):
        begin = time.thread_time()
        answer = await call(kind.FromString(raw[number % len(raw)]), None)
        answer.SerializeToString()
        times.append((time.thread_time() - begin) * 1e6)
        answers.append(answer)
    cuts = quantiles(times, n=100)
    print(f"{name:28} p50 {cuts[49]:7.1f} us   p99 {cuts[98]:7.1f} us   {count} calls")
    return answers


def _measure_numbers(count: int) -> None:
    rng = random.Random(1)
    numbers = [str(rng.randrange(10**10, 10**12)) for _ in range(count)]
    begin = time.thread_time()
    parts = DigitSet(numbers).parts
    built = time.thread_time()
    members = DigitSet()
    for name, packed in parts.items():
        members.put_part(name, packed)
    loaded = time.thread_time()
    found = sum(number in members for number in numbers[:100_000])
    looked = time.thread_time()
    size = sum(map(len, parts.values())) / 1e6
    print(
        f"{len(members)} numbers: {size:.1f} MB, built in {built - begin:.2f} s, loaded in "
        f"{(loaded - built) * 1e3:.0f} ms, a look-up {(looked - loaded) / found * 1e6:.2f} us"
    )


def _servicer(gateways: int, phones: int) -> AuthServicer:
    directory = Directory()
    for number in range(gateways):
        name = EndpointId(EndpointKind.MAPPING_GATEWAY, f"gateway-{number}")
        pattern = AddressPattern.parse(_address(number))
        directory.put(Endpoint(name, AccessMode.IP, addresses=(pattern,)))
    for number in range(phones):
        user = f"49{number:08}"
        secret = Secret.of_password(user, REALM, PASSWORD)
        name = EndpointId(EndpointKind.PHONE, user)
        directory.put(Endpoint(name, AccessMode.DIGEST, username=user, secret=secret))
    state, observation = state_in_memory(NoJournal()), Observation(Metrics("auth"))
    doors = open_doors(
        directory,
        state.doors,
        Digest(REALM, Nonces(b"a secret of a bench"), (Algorithm.MD5,)),
        observation,
        Policy,
        random.SystemRandom(),
    )
    return AuthServicer(doors, state.doors, observation, lambda: datetime.now(UTC))


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _request(ip: str, **more: Any) -> pb.AdmitRequest:
    fields: dict[str, Any] = {
        "method": "INVITE",
        "source": SocketAddress(ip=ip, port=5060),
        "transport": TRANSPORT_UDP,
        "request_uri": "sip:4930123456@bench",
        "from_user": "4912345",
        "to_user": "4930123456",
        "call_id": "0815@bench",
        "branch": "z9hG4bK-1",
        **more,
    }
    return pb.AdmitRequest(**fields)


def _of_phone(method: str, number: int, challenge: str = "") -> Any:
    user = f"49{number:08}"
    admit = _request(
        f"192.0.2.{number % 250}",
        method=method,
        from_user=user,
        to_user=user,
        call_id=f"{number}@bench",
        authorization=[_answer(challenge, user, method)] if challenge else [],
    )
    if method == "INVITE":
        return admit
    contact = pb.RegisterContact(uri=f"sip:{user}@192.0.2.{number % 250}:5060")
    return pb.RegisterRequest(admit=admit, contacts=[contact], cseq=1)


def _answer(challenge: str, user: str, method: str) -> str:
    found = re.search(r'nonce="([^"]+)"', challenge)
    nonce = found[1] if found else ""
    ha1, ha2 = _md5(f"{user}:{REALM}:{PASSWORD}"), _md5(f"{method}:sip:bench")
    response = _md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}")
    return (
        f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="sip:bench", '
        f'response="{response}", algorithm=MD5, cnonce="c", qop=auth, nc=00000001'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=10_000)
    parser.add_argument("--phones", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
