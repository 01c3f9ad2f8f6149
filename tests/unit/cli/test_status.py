"""What `trunkline status` says of an instance."""

from trunkline.media.v1.media_pb2 import CodecLibrary
from trunkline_cli.status import missing_codecs


def test_med03_a_missing_codec_is_named_with_its_package() -> None:
    codecs = [
        CodecLibrary(encoding="G729", available=True, package="libbcg729-0"),
        CodecLibrary(encoding="AMR", available=False, package="libopencore-amrnb0"),
        CodecLibrary(encoding="iLBC", available=False),
    ]

    assert missing_codecs(codecs) == ", no AMR (libopencore-amrnb0), iLBC (no library has it)"
    assert missing_codecs(codecs[:1]) == ""
