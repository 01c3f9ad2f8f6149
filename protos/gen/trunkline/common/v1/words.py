"""The words of common.proto that deciders speak. Written by make protos."""

from enum import IntEnum


class CallEndReason(IntEnum):
    """Why a call ended (MGT-04). The numbers are the contract's, and the stored ones."""

    NORMAL_CLEARING = 1
    USER_BUSY = 2
    NO_ANSWER = 3
    UNALLOCATED_NUMBER = 4
    NETWORK_CONGESTION = 5
    ROUTE_NOT_FOUND = 6
    RATE_NOT_FOUND = 7
    BALANCE_INSUFFICIENT = 8
    ACCOUNT_EXPIRED = 9
    ACCOUNT_DISABLED = 10
    CALLER_HANGUP = 11
    CALLEE_HANGUP = 12
    SERVER_FORCED_RELEASE = 13
    SESSION_TIMEOUT = 14
    MEDIA_TIMEOUT = 15
    AUTHENTICATION_FAILED = 16
    BLACKLISTED = 17
    NUMBER_RESTRICTED = 18
    CAPACITY_EXCEEDED = 19
    RESPONSE_TIMEOUT = 20
    CONNECTION_TIMEOUT = 21
    CODEC_MISMATCH = 22
    PROTOCOL_LIMIT = 23
    FORWARD_LIMIT = 24
    INTERNAL_ERROR = 25
