"""What operators need a right for in media, besides documents and parameters (MGT-12)."""

from collections.abc import Mapping
from typing import Final

from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.rights import Action, Rule


def _drain(request: pb.DrainRequest) -> Action:
    return Action("services", ("Service/media",))


GUARDS: Final[Mapping[str, Rule]] = {"/trunkline.media.v1.MediaService/Drain": _drain}
