"""Puts admission together: one way for the service, the simulation and the tests."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..digest import Algorithm, Nonces
from ..identity import AreaMap, Directory
from ..registrations import Bindings
from .admitter import Admitter
from .authenticator import Authenticator
from .failures import Failures
from .gate import Gate
from .limiter import ChallengeLimiter
from .policy import Policy
from .registrar import Registrar, RegistrationListener
from .sessions import NonceCounts, Sessions
from .sources import Sources


@dataclass(frozen=True, slots=True)
class SharedState:
    """What must be one for the whole cluster (spec 0.6)."""

    sessions: Sessions
    nonce_counts: NonceCounts
    failures: Failures
    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Digest:
    """How credentials are asked for."""

    realm: str
    nonces: Nonces
    algorithms: Sequence[Algorithm] = (Algorithm.MD5, Algorithm.SHA_256)
    """In order of preference. MD5 leads, as old phones read the first challenge only."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in."""

    admitter: Admitter
    registrar: Registrar


def open_doors(
    directory: Directory,
    state: SharedState,
    digest: Digest,
    listener: RegistrationListener,
    policy: Callable[[], Policy],
    rng: random.Random,
    areas: Callable[[], AreaMap] = AreaMap,
) -> Doors:
    """Return admission over what is known, what is shared and what is wanted."""
    sources = Sources(directory, state.bindings, areas)
    gate = Gate(ChallengeLimiter())
    authenticator = Authenticator(
        directory,
        digest.nonces,
        state.sessions,
        state.nonce_counts,
        state.failures,
        listener,
        realm=digest.realm,
        algorithms=digest.algorithms,
        rng=rng,
    )
    return Doors(
        Admitter(sources, authenticator, gate, policy),
        Registrar(
            directory,
            sources,
            authenticator,
            gate,
            state.bindings,
            state.failures,
            listener,
            policy,
        ),
    )
