"""Voicemails of every kind: played as they are, made playable, or said in a sentence what they are."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from aiopbx import NotASound, PbxError, read_sound
from notebooks_kit import VoicemailPlayer, playable_sound
from notebooks_kit.models import voicemail
from notebooks_kit.models.voicemail import SILENCE
from notebooks_kit.playable_sound import Unplayable, playable
from tests.integration.sounds import AS_IT_IS, CONVERTED, NO_SOUND, SECONDS, encoded, gsm, wav

from .view_helpers import ALICE, connected_office, problem, sees

PLAYED_BY_CHROMIUM = ("a-law", "µ-law", "pcm 24 bit", "ogg opus", "ogg flac", "flac in mp4")
MENDED = {name for name in CONVERTED if name.startswith("streamed")}
MADE = sorted(set(CONVERTED) - set(PLAYED_BY_CHROMIUM) - MENDED)
LEFT = {**AS_IT_IS, **{name: CONVERTED[name] for name in PLAYED_BY_CHROMIUM}}


@pytest.mark.parametrize("make", LEFT.values(), ids=LEFT.keys())
def test_what_pages_play_is_left_alone(make: Callable[[], bytes]) -> None:
    data = make()
    assert playable(data) == (data, read_sound(data).container, "")


@pytest.mark.parametrize("name", MADE)
def test_what_no_page_plays_is_made_playable(name: str) -> None:
    data = CONVERTED[name]()
    sound, kind, original = playable(data)
    assert kind == "wav"
    assert read_sound(sound).whole
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(SECONDS, abs=0.3)
        assert file.getsampwidth() == 2
    assert original == playable_sound.described(read_sound(data))


@pytest.mark.parametrize("name", sorted(MENDED))
def test_lengths_of_what_was_streamed_are_put_right(name: str) -> None:
    data = CONVERTED[name]()
    sound, kind, original = playable(data)
    assert (kind, original) == ("wav", "")
    assert len(sound) == len(data)
    assert read_sound(sound).whole
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() == 8000 * SECONDS


def test_words_for_what_it_is() -> None:
    assert playable(gsm())[2] == "GSM 6.10 in wav"
    assert playable(CONVERTED["g.722"]())[2] == "G.722 in wav"
    assert playable(CONVERTED["aiff"]())[2] == "aiff"


def test_samples_with_the_high_byte_first_are_refused() -> None:
    form = struct.pack(">HHIIHH", 1, 1, 8000, 16000, 2, 16)
    samples = bytes(range(256)) * 100
    body = b"WAVEfmt " + struct.pack(">I", 16) + form + b"data" + struct.pack(">I", len(samples)) + samples
    with pytest.raises(Unplayable, match="high byte first"):
        playable(b"RIFX" + struct.pack(">I", len(body)) + body)


@pytest.mark.parametrize("data", [data for data, _ in NO_SOUND.values()], ids=NO_SOUND.keys())
def test_what_is_no_sound_is_named(data: bytes) -> None:
    with pytest.raises(NotASound, match="he system sent"):
        playable(data)


def test_a_sound_that_breaks_off_is_played_up_to_there() -> None:
    whole = encoded("au", "pcm_mulaw")
    sound, _, _ = playable(whole[: len(whole) // 2])
    with wave.open(io.BytesIO(sound)) as file:
        assert 1.2 < file.getnframes() / file.getframerate() < 1.6


def test_what_becomes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playable_sound, "MOST_MADE", 1000)
    with pytest.raises(Unplayable, match="longer than") as refused:
        playable(gsm())
    assert "file" in str(refused.value.remedy)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playable_sound, "find_spec", lambda name: None)
    with pytest.raises(Unplayable, match=r"The message is GSM 6\.10 in wav, which pages do not play\.") as refused:
        playable(gsm())
    assert "aiopbx[sound]" in str(refused.value.remedy)
    data = CONVERTED["a-law"]()
    assert playable(data)[0] == data, "what pages play needs no library"


def test_damage_is_named() -> None:
    with pytest.raises(Unplayable, match="The message is wav, and cannot be read"):
        playable(wav(0x7777, bytes(100)))


class Message:
    """A message of a system that records as it likes."""

    id, caller, at, seconds, unread, urgent, play_number = "7", None, None, 3, True, False, None

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def stream(self, format: str | None = None) -> AsyncIterator[bytes]:
        for start in range(0, len(self.data), 1000):
            yield self.data[start : start + 1000]


async def test_the_player_says_what_it_has_made_and_what_is_no_sound() -> None:
    async with connected_office() as (_, pbx):
        player = VoicemailPlayer(pbx.line(ALICE))
        await sees(lambda: player.model.mailbox is not None)

        async def hear(data: bytes) -> Any:
            player.model._messages["7"] = Message(data)  # type: ignore[assignment]
            player.draw_now()
            player._audio.value = SILENCE
            await player.hear("7")

        await hear(gsm())
        assert "The message is GSM 6.10 in wav, which pages do not play: it is heard as wav." in player._notice.value
        assert read_sound(bytes(player._audio.value)).codec == "pcm"
        player.do(lambda: hear(b"<!DOCTYPE html><title>Log in</title>"))
        await sees(lambda: "The system sent a page where there should be a sound" in problem(player))
        assert bytes(player._audio.value) == SILENCE
        player.close()


async def test_formats_that_only_the_library_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected_office() as (_, pbx):
        model = voicemail.VoicemailModel(pbx.line(ALICE))
        monkeypatch.setattr(type(model), "formats", ("au",))
        assert model.heard_as("au") == "au"
        monkeypatch.setattr(voicemail, "find_spec", lambda name: None)
        with pytest.raises(PbxError, match="Pages do not play au"):
            model.heard_as("au")
