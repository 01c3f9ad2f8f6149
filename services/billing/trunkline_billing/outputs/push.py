"""Pushes CDRs to the endpoint that a parameter names (BIL-12)."""

import json

from trunkline_kernel.parameters import Parameters

from ..cdrs.fields import cdr_fields
from ..parameters import CDR_REPORT_SERVER
from ..store.cdr_rows import StoredCdr
from .http_post import UNREACHED, Post


class CdrPush:
    """Takes CDRs by HTTP POST; 2xx means that one is taken."""

    name = "push"

    def __init__(self, parameters: Parameters, post: Post) -> None:
        self._parameters = parameters
        self._post = post

    @property
    def wanted(self) -> bool:
        """Whether an endpoint is named."""
        return bool(self._parameters[CDR_REPORT_SERVER])

    def subject(self, stored: StoredCdr) -> str:
        """Return the call's id."""
        return stored.cdr.call.call_id

    async def take(self, stored: StoredCdr) -> str:
        """Push one CDR; return what went wrong, if anything did."""
        body = json.dumps(cdr_fields(stored.flow_no, stored.cdr)).encode()
        try:
            answer = await self._post(self._parameters[CDR_REPORT_SERVER], body)
        except UNREACHED as error:
            return str(error) or type(error).__name__
        return "" if answer.taken else f"HTTP {answer.status}"
