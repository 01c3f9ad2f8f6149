"""The parameters that admission and registration obey, as one value per request.

A session keeps the values it began with (spec 0.3); everything else takes those of the moment.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """Parameters of AUT-01 to AUT-08 by meaning; each names its parameter."""

    challenge_status: int = 401
    """SS_SIP_AUTHENTICATION_CODE."""
    session_retry: int = 6
    """SS_SIP_AUTHENTICATION_RETRY: wrong credentials that end a session."""
    session_timeout: timedelta = timedelta(seconds=10)
    """SS_SIP_AUTHENTICATION_TIMEOUT: longest session, and life of a nonce."""
    reply_unauthorized: bool = True
    """SS_REPLY_UNAUTHORIZED."""
    max_retry: int = 6
    """SS_AUTHENTICATION_MAX_RETRY. 0 never suspends."""
    suspend: timedelta = timedelta(seconds=180)
    """SS_AUTHENTICATION_FAILED_SUSPEND."""
    register_replace: bool = True
    """SS_ENDPOINT_REGISTER_REPLACE."""
    register_retry: int = 6
    """SS_ENDPOINT_REGISTER_RETRY. 0 never suspends."""
    register_suspend: timedelta = timedelta(seconds=180)
    """SS_ENDPOINT_REGISTER_SUSPEND."""
    expire: timedelta = timedelta(seconds=3600)
    """SS_ENDPOINT_EXPIRE: longest registration that is granted."""
    access_ip_check: bool = False
    """SS_ACCESS_IP_CHECK: whether areas count for SIP sources."""
    check_interval: timedelta = timedelta(seconds=60)
    """SS_ENDPOINTTIMETOLIVE: how often a registered terminal is checked."""
