"""Live parameters: declarations and present values. `.store` keeps them, `.servicer` serves them.

Nothing here imports a database or gRPC, so domain code may declare and read parameters.
"""

from .declarations import (
    AnyParameter,
    BadParameterValue,
    BoolParameter,
    EnumParameter,
    HexByteParameter,
    IntOrWordParameter,
    IntParameter,
    ListParameter,
    Parameter,
    ParameterKind,
    StringParameter,
)
from .registry import BadParameters, Change, Parameters, UnknownParameter

__all__ = [
    "AnyParameter",
    "BadParameterValue",
    "BadParameters",
    "BoolParameter",
    "Change",
    "EnumParameter",
    "HexByteParameter",
    "IntOrWordParameter",
    "IntParameter",
    "ListParameter",
    "Parameter",
    "ParameterKind",
    "Parameters",
    "StringParameter",
    "UnknownParameter",
]
