"""Why and by whom a call ended (MGT-04), and who pays (BIL-04). The numbers are the stored ones."""

from enum import IntEnum

from trunkline.common.v1.words import CallEndReason as CallEndReason


class EndDirection(IntEnum):
    """Which side ended the call."""

    CALLER = 0
    CALLEE = 1
    SERVER = 2


class BillingMode(IntEnum):
    """Which object decided the payer."""

    PHONE = 0
    MAPPING_GATEWAY = 1
    BOUND_NUMBER = 2
    PHONE_CARD = 3
