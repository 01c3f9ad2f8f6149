"""What every spec and every part of one is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Json = Any
"""What `json.loads` returns."""


class Spec(BaseModel):
    """Base of every spec: camelCase in documents, no unknown fields, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )
