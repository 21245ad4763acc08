"""What a sound file is, read from its bytes: telephone systems label them wrongly, and send other things as sounds.

Nothing is decoded here. Lengths in headers are not believed: what was streamed says zero, or more than there is.
"""

import struct
from dataclasses import dataclass
from typing import Final

from .errors import PbxError

_HEAD: Final = 4096
"""Bytes at the beginning that are looked at for what is no sound."""


class NotASound(PbxError):
    """What should be a sound is none; ``found`` says what: ``empty``, ``page``, ``json``, ``text`` or ``unknown``."""

    def __init__(self, found: str, message: str) -> None:
        """Say what was found instead."""
        super().__init__(
            message, remedy="Play the message at a telephone, and ask who runs the system about its format."
        )
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a sound file holds, as its bytes say."""

    container: str
    """``wav``, ``au``, ``ogg``, ``flac``, ``mp3``, ``aac`` (which has none), ``mp4``, ``amr``, ``aiff`` or ``caf``."""
    codec: str
    """Such as ``pcm``, ``alaw``, ``mulaw``, ``gsm``, ``adpcm_ima``, ``opus``; empty where it is not known."""
    media_type: str
    """Such as ``audio/wav``, whatever the server called it."""
    rate: int | None = None
    """Samples in a second."""
    channels: int | None = None
    bits: int | None = None
    """Of a sample, where there is such a thing."""
    seconds: float | None = None
    """How long it is, counted from the bytes; None where only decoding tells."""
    whole: bool = True
    """Whether the lengths in the header are those of the bytes; players show wrong times, or none, where not."""


def read_sound(data: bytes) -> Sound:
    """Read what a sound file holds. Raises ``NotASound`` with a sentence that says what it is instead."""
    head = data[:16]
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return _wav(data, ">" if head[:4] == b"RIFX" else "<")
    if head[:4] == b".snd":
        return _au(data)
    if head[:4] == b"OggS":
        return _ogg(data)
    if head[:4] == b"fLaC":
        return _flac(data)
    if head[4:8] == b"ftyp":
        return _mp4(data)
    if head[:5] == b"#!AMR":
        wide = data[:9] == b"#!AMR-WB\n"
        return Sound(
            container="amr", codec="amr_wb" if wide else "amr", media_type="audio/amr", rate=16000 if wide else 8000
        )
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return Sound(container="aiff", codec="", media_type="audio/aiff")
    if head[:4] == b"caff":
        return Sound(container="caf", codec="", media_type="audio/x-caf")
    if (found := _mpeg(data)) is not None:
        return found
    raise _refusal(data)


def _refusal(data: bytes) -> NotASound:
    """Say what it is instead."""
    text = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text.strip(b"\0"):
        return NotASound("empty", "The system sent nothing where there should be a sound.")
    begin = text[:64].lower()
    if begin.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<!--")):
        return NotASound("page", "The system sent a page where there should be a sound, perhaps one to log in at.")
    if begin.startswith((b"{", b"[")):
        return NotASound("json", "The system sent JSON where there should be a sound, perhaps an error.")
    if not any(byte < 9 or 13 < byte < 32 for byte in text[:512]):
        return NotASound("text", "The system sent text where there should be a sound.")
    return NotASound("unknown", "What the system sent is no sound in a format that can be recognised.")


# -- WAV --------------------------------------------------------------------------------------------------------

_WAV_CODECS: Final = {
    0x0001: "pcm", 0x0002: "adpcm_ms", 0x0003: "float", 0x0006: "alaw", 0x0007: "mulaw", 0x0011: "adpcm_ima",
    0x0031: "gsm", 0x0045: "g726", 0x0050: "mp2", 0x0055: "mp3", 0x0064: "g726", 0x0065: "g722", 0x028F: "g722",
    0x00FF: "aac", 0x704F: "opus",
}  # fmt: skip
_EXTENSIBLE: Final = 0xFFFE


def _wav(data: bytes, order: str) -> Sound:
    """A WAV file: the bytes behind the header of the data count, not what it says."""
    at, format_, end = 12, None, len(data)
    fields = struct.Struct(f"{order}HHIIHH")
    while at + 8 <= end:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little" if order == "<" else "big")
        body = at + 8
        if name == b"fmt " and body + fields.size <= end:
            tag, channels, rate, per_second, _, bits = fields.unpack_from(data, body)
            if tag == _EXTENSIBLE and size >= 26:
                tag = int.from_bytes(data[body + 24 : body + 26], "little")
            format_ = (_WAV_CODECS.get(tag, ""), channels, rate, per_second, bits)
        elif name == b"data":
            if format_ is None:
                break
            codec, channels, rate, per_second, bits = format_
            there = end - body
            # A recording that is over may have other chunks behind its samples; one that was streamed has none.
            used = size if 0 < size <= there else there
            return Sound(
                container="wav",
                codec=codec,
                media_type="audio/wav",
                rate=rate or None,
                channels=channels or None,
                bits=bits or None,
                seconds=used / per_second if per_second else None,
                whole=(0 < size <= there or size == there == 0)
                and data[:4] == b"RIFF"
                and int.from_bytes(data[4:8], "little") <= end - 8,
            )
        at = body + size + (size & 1)
    raise NotASound("unknown", "The system sent the beginning of a WAV file, and no sound in it.")


# -- the others -------------------------------------------------------------------------------------------------

_AU_CODECS: Final = {1: "mulaw", 2: "pcm", 3: "pcm", 4: "pcm", 5: "pcm", 6: "float", 7: "float", 23: "adpcm_g721",
                     24: "g722", 27: "alaw"}  # fmt: skip
_AU_BITS: Final = {1: 8, 2: 8, 3: 16, 4: 24, 5: 32, 6: 32, 7: 64, 27: 8}


def _au(data: bytes) -> Sound:
    if len(data) < 24:
        raise NotASound("unknown", "The system sent the beginning of a sound, and no sound in it.")
    offset, size, encoding, rate, channels = struct.unpack_from(">IIIII", data, 4)
    bits = _AU_BITS.get(encoding)
    there = max(0, len(data) - offset)
    used = size if 0 < size <= there else there
    return Sound(
        container="au",
        codec=_AU_CODECS.get(encoding, ""),
        media_type="audio/basic",
        rate=rate or None,
        channels=channels or None,
        bits=bits,
        seconds=used / (rate * channels * bits // 8) if bits and rate and channels else None,
        whole=used == size,
    )


def _ogg(data: bytes) -> Sound:
    first = data[27 + data[26] :][:64] if len(data) > 26 else b""  # behind the table of its segments
    codec, rate, channels = "", None, None
    if first.startswith(b"OpusHead"):
        codec, rate, channels = "opus", 48000, first[9] if len(first) > 9 else None
    elif first.startswith(b"\x01vorbis") and len(first) >= 16:
        codec, channels, rate = "vorbis", first[11], int.from_bytes(first[12:16], "little")
    elif first.startswith(b"\x7fFLAC"):
        codec = "flac"
    elif first.startswith(b"Speex   ") and len(first) >= 52:
        codec, rate, channels = "speex", *struct.unpack_from("<I8xI", first, 36)
    return Sound(container="ogg", codec=codec, media_type="audio/ogg", rate=rate or None, channels=channels or None)


def _flac(data: bytes) -> Sound:
    if len(data) < 26:
        raise NotASound("unknown", "The system sent the beginning of a FLAC file, and no sound in it.")
    packed = int.from_bytes(data[18:26], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & 0xFFFFFFFFF
    return Sound(
        container="flac",
        codec="flac",
        media_type="audio/flac",
        rate=rate or None,
        channels=channels,
        bits=(packed >> 36 & 31) + 1,
        seconds=samples / rate if rate and samples else None,
    )


_MP4_CODECS: Final = ((b"fLaC", "flac"), (b"Opus", "opus"), (b"alac", "alac"), (b"samr", "amr"), (b"mp4a", "aac"))


def _mp4(data: bytes) -> Sound:
    """An MP4 file; its description may stand before the sound or behind it."""
    at = data.find(b"stsd")
    described = data[at : at + 64] if at >= 0 else b""
    codec = next((name for mark, name in _MP4_CODECS if mark in described), "")
    return Sound(container="mp4", codec=codec, media_type="audio/mp4")


_MP3_RATES: Final = (44100, 48000, 32000)


def _mpeg(data: bytes) -> Sound | None:
    """MP3, perhaps behind an ID3 tag, or AAC without a container; None where it is neither."""
    if data[:3] != b"ID3" or len(data) < 10:
        return _frame(data[:4])
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    behind = data[10 + size : 10 + size + _HEAD]  # padding that the tag does not count is common
    found = (_frame(behind[at : at + 4]) for at in range(len(behind)) if behind[at] == 0xFF)
    return next((one for one in found if one is not None), None)


def _frame(head: bytes) -> Sound | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:  # a frame of ADTS has the layer that MP3 never has
        return Sound(container="aac", codec="aac", media_type="audio/aac", channels=head[2] << 2 & 4 | head[3] >> 6)
    version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 2 & 3
    if version == 1 or layer == 0 or rate == 3 or head[2] >> 4 == 15:
        return None  # bytes that only look like the beginning of one
    return Sound(
        container="mp3",
        codec="mp3" if layer == 1 else "mp2",
        media_type="audio/mpeg",
        rate=_MP3_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version],
        channels=1 if head[3] >> 6 == 3 else 2,
    )
