"""What is played: every sound that a telephone system may send becomes one that browsers and speakers play."""

import io
import wave
from collections.abc import Callable

import av
import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.pbx import voicemail_sound
from custom_components.pbx.voicemail_sound import make_playable
from tests.integration import sounds


def length_of(data: bytes) -> float:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() >= 16000
        assert file.getnframes() * 2 + 44 == len(data)
        return file.getnframes() / file.getframerate()


@pytest.mark.parametrize("make", sounds.AS_IT_IS.values(), ids=list(sounds.AS_IT_IS))
def test_what_everything_plays_is_left_alone(make: Callable[[], bytes]) -> None:
    data = make()
    played = make_playable(data)
    assert played.data is data
    assert played.media_type == played.original.media_type


@pytest.mark.parametrize("make", sounds.CONVERTED.values(), ids=list(sounds.CONVERTED))
def test_what_some_players_cannot_play_is_made_playable(make: Callable[[], bytes]) -> None:
    played = make_playable(make())
    assert played.media_type == "audio/wav"
    # ADPCM fills its last block
    assert length_of(played.data) == pytest.approx(sounds.SECONDS, abs=0.07)


@pytest.mark.parametrize(("data", "key"), sounds.NO_SOUND.values(), ids=list(sounds.NO_SOUND))
def test_what_is_no_sound_is_named(data: bytes, key: str) -> None:
    with pytest.raises(HomeAssistantError) as raised:
        make_playable(data)
    assert raised.value.translation_key == key


def test_two_channels_stay_two() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="au") as output:
        stream = output.add_stream("pcm_mulaw", rate=8000)
        stream.layout = "stereo"
        frame = av.AudioFrame(format="s16", layout="stereo", samples=8000)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(32000))
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with wave.open(io.BytesIO(make_playable(file.getvalue()).data)) as made:
        assert (made.getnchannels(), made.getframerate(), made.getnframes()) == (2, 16000, 16000)


def test_a_sound_that_breaks_off_is_played_up_to_there() -> None:
    data = sounds.encoded("ogg", "libopus", 48000)
    assert 0.5 < length_of(make_playable(data[: len(data) // 2]).data) < 2.5


@pytest.mark.parametrize(
    "data",
    [
        sounds.wav(0x1234, bytes(1000)),
        sounds.encoded("mp4", "flac")[:200],
        b"OggS" + bytes(200),
    ],
    ids=["unknown codec", "mp4 broken off", "ogg of nothing"],
)
def test_a_sound_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(HomeAssistantError) as raised:
        make_playable(data)
    assert raised.value.translation_key in ("sound_unreadable", "no_sound_empty")


def test_what_becomes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of compressed silence may be hours long."""
    monkeypatch.setattr(voicemail_sound, "MOST_MADE", 20_000)
    with pytest.raises(HomeAssistantError) as raised:
        make_playable(sounds.gsm())
    assert raised.value.translation_key == "sound_too_long"


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voicemail_sound, "MOST_SECONDS", -1.0)
    with pytest.raises(HomeAssistantError) as raised:
        make_playable(sounds.gsm())
    assert raised.value.translation_key == "sound_too_long"


def test_a_playlist_in_the_shape_of_a_sound_opens_nothing() -> None:
    """FFmpeg is told what it reads: left to guess, it would take this for a playlist, and open the file."""
    with pytest.raises(HomeAssistantError) as raised:
        make_playable(b"FORM\0\0\0\0AIFF#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n")
    assert raised.value.translation_key == "sound_unreadable"
