"""BoundNumber: a caller that pays by an account of its own, whichever gateway its call comes by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Ref, Spec

from .fields import Name


class BoundNumberSpec(Spec):
    """Who pays for the calls of the number that is its name (BIL-04)."""

    account: Annotated[Name, Ref("Account")]
    memo: Annotated[str, Field(max_length=1024)] = ""
