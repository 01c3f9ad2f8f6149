"""Progress on the wire."""

from trunkline.common.v1 import common_pb2 as pb

from ..progress import Progress


def progress_message(progress: Progress) -> pb.Progress:
    """Return how far long work is."""
    stage = pb.ProgressStage.Value(f"PROGRESS_STAGE_{progress.stage.name}")
    return pb.Progress(stage=stage, done=progress.done, total=progress.total)
