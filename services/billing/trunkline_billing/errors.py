"""What can go wrong in billing, as types.

TrunklineError (kernel)
+-- Refused             the call may not start; each class names its call end reason (MGT-04)
|   +-- RateNotFound, AccountExpired
|   +-- BalanceInsufficient
|   |   +-- CalleeBalanceInsufficient
|   +-- AccountDisabled
|       +-- SpendLimitReached   the fraud brake
+-- BadInput            the caller's mistake
|   +-- BadAmount, BadRate, BadNumber, BadQuery, CurrencyMismatch
+-- UnknownAccount, UnknownRateGroup, UnknownCall, UnknownAlarm, UnknownPeer
+-- PeerAway            another platform does not tell its calls (BIL-14)
+-- RatedMeanwhile      two charged a call anew at the same time; look again
+-- RequestReused       a request id came again with another content
+-- Overdrawn           a deduction goes past the overdraft
+-- QueryDenied         CDR queries are closed at this hour (BIL-13)
+-- LedgerUnavailable   the store did not answer; a repeat is safe
"""

from typing import ClassVar

from trunkline_kernel.faults import Fault, InvalidArgument, NotFound, TrunklineError

from .reasons import CallEndReason


class Refused(TrunklineError):
    """The call may not start."""

    fault = Fault.FAILED_PRECONDITION
    reason = "CALL_REFUSED"
    call_end_reason: ClassVar[CallEndReason]


class RateNotFound(Refused):
    """No rate in force serves the number, or the one that does is locked (BIL-01)."""

    reason = "RATE_NOT_FOUND"
    call_end_reason = CallEndReason.RATE_NOT_FOUND


class BalanceInsufficient(Refused):
    """An account cannot pay for the first unit (BIL-05)."""

    reason = "BALANCE_INSUFFICIENT"
    call_end_reason = CallEndReason.BALANCE_INSUFFICIENT


class CalleeBalanceInsufficient(BalanceInsufficient):
    """The called phone's account is empty, whoever pays (BIL-07)."""

    reason = "CALLEE_BALANCE_INSUFFICIENT"


class AccountExpired(Refused):
    """An account or one of its agents is past its life (BIL-03)."""

    reason = "ACCOUNT_EXPIRED"
    call_end_reason = CallEndReason.ACCOUNT_EXPIRED


class AccountDisabled(Refused):
    """An account or one of its agents is locked, cancelled or missing (BIL-03)."""

    reason = "ACCOUNT_DISABLED"
    call_end_reason = CallEndReason.ACCOUNT_DISABLED


class SpendLimitReached(AccountDisabled):
    """An account spent what it may in this hour or day: the fraud brake is on."""

    reason = "SPEND_LIMIT_REACHED"


class BadInput(InvalidArgument):
    """The request is wrong whatever the state is."""

    reason = "BAD_INPUT"


class BadAmount(BadInput):
    """Not an exact amount of money in a known form."""

    reason = "BAD_AMOUNT"


class BadRate(BadInput):
    """A rate that cannot be charged by."""

    reason = "BAD_RATE"


class BadNumber(BadInput):
    """Not a number that can be rated."""

    reason = "BAD_NUMBER"


class BadQuery(BadInput):
    """A query outside of what may be asked."""

    reason = "BAD_QUERY"


class CurrencyMismatch(BadInput):
    """Money of one currency where another was expected."""

    reason = "CURRENCY_MISMATCH"


class UnknownAccount(NotFound):
    """No such account."""

    reason = "UNKNOWN_ACCOUNT"


class UnknownRateGroup(NotFound):
    """No such rate group."""

    reason = "UNKNOWN_RATE_GROUP"


class UnknownCall(NotFound):
    """The call has no reservation, or no CDR."""

    reason = "UNKNOWN_CALL"


class UnknownAlarm(NotFound):
    """No such alarm."""

    reason = "UNKNOWN_ALARM"


class UnknownPeer(NotFound):
    """No such reconciliation peer."""

    reason = "UNKNOWN_PEER"


class PeerAway(TrunklineError):
    """A peer does not tell its calls now."""

    fault = Fault.UNAVAILABLE
    reason = "PEER_AWAY"


class RatedMeanwhile(TrunklineError):
    """Somebody else charged the call anew at the same time."""

    fault = Fault.ABORTED
    reason = "RATED_MEANWHILE"


class RequestReused(TrunklineError):
    """The request id was used before for something else."""

    fault = Fault.ALREADY_EXISTS
    reason = "REQUEST_REUSED"


class Overdrawn(TrunklineError):
    """The deduction would take the account past its overdraft (BIL-09)."""

    fault = Fault.FAILED_PRECONDITION
    reason = "OVERDRAWN"


class QueryDenied(TrunklineError):
    """CDR queries are denied in this period (BIL-13)."""

    fault = Fault.PERMISSION_DENIED
    reason = "QUERY_DENIED"


class LedgerUnavailable(TrunklineError):
    """The ledger's store did not answer. Nothing is lost; the repeat is safe."""

    fault = Fault.UNAVAILABLE
    reason = "LEDGER_UNAVAILABLE"
