#!/usr/bin/env bash
# Three seconds of GSM 6.10, the usual voicemail codec, last 0.009 s, 3.04 s or 480 s, depending on container and
# reader.
#
# What meets: GSM 6.10 as voicemail systems store it (in WAV, format 49, and in AIFF-C), written by libsndfile, and
# what shows its length.
# Versions: soundfile 0.14.0 (libsndfile 1.2.2), mutagen 1.48.1, PyAV 18.1.0, Python 3.11.
# One would guess: three libraries that open the file agree about how long it is, at least within a frame of 20 ms.
# What happens: mutagen takes each block of 65 bytes, which holds 320 samples, for one sample: 0.009 s. libsndfile
# rounds up to whole blocks and gives back more sound than was put in, though the file has the count in its "fact"
# chunk, which PyAV uses. In AIFF-C PyAV (ffmpeg) takes the number of samples for a number of packets of 160 samples:
# 160 times too long, while the sound itself is right.
# Seen (24,000 samples, 3 s): WAV: mutagen 0.009 s, soundfile 24,320 samples, PyAV 3.0 s and 24,000 samples; AIFF-C:
# PyAV 480.0 s announced, 24,000 samples decoded.
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

import av
import numpy
import soundfile
from mutagen.wave import WAVE


def written(container):
    data = io.BytesIO()
    soundfile.write(data, numpy.zeros(24000), 8000, format=container, subtype="GSM610")
    return data.getvalue()


def with_av(data):
    with av.open(io.BytesIO(data)) as container:
        return container.duration / 1_000_000, sum(frame.samples for frame in container.decode(audio=0))


wav, aiff = written("WAV"), written("AIFF")
seen = {
    "WAV, mutagen, seconds": round(WAVE(io.BytesIO(wav)).info.length, 3),
    "WAV, soundfile, samples": len(soundfile.read(io.BytesIO(wav))[0]),
    "WAV, PyAV, seconds and samples": with_av(wav),
    "AIFF-C, PyAV, seconds and samples": with_av(aiff),
}
for name, value in seen.items():
    print(f"{name}: {value}")
raise SystemExit(list(seen.values()) != [0.009, 24320, (3.0, 24000), (480.0, 24000)])
PYTHON
