"""Sounds by their names."""

import wave
from datetime import timedelta
from pathlib import Path

import pytest
from trunkline_media.audio import AudioLibrary
from trunkline_media.errors import AudioNotFound


def write_wav(path: Path, *, rate: int = 8000, channels: int = 1, seconds: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * channels * rate * seconds))


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_wav_file_of_any_rate_keeps_its_length(tmp_path: Path, rate: int) -> None:
    write_wav(tmp_path / "no-route.wav", rate=rate, seconds=2)

    assert AudioLibrary(tmp_path).find("no-route").length == timedelta(seconds=2)


def test_a_file_is_loaded_once(tmp_path: Path) -> None:
    write_wav(tmp_path / "busy-here.wav")
    library = AudioLibrary(tmp_path)

    assert library.find("busy-here") is library.find("busy-here")


@pytest.mark.parametrize(("name", "seconds"), [("ringback", 5), ("busy", 1), ("silence", 1)])
def test_tones_need_no_file(tmp_path: Path, name: str, seconds: int) -> None:
    assert AudioLibrary(tmp_path).find(name).length == timedelta(seconds=seconds)


@pytest.mark.parametrize("name", ["missing", "../secret", "", "a/b", "a.wav"])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioNotFound):
        AudioLibrary(tmp_path / "audio").find(name)


def test_a_file_that_is_not_mono_says_so(tmp_path: Path) -> None:
    write_wav(tmp_path / "stereo.wav", channels=2)

    with pytest.raises(AudioNotFound, match="mono"):
        AudioLibrary(tmp_path).find("stereo")


def test_a_file_that_is_no_wav_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")

    with pytest.raises(AudioNotFound, match="no WAV file"):
        AudioLibrary(tmp_path).find("text")
