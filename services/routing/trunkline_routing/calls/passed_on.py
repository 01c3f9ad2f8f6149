"""How a phone counts that passes a call on: it pays, and that is all (SIG-21, SIG-22).

The legs of such a call are ours on both sides, so none of the phone's policies holds for them, and
no line of the phone is in use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..documents.fields import OnOff
from ..documents.forwarding import CallerDisplay
from ..documents.policies import CodecPolicy, MediaPolicy, Prompts, SipPolicy
from ..model.callers import Caller
from ..view import View
from .call import Call, Identity, Passing

INNER_MEDIA: Final = MediaPolicy(
    codec=CodecPolicy(allow_conversion=True),
    prompts=Prompts(unable_to_connect=OnOff.OFF, balance_not_enough=OnOff.OFF),
)
"""Whatever is converted or announced, the first caller's own leg is the place."""
INNER_SIP: Final = SipPolicy(session_timer=False, privacy_support=True)
"""Between two calls of ours: what was recognised of the first caller's Privacy stays so."""


def as_passed_on(call: Call, caller: Caller, view: View) -> tuple[Call, Caller]:
    """Return a call and its caller as they count; those that are not passed on stay as they are."""
    if call.passed_on is None:
        return call, caller
    inner = replace(caller, claims=(), media=INNER_MEDIA, sip=INNER_SIP, may_transfer=False)
    if _display(call.passed_on.how, caller, view) is CallerDisplay.ORIGINAL:
        return call, inner
    number, callee = caller.own_number or "", call.identity.request_uri_user
    return replace(call, identity=Identity(number, "", callee, callee)), inner


def _display(how: Passing, caller: Caller, view: View) -> CallerDisplay:
    own = caller.forward_display if how is Passing.FORWARDED else caller.transfer_display
    if own is not None:
        return own
    parameters = view.parameters
    return parameters.forward_display if how is Passing.FORWARDED else parameters.transfer_display
