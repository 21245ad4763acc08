"""Sounds in every format that a telephone system may send, made by PyAV or by hand; each is three seconds of a tone."""

import io
import math
import struct
from array import array
from typing import Any

import av

SECONDS = 3.0


def _tone(rate: int) -> bytes:
    return array(
        "h", (round(8000 * math.sin(440 * math.tau * n / rate)) for n in range(round(SECONDS * rate)))
    ).tobytes()


def encoded(container: str, codec: str, rate: int = 8000, **options: Any) -> bytes:
    """Return the tone, encoded."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate)
        stream.layout = "mono"
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        samples = _tone(rate)
        frame: Any = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
        frame.sample_rate, frame.pts = rate, 0
        frame.planes[0].update(samples)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for piece in resampler.resample(frame):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def wav(tag: int, samples: bytes, *, bits: int = 16, block: int = 2, per_second: int = 16000, extra: bytes = b"",
        size: int | None = None) -> bytes:  # fmt: skip
    """Return a WAV file by hand, such as one that was streamed and says so by its ``size``."""
    form = struct.pack("<HHIIHH", tag, 1, 8000, per_second, block, bits) + extra
    said = len(samples) if size is None else size
    whole = 20 + len(form) + len(samples) if size is None else size
    return (
        struct.pack("<4sI4s4sI", b"RIFF", whole, b"WAVE", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", said & 0xFFFFFFFF)
        + samples
    )


def gsm() -> bytes:
    """Return three seconds of GSM 6.10 as Windows writes it: blocks of 65 bytes for 320 samples; any decode."""
    return wav(0x31, b"\x11\x22\x33\x44\x55" * 13 * 75, bits=0, block=65, per_second=1625,
               extra=struct.pack("<HH", 2, 320))  # fmt: skip


def streamed(size: int) -> bytes:
    """Return a WAV file whose header was written before anyone knew its length."""
    return wav(1, _tone(8000), size=size)


def _page(packet: bytes, number: int, position: int, flags: int) -> bytes:
    table = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    page = bytearray(
        struct.pack("<4sBBqIII", b"OggS", 0, flags, position, 7, number, 0) + bytes([len(table)]) + table + packet
    )
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    page[22:26] = struct.pack("<I", value)
    return bytes(page)


def speex() -> bytes:
    """Return three seconds of silence in Ogg Speex: frames of 160 samples in the mode that carries none."""
    header = struct.pack("<8s20s13i", b"Speex   ", b"1.2", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    comment = struct.pack("<I4sI", 4, b"test", 0)
    frame = bytes([0b00000_011, 0b11_000000])  # five bits of mode, then those that end the packet
    pages = [_page(header, 0, 0, 2), _page(comment, 1, 0, 0)]
    last = round(SECONDS * 50)
    pages += [_page(frame, n + 1, n * 160, 4 if n == last else 0) for n in range(1, last + 1)]
    return b"".join(pages)


AS_IT_IS = {
    "pcm 16 bit": lambda: encoded("wav", "pcm_s16le"),
    "pcm 8 bit": lambda: encoded("wav", "pcm_u8"),
    "mp3": lambda: encoded("mp3", "libmp3lame", 16000),
    "mp3 behind a tag": lambda: b"ID3\4\0\0\0\0\0\4" + bytes(9) + encoded("mp3", "libmp3lame", 16000)[45:],
    "aac in mp4": lambda: encoded("mp4", "aac", 16000),
    "aac": lambda: encoded("adts", "aac", 16000),
    "flac": lambda: encoded("flac", "flac"),
}
CONVERTED = {
    "a-law": lambda: encoded("wav", "pcm_alaw"),
    "µ-law": lambda: encoded("wav", "pcm_mulaw"),
    "gsm 6.10": gsm,
    "ima adpcm": lambda: encoded("wav", "adpcm_ima_wav"),
    "ms adpcm": lambda: encoded("wav", "adpcm_ms"),
    "g.722": lambda: encoded("wav", "g722", 16000),
    "g.726": lambda: encoded("wav", "g726", bit_rate=32000),
    "streamed with length 0": lambda: streamed(0),
    "streamed with length 0xFFFFFFFF": lambda: streamed(0xFFFFFFFF),
    "pcm 24 bit": lambda: encoded("wav", "pcm_s24le"),
    "au µ-law": lambda: encoded("au", "pcm_mulaw"),
    "au a-law": lambda: encoded("au", "pcm_alaw"),
    "ogg speex": speex,
    "ogg opus": lambda: encoded("ogg", "libopus", 48000),
    "ogg flac": lambda: encoded("ogg", "flac"),
    "flac in mp4": lambda: encoded("mp4", "flac"),
    "aiff": lambda: encoded("aiff", "pcm_s16be"),
}
NO_SOUND = {
    "nothing": (b"", "no_sound_empty"),
    "a page": (b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>Log in</body></html>", "no_sound_page"),
    "json": (b'{"error": "no such message"}', "no_sound_json"),
    "text": (b"Service unavailable\n", "no_sound_text"),
    "a playlist that names a file": (b"#EXTM3U\nfile:///etc/hostname\n", "no_sound_text"),
    "raw g.722, which nothing announces": (bytes(range(256)) * 20, "no_sound_unknown"),
    "a tag of mp3 and nothing behind it": (b"ID3\4\0\0\0\0\0\4" + bytes(500), "no_sound_unknown"),
    "the header of a wav": (wav(1, b"")[:40], "no_sound_unknown"),
    "a wav without samples": (b"RIFF\x10\0\0\0WAVEdata\0\0\0\0", "no_sound_unknown"),
}
