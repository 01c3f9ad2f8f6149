"""Configuration documents (docs/adr/0002-documents.md): kinds, planning, storage, gRPC."""

from .kinds import SECRET, Check, Kind, KindStore, Planned, Problem, Ref, Reference, Secret, Spec
from .planning import Action, Change, Document, Plan
from .registry import (
    BadDocuments,
    DocumentInUse,
    Documents,
    Event,
    NoSuchDocument,
    UnknownKind,
)
from .servicer import DocumentServicer

__all__ = [
    "SECRET",
    "Action",
    "BadDocuments",
    "Change",
    "Check",
    "Document",
    "DocumentInUse",
    "DocumentServicer",
    "Documents",
    "Event",
    "Kind",
    "KindStore",
    "NoSuchDocument",
    "Plan",
    "Planned",
    "Problem",
    "Ref",
    "Reference",
    "Secret",
    "Spec",
    "UnknownKind",
]
