"""Sounds by their names: WAV files of one folder, loaded once, and a few tones."""

import re
import wave
from math import pi, sin
from pathlib import Path
from struct import pack
from typing import Final

from trunkline_engine import Audio

from .errors import AudioNotFound

SAMPLE_RATE: Final = 8000
TONE_HZ: Final = 425
"""Ringing and busy tone of most of the world (ITU-T E.180)."""
TONE_PEAK: Final = 6_500
"""-11 dBm0: within E.180's -10 dBm0 +- 5 dB."""

CADENCES: Final = {"ringback": (1.0, 4.0), "busy": (0.5, 0.5), "silence": (0.0, 1.0)}
"""Seconds of tone and of silence that make one round."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
"""What may be a file's name without its ending: never a path."""

LONGEST_SECONDS: Final = 600


class AudioLibrary:
    """Loads sounds when they are first asked for, and keeps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sounds: dict[str, Audio] = {}

    def find(self, name: str) -> Audio:
        """Return the sound. Raises `AudioNotFound`."""
        sound = self._sounds.get(name)
        if sound is None:
            sound = self._sounds[name] = tone(name) if name in CADENCES else self._load(name)
        return sound

    def _load(self, name: str) -> Audio:
        path = self._folder / f"{name}.wav"
        if not NAME.fullmatch(name) or not path.is_file():
            raise AudioNotFound(f"audio {name!r} is neither a tone nor a file in the audio folder")
        return read_wav(path)


def read_wav(path: Path) -> Audio:
    """Return the sound of a WAV file. Raises `AudioNotFound` for one that can't be played."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise AudioNotFound(f"{path.name} is not mono with 16 bits a sample")
            if file.getnframes() > LONGEST_SECONDS * file.getframerate():
                raise AudioNotFound(f"{path.name} is longer than {LONGEST_SECONDS} s")
            return Audio(file.readframes(file.getnframes()), file.getframerate())
    except (wave.Error, EOFError, ValueError) as error:
        raise AudioNotFound(f"{path.name} is no WAV file that can be played: {error}") from None


def tone(name: str) -> Audio:
    """Return one round of a tone."""
    on, off = CADENCES[name]
    step = 2 * pi * TONE_HZ / SAMPLE_RATE
    samples = [round(TONE_PEAK * sin(step * index)) for index in range(int(on * SAMPLE_RATE))]
    samples += [0] * int(off * SAMPLE_RATE)
    return Audio(pack(f"<{len(samples)}h", *samples), SAMPLE_RATE)
