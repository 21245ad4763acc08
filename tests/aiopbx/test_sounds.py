"""What a sound file is, by its bytes, whatever anyone calls it."""

import contextlib
import struct

import pytest

from aiopbx import NotASound, PbxError, Sound, read_sound
from aiopbx.simulator import sound
from aiopbx.simulator.faces.istra.audio import recording


def wav(tag: int, samples: int, *, bits: int = 16, per_second: int = 16000, said: int | None = None,
        before: bytes = b"", extra: bytes = b"", name: bytes = b"RIFF") -> bytes:  # fmt: skip
    order = ">" if name == b"RIFX" else "<"
    form = struct.pack(f"{order}HHIIHH", tag, 1, 8000, per_second, max(1, bits // 8), bits) + extra
    size = samples if said is None else said
    body = b"WAVE" + before + b"fmt " + struct.pack(f"{order}I", len(form)) + form
    body += b"data" + struct.pack(f"{order}I", size) + bytes(samples)
    return name + struct.pack(f"{order}I", len(body) if said is None else size) + body


def test_the_simulators_own() -> None:
    assert read_sound(b"".join(sound.message("123", 4))) == Sound(
        container="wav", codec="pcm", media_type="audio/wav", rate=8000, channels=1, bits=16, seconds=4.0
    )
    found = {}
    for name in ("au", "ogg", "mp4", "aac"):
        made = recording(name, "123", 4)
        assert made is not None
        found[name] = read_sound(b"".join(made.pieces))
    assert (found["au"].codec, found["au"].seconds, found["au"].media_type) == ("mulaw", 4.0, "audio/basic")
    assert (found["ogg"].container, found["ogg"].codec) == ("ogg", "flac")
    # what is called aac is FLAC in MP4: the bytes decide
    assert found["mp4"] == found["aac"]
    assert (found["aac"].container, found["aac"].codec, found["aac"].media_type) == ("mp4", "flac", "audio/mp4")


@pytest.mark.parametrize(
    ("tag", "codec"),
    [(1, "pcm"), (2, "adpcm_ms"), (6, "alaw"), (7, "mulaw"), (0x11, "adpcm_ima"), (0x31, "gsm"), (0x64, "g726"),
     (0x28F, "g722"), (0x55, "mp3"), (0x7777, "")],
)  # fmt: skip
def test_wav_by_the_number_of_its_codec(tag: int, codec: str) -> None:
    found = read_sound(wav(tag, 16000))
    assert (found.container, found.codec, found.seconds, found.whole) == ("wav", codec, 1.0, True)


def test_wav_of_the_extensible_kind() -> None:
    extra = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 7) + bytes(14)
    assert read_sound(wav(0xFFFE, 8000, bits=8, per_second=8000, extra=extra)).codec == "mulaw"


@pytest.mark.parametrize("said", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_lengths_of_streamed_wav_are_counted(said: int) -> None:
    """Others take these for nothing, for 74 hours, or for no WAV at all."""
    found = read_sound(wav(1, 48000, said=said))
    assert (found.seconds, found.whole) == (3.0, False)


def test_wav_with_chunks_before_and_behind() -> None:
    before = b"LIST" + struct.pack("<I", 5) + b"abcde\0"
    data = wav(1, 16000, before=before) + b"LIST" + struct.pack("<I", 4) + b"abcd"
    assert (read_sound(data).seconds, read_sound(data).whole) == (1.0, True)


def test_wav_with_the_high_byte_first_is_not_for_players() -> None:
    found = read_sound(wav(1, 16000, name=b"RIFX"))
    assert (found.codec, found.rate, found.seconds, found.whole) == ("pcm", 8000, 1.0, False)


def test_an_empty_recording_is_a_sound() -> None:
    assert read_sound(wav(1, 0)).seconds == 0.0


def ogg(packet: bytes) -> bytes:
    return b"OggS\0\2" + bytes(20) + bytes((1, len(packet))) + packet


@pytest.mark.parametrize(
    ("data", "container", "codec", "rate", "channels"),
    [
        (ogg(b"OpusHead\1\2" + bytes(9)), "ogg", "opus", 48000, 2),
        (ogg(b"\1vorbis" + struct.pack("<IBI", 0, 1, 16000) + bytes(14)), "ogg", "vorbis", 16000, 1),
        (ogg(b"Speex   " + bytes(28) + struct.pack("<IIII", 8000, 0, 4, 1)), "ogg", "speex", 8000, 1),
        (ogg(b"Speex   "), "ogg", "", None, None),
        (ogg(b"theora"), "ogg", "", None, None),
        (b"OggS", "ogg", "", None, None),
        (b"fLaC\0\0\0\x22" + bytes(10) + (16000 << 44 | 15 << 36 | 32000).to_bytes(8, "big"), "flac", "flac", 16000, 1),
        (b"\0\0\0\x18ftypM4A \0\0\0\0" + b"stsd" + bytes(8) + b"mp4a", "mp4", "aac", None, None),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "mp4", "", None, None),
        (b"#!AMR\n\x3c", "amr", "amr", 8000, None),
        (b"#!AMR-WB\n\x3c", "amr", "amr_wb", 16000, None),
        (b"FORM\0\0\0\0AIFF", "aiff", "", None, None),
        (b"caff\0\1\0\0", "caf", "", None, None),
        (b"\xff\xfb\x90\xc0" + bytes(10), "mp3", "mp3", 44100, 1),
        (b"\xff\xf3\x48\x00" + bytes(10), "mp3", "mp3", 16000, 2),
        (b"\xff\xe3\x18\xc4" + bytes(10), "mp3", "mp3", 8000, 1),
        (b"\xff\xfd\x90\x00" + bytes(10), "mp3", "mp2", 44100, 2),
        (b"\xff\xf1\x60\x40" + bytes(10), "aac", "aac", None, 1),
        (b"ID3\4\0\0\0\0\1\0" + bytes(130) + b"\xff\xfb\x90\xc0", "mp3", "mp3", 44100, 1),
        (b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 27, 8000, 1) + bytes(8000), "au", "alaw", 8000, 1),
        (b".snd" + struct.pack(">IIIII", 24, 10, 99, 0, 1) + bytes(10), "au", "", None, 1),
    ],
)
def test_the_others(data: bytes, container: str, codec: str, rate: int | None, channels: int | None) -> None:
    found = read_sound(data)
    assert (found.container, found.codec, found.rate, found.channels) == (container, codec, rate, channels)


def test_lengths_that_bytes_tell() -> None:
    flac = b"fLaC\0\0\0\x22" + bytes(10) + (16000 << 44 | 15 << 36 | 32000).to_bytes(8, "big")
    assert read_sound(flac).seconds == 2.0
    au = b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 27, 8000, 1) + bytes(8000)
    assert (read_sound(au).seconds, read_sound(au).whole) == (1.0, False)


@pytest.mark.parametrize(
    ("data", "found", "words"),
    [
        (b"", "empty", "nothing"),
        (bytes(100), "empty", "nothing"),
        (b" \r\n\t", "empty", "nothing"),
        (b"<!DOCTYPE html>", "page", "page"),
        (b"\xef\xbb\xbf\n<HTML>", "page", "page"),
        (b"<?xml version='1.0'?>", "page", "page"),
        (b'{"error": 1}', "json", "JSON"),
        (b"[]", "json", "JSON"),
        ("Nachricht gelöscht".encode(), "text", "text"),
        (bytes(range(256)), "unknown", "no sound"),
        (b"RIFF\4\0\0\0AVI ", "unknown", "no sound"),
        (b"RIFF\4\0\0\0WAVE", "unknown", "beginning"),
        (b"RIFF\4\0\0\0WAVEfmt \x10\0\0\0", "unknown", "beginning"),
        (wav(1, 100)[:36], "unknown", "beginning"),
        (b"RIFF\4\0\0\0WAVEdata\4\0\0\0abcd", "unknown", "beginning"),
        (b".snd\0\0", "unknown", "beginning"),
        (b"fLaC\0", "unknown", "beginning"),
        (b"ID3\4\0\0\0\0\0\1" + bytes(100), "unknown", "no sound"),
        (b"\xff\xff\xff\xff" + bytes(range(1, 60)), "unknown", "no sound"),
    ],
)
def test_what_is_no_sound(data: bytes, found: str, words: str) -> None:
    with pytest.raises(NotASound, match=words) as raised:
        read_sound(data)
    assert isinstance(raised.value, PbxError)
    assert raised.value.found == found
    assert raised.value.remedy


@pytest.mark.parametrize("size", range(0, 120, 3))
def test_what_breaks_off_anywhere_is_never_a_crash(size: int) -> None:
    for whole in (wav(7, 100), ogg(b"Speex   " + bytes(60)), b"ID3\4\0\0\0\0\0\1" + bytes(100), b"fLaC" + bytes(60)):
        with contextlib.suppress(NotASound):
            read_sound(whole[:size])
