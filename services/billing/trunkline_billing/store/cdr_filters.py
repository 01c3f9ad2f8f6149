"""Which CDRs a report, an export or a re-rating is of."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from .tables import CDRS


def in_range(
    begin: datetime, end: datetime, account: str = "", gateway: str = ""
) -> list[ColumnElement[bool]]:
    """Return the conditions of calls that ended from `begin` until before `end`.

    `account` is the payer or the vendor's account, `gateway` either side. Empty is any.
    """
    conditions = [CDRS.c.end_time >= begin, CDRS.c.end_time < end]
    if account:
        conditions.append(or_(CDRS.c.account == account, CDRS.c.clearing_account == account))
    if gateway:
        conditions.append(or_(CDRS.c.caller_name == gateway, CDRS.c.callee_name == gateway))
    return conditions
