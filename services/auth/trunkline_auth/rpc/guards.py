"""What operators need a right for in auth, besides documents and parameters (MGT-12)."""

from collections.abc import Mapping
from typing import Final

from trunkline.auth.v1 import auth_pb2, lists_pb2, operators_pb2
from trunkline_kernel.rights import Action, Rule


def _remove_registration(request: auth_pb2.RemoveRegistrationRequest) -> Action:
    return Action("phones", (f"Registration/{request.endpoint.name}",), deletes=True)


def _lift_suspension(request: auth_pb2.LiftSuspensionRequest) -> Action:
    return Action("phones", (f"Suspension/{request.identity}",))


def _add_black_entry(request: lists_pb2.AddBlackEntryRequest) -> Action:
    return Action("numbers", (f"BlackEntry/{request.number}",))


def _remove_black_entries(request: lists_pb2.RemoveBlackEntriesRequest) -> Action:
    return Action("numbers", (f"BlackEntry/{request.number or '*'}",), deletes=True)


def _import_numbers(request: lists_pb2.ImportNumbersRequest) -> Action | None:
    return None if request.dry_run else Action("numbers", (f"NumberList/{request.list}",))


def _roll_back_numbers(request: lists_pb2.RollBackNumbersRequest) -> Action:
    return Action("numbers", (f"NumberList/{request.list}",))


def _unlock_operator(request: operators_pb2.UnlockOperatorRequest) -> Action:
    return Action("operators", (f"Operator/{request.name}",))


GUARDS: Final[Mapping[str, Rule]] = {
    "/trunkline.auth.v1.AuthService/RemoveRegistration": _remove_registration,
    "/trunkline.auth.v1.AuthService/LiftSuspension": _lift_suspension,
    "/trunkline.auth.v1.ListService/AddBlackEntry": _add_black_entry,
    "/trunkline.auth.v1.ListService/RemoveBlackEntries": _remove_black_entries,
    "/trunkline.auth.v1.ListService/ImportNumbers": _import_numbers,
    "/trunkline.auth.v1.ListService/RollBackNumbers": _roll_back_numbers,
    "/trunkline.auth.v1.OperatorService/UnlockOperator": _unlock_operator,
}
