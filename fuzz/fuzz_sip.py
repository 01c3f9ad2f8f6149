"""Run a target of signaling under atheris: `python fuzz/fuzz_sip.py message -max_total_time=60`."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["trunkline_signaling.sip", "trunkline_signaling.transport"]
):
    from sip_targets import TARGETS

CORPUS = Path(__file__).with_name("sip") / "corpus"


def main() -> None:
    """Fuzz until a bug is found or libFuzzer's limits are reached. New inputs go to a folder of
    their own among temporary files.
    """
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"expected a target of {', '.join(TARGETS)}, found {name!r}")
    found = tempfile.mkdtemp(prefix="fuzz-")  # the first folder is the one libFuzzer writes to
    folders = [found, str(CORPUS / name)]
    atheris.Setup([sys.argv[0], "-max_len=4096", *options, *folders], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
