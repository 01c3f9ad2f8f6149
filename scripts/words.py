"""Print the contract's call end reasons as plain Python: deciders know no wire format."""

from trunkline.common.v1.common_pb2 import CallEndReason

PREFIX = "CALL_END_REASON_"

HEAD = '''"""The words of common.proto that deciders speak. Written by make protos."""

from enum import IntEnum


class CallEndReason(IntEnum):
    """Why a call ended (MGT-04). The numbers are the contract's, and the stored ones."""
'''


def main() -> None:
    """Print the module; the value that means nothing was said is no reason."""
    print(HEAD)
    for name, number in CallEndReason.items():
        if number:
            print(f"    {name.removeprefix(PREFIX)} = {number}")


if __name__ == "__main__":
    main()
