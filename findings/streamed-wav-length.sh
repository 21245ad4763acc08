#!/usr/bin/env bash
# A sound that was written to a pipe lasts 74 hours in mutagen, and has 2,147,483,647 frames in Python's wave.
#
# What meets: voicemail streamed as WAV (the writer cannot go back to fill in the length) and what reads its length.
# Versions: PyAV 18.1.0 (writes as ffmpeg does), mutagen 1.48.1, soundfile 0.14.0 (libsndfile 1.2.2), Python 3.11.
# One would guess: readers see that the file is shorter than its header says, or all of them are wrong in the same
# way.
# What happens: to a pipe ffmpeg writes the length 0xFFFFFFFF; other writers (servers that do not know it yet) write
# 0. With the first, mutagen and wave believe the header, soundfile and PyAV the file. With 0, mutagen, wave and
# soundfile see no sound at all, without an error, and only PyAV reads on. No reader but PyAV is right on both.
# Seen (3 s of 16 bit, 8,000 a second): 0xFFFFFFFF: mutagen 268,435 s, wave 2,147,483,647 frames, soundfile 24,000,
# PyAV 24,000; 0: mutagen 0 s, wave 0, soundfile 0, PyAV 24,000.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'av==18.1.0' 'mutagen==1.48.1' 'soundfile==0.14.0' 'numpy==2.4.6' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import io
import wave

import av
import numpy
import soundfile
from mutagen.wave import WAVE


class Pipe:
    """A file that can only be written on."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def streamed():
    pipe = Pipe()
    with av.open(pipe, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 24000), dtype=numpy.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return pipe.data


def av_frames(data):
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


unknown = streamed()
at = unknown.index(b"data") + 4
seen = {}
for name, data in {
    "as written": unknown,
    "length 0": unknown[:at] + bytes(4) + unknown[at + 4 :],
}.items():
    seen[name] = {
        "header": int.from_bytes(data[at : at + 4], "little"),
        "mutagen, seconds": round(WAVE(io.BytesIO(data)).info.length),
        "wave, frames": wave.open(io.BytesIO(data)).getnframes(),
        "soundfile, frames": len(soundfile.read(io.BytesIO(data))[0]),
        "PyAV, frames": av_frames(data),
    }
    print(name, seen[name])
expected = [[0xFFFFFFFF, 268435, 2147483647, 24000, 24000], [0, 0, 0, 0, 24000]]
raise SystemExit([list(row.values()) for row in seen.values()] != expected)
PYTHON
