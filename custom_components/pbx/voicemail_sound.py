"""Voicemails as sounds that every player plays: what is not such a sound is made into one, by Home Assistant's PyAV."""

import io
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from homeassistant.exceptions import HomeAssistantError

from .aiopbx import NotASound, Sound, read_sound
from .const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of a message that are taken from the PBX, at most."""
MOST_MADE: Final = 64 * 1024 * 1024
"""Bytes that are made of it, at most: half an hour. A few compressed bytes can be hours of silence."""
MOST_SECONDS: Final = 30.0
"""Seconds that making them may take."""
LEAST_RATE: Final = 16_000
"""Samples in a second that speakers accept: some refuse the 8,000 of telephones."""
MOST_RATE: Final = 48_000

_AS_THEY_ARE: Final = {("mp3", "mp3"), ("flac", "flac"), ("aac", "aac"), ("mp4", "aac")}
"""What browsers and speakers play alike. Chromium plays more, such as A-law and Ogg; many speakers do not."""

# What FFmpeg calls the containers. It is told which, and never guesses: among what it would guess at are playlists,
# which name other files for it to open.
_DEMUXERS: Final = {
    "wav": "wav", "au": "au", "ogg": "ogg", "flac": "flac", "mp3": "mp3", "aac": "aac", "mp4": "mov", "amr": "amr",
    "aiff": "aiff", "caf": "caf",
}  # fmt: skip

_NO_SOUND: Final = {
    "empty": "no_sound_empty",
    "page": "no_sound_page",
    "json": "no_sound_json",
    "text": "no_sound_text",
    "unknown": "no_sound_unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayableSound:
    """A sound that browsers and speakers play."""

    data: bytes
    media_type: str
    original: Sound
    """What the PBX sent."""


def no_sound(err: NotASound) -> HomeAssistantError:
    """Return an error that says what the PBX sent instead of a sound."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=_NO_SOUND[err.found])


def make_playable(data: bytes) -> PlayableSound:
    """Return a sound that browsers and speakers play. Blocks.

    Raises ``HomeAssistantError`` for what is no sound, cannot be read, or is too long.
    """
    try:
        sound = read_sound(data)
    except NotASound as err:
        raise no_sound(err) from err
    if _plays(sound):
        return PlayableSound(data=data, media_type=sound.media_type, original=sound)
    return PlayableSound(data=_decoded(data, sound), media_type="audio/wav", original=sound)


def _plays(sound: Sound) -> bool:
    if sound.container == "wav":
        return sound.codec == "pcm" and sound.bits in (8, 16) and sound.whole
    return (sound.container, sound.codec) in _AS_THEY_ARE


def _decoded(data: bytes, sound: Sound) -> bytes:
    """Return the samples as a WAV file of 16 bits, with lengths that are right."""
    # Imported here, where it does not block: it brings FFmpeg with it, which few installations ever need.
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=_DEMUXERS[sound.container]) as container:
            rate, channels, pieces = _samples(av, container)
    except (av.FFmpegError, ValueError) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="sound_unreadable",
            translation_placeholders={"format": f"{sound.container} {sound.codec}".strip()},
        ) from err
    samples = b"".join(pieces)
    if not samples:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_sound_empty")
    return _wav_header(len(samples), rate, channels) + samples


def _samples(av: Any, container: Any) -> tuple[int, int, list[bytes]]:
    """Return the rate, the number of channels and the samples of the first sound in a container."""
    if not container.streams.audio:
        raise ValueError("no sound in it")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise ValueError("no decoder for it")
    rate = min(max(stream.codec_context.sample_rate, LEAST_RATE), MOST_RATE)
    channels = min(stream.codec_context.channels, 2)
    resampler = av.AudioResampler(format="s16", layout="stereo" if channels == 2 else "mono", rate=rate)
    pieces: list[bytes] = []
    made, end = 0, time.monotonic() + MOST_SECONDS
    for frame in _frames(av, container, stream, resampler):
        piece = bytes(frame.planes[0])[: frame.samples * channels * 2]  # planes are padded
        made += len(piece)
        if made > MOST_MADE or time.monotonic() > end:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="sound_too_long",
                translation_placeholders={"minutes": str(MOST_MADE // (LEAST_RATE * 2 * 60))},
            )
        pieces.append(piece)
    return rate, channels, pieces


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


def _wav_header(size: int, rate: int, channels: int) -> bytes:
    return b"".join(
        (
            struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, channels, rate,
                        rate * channels * 2, channels * 2, 16),
            struct.pack("<4sI", b"data", size),
        )
    )  # fmt: skip
