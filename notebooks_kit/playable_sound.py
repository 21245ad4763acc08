"""Voicemails as sounds that pages play: what is not one is made into one by PyAV, where that is installed.

What a system sends is judged by its bytes, never by its name. Lengths that were written before anyone knew them are put
right: players show wrong times, or refuse, where a stream says that it has no end.
"""

import io
import struct
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final

from aiopbx import PbxError, Sound, read_sound

MOST_MADE: Final = 64 * 1024 * 1024
"""Bytes that are made of a message, at most: an hour. A few compressed bytes can be hours of silence."""
MOST_SECONDS: Final = 30.0
"""Seconds that making them may take."""
_PLAYED: Final = {
    ("wav", "pcm"), ("wav", "alaw"), ("wav", "mulaw"), ("wav", "float"), ("mp3", "mp3"), ("flac", "flac"),
    ("ogg", "opus"), ("ogg", "vorbis"), ("ogg", "flac"), ("aac", "aac"), ("mp4", "aac"), ("mp4", "flac"),
    ("mp4", "opus"),
}  # fmt: skip
"""What Chromium plays. It plays A-law and µ-law as well, though it answers no when it is asked."""
# What FFmpeg calls the containers. It is told which one it is, and never guesses: among what it would guess at are
# playlists, which name other files for it to open.
_DEMUXERS: Final = {
    "wav": "wav", "au": "au", "ogg": "ogg", "flac": "flac", "mp3": "mp3", "aac": "aac", "mp4": "mov", "amr": "amr",
    "aiff": "aiff", "caf": "caf",
}  # fmt: skip
_NAMES: Final = {
    "gsm": "GSM 6.10", "adpcm_ima": "IMA ADPCM", "adpcm_ms": "Microsoft ADPCM", "g722": "G.722", "g726": "G.726",
    "alaw": "A-law", "mulaw": "µ-law", "speex": "Speex", "amr": "AMR", "amr_wb": "AMR wideband", "pcm": "PCM",
}  # fmt: skip


class Unplayable(PbxError):
    """A message is a sound, but none that pages play, and none can be made of it here."""


def playable(data: bytes) -> tuple[bytes, str, str]:
    """Return a sound that pages play: its bytes, what browsers call its format, and what it was before, if not that.

    Blocks. Raises ``NotASound`` for what is none, with a sentence that says what it is instead, and ``Unplayable``.
    """
    sound = read_sound(data)
    if data.startswith(b"RIFX"):  # FFmpeg takes its samples for ones with the low byte first, and makes noise of them
        raise Unplayable(
            "The message is a WAV file with the high byte first, which pages do not play.",
            remedy="Save it as a file, and try another player.",
        )
    if (sound.container, sound.codec) in _PLAYED and not data.startswith(b"RF64"):
        return (data if sound.whole else _with_lengths(data)), sound.container, ""
    name = described(sound)
    if find_spec("av") is None:
        raise Unplayable(
            f"The message is {name}, which pages do not play.",
            remedy="pip install 'aiopbx[sound]' makes it playable; or save the message as a file.",
        )
    return _decoded(data, sound, name), "wav", name


def described(sound: Sound) -> str:
    """Return what a sound is in words, such as ``GSM 6.10 in wav``."""
    codec = _NAMES.get(sound.codec, sound.codec)
    return f"{codec} in {sound.container}" if codec and codec.lower() != sound.container else sound.container


def _with_lengths(data: bytes) -> bytes:
    """Return a WAV file whose header says how long it is."""
    at = 12
    while at + 8 <= len(data) and data[at : at + 4] != b"data":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + (size & 1)
    there = len(data) - at - 8
    said = int.from_bytes(data[at + 4 : at + 8], "little")
    used = said if 0 < said <= there else there
    head = struct.pack("<4sI", b"RIFF", len(data) - 8) + data[8:at]
    return head + struct.pack("<4sI", b"data", used) + data[at + 8 :]


def _decoded(data: bytes, sound: Sound, name: str) -> bytes:
    """Return the samples as a WAV file of 16 bits."""
    # imported here, where it does not block: it brings FFmpeg with it
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=_DEMUXERS[sound.container]) as container:
            rate, channels, samples = _samples(av, container)
    except (av.FFmpegError, ValueError) as error:
        raise Unplayable(
            f"The message is {name}, and cannot be read.", remedy="Save it as a file, and try another player."
        ) from error
    size = len(samples)
    return (
        struct.pack("<4sI4s4sIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, channels)
        + struct.pack("<IIHH4sI", rate, rate * channels * 2, channels * 2, 16, b"data", size)
        + samples
    )


def _samples(av: Any, container: Any) -> tuple[int, int, bytes]:
    """Return the rate, the number of channels and the samples of the first sound in a container."""
    if not container.streams.audio or container.streams.audio[0].codec_context is None:
        raise ValueError("nothing to decode")
    stream = container.streams.audio[0]
    rate, channels = stream.codec_context.sample_rate, min(stream.codec_context.channels, 2)
    resampler = av.AudioResampler(format="s16", layout="stereo" if channels == 2 else "mono", rate=rate)
    made, end = bytearray(), time.monotonic() + MOST_SECONDS
    for frame in _frames(av, container, stream, resampler):
        made += bytes(frame.planes[0])[: frame.samples * channels * 2]  # planes are padded
        if len(made) > MOST_MADE or time.monotonic() > end:
            raise Unplayable(
                f"The message becomes longer than {MOST_MADE // 1024 // 1024} MiB.", remedy="Save it as a file instead."
            )
    if not made:
        raise ValueError("no samples")
    return rate, channels, bytes(made)


def _frames(av: Any, container: Any, stream: Any, resampler: Any) -> Iterator[Any]:
    """Yield frames as they are to be; what breaks off in the middle is played up to there."""
    begun = False
    try:
        for frame in container.decode(stream):
            yield from resampler.resample(frame)
            begun = True
    except av.FFmpegError:
        if not begun:
            raise
    if begun:
        yield from resampler.resample(None)
