"""Why documents are refused."""

from ..faults import FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from .planning import Plan


class UnknownKind(InvalidArgument):
    """This service keeps no documents of this kind."""

    reason = "UNKNOWN_KIND"


class NoSuchDocument(NotFound):
    """There is no such document."""

    reason = "DOCUMENT_NOT_FOUND"


class DocumentInUse(FailedPrecondition):
    """Another document refers to it."""

    reason = "DOCUMENT_IN_USE"


class NoVersionBefore(FailedPrecondition):
    """There is nothing that a document could be put back to."""

    reason = "NO_VERSION_BEFORE"


class BadDocuments(InvalidArgument):
    """Documents are wrong; every error is a violation."""

    reason = "BAD_DOCUMENTS"


def refusal(plan: Plan) -> BadDocuments:
    """Return what tells every problem of a plan."""
    violations = []
    for problem in plan.problems:
        where = f"{problem.kind}/{problem.name}" if problem.name else problem.kind
        path = f"{where}: {problem.field}" if problem.field else where
        violations.append(FieldViolation(path, problem.message))
    return BadDocuments(violations=violations)
