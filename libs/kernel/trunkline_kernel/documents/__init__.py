"""Configuration documents (docs/adr/0002-documents.md): kinds, planning, storage, gRPC."""

from .errors import BadDocuments, DocumentInUse, NoSuchDocument, UnknownKind
from .kinds import SECRET, Check, Kind, KindStore, Planned, Problem, Ref, Reference, Secret
from .memory import Event
from .planning import Action, Change, Document, Plan
from .registry import Documents
from .rows import Row, Rows
from .servicer import DocumentServicer
from .spec import Spec

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
    "Row",
    "Rows",
    "Secret",
    "Spec",
    "UnknownKind",
]
