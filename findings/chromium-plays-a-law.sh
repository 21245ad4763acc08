#!/usr/bin/env bash
# Chromium plays A-law and µ-law voicemail, though canPlayType() says "" (no) to both.
#
# What meets: voicemail as telephone systems store it (WAV, formats 6 and 7, 8,000 a second) and a page that asks the
# browser first.
# Versions: Chromium 156.0.8078 (Debian 12).
# One would guess: "" is the one sure answer of the three (no, as against maybe and probably), so such sounds must be
# converted on the server, or a player of its own brought along.
# What happens: <audio> plays both, with the right length, and decodeAudioData decodes them. Only the string with the
# format's number ("audio/wav; codecs=6") is denied; for "audio/wav" alone the answer is "maybe", which a page that
# names the codec never asks.
# Seen: canPlayType: audio/wav "maybe", codecs=1 "probably", codecs=6 "", codecs=7 ""; A-law, µ-law and PCM play, 10.0
# s.
#
# Needs python3 (3.11 or later) and, for the packages, Debian 12 (apt-get, dpkg; no root). Exit code: 0 while this is
# so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The packages and what they need that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
packages=('chromium=156.0.8078.*' 'chromium-common')
needed=$(apt-get --simulate --no-install-recommends install "${packages[@]}" | awk '/^Inst/ { print $2 }') || exit 3
# shellcheck disable=SC2086 # several names
apt-get download --quiet --quiet "${packages[@]}" $needed 2>apt-messages || { cat apt-messages >&2; exit 3; }
for file in ./*.deb; do dpkg --extract "$file" "$folder/root"; done
cd "$folder"
libraries=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)

LIBRARIES=$libraries timeout 60 python3 - "$folder" <<'PYTHON' || exit 1
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the browser
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))
PAGE = """<!doctype html><link rel="icon" href="data:,"><script>
const work = WORK;
work().then(result => fetch("/result", {method: "POST", body: JSON.stringify(result)}))
    .catch(error => fetch("/result", {method: "POST", body: JSON.stringify(String(error))}));
</script>"""
result = []
done = threading.Event()


def report(body):
    """Take what the page found out."""
    result.append(json.loads(body))
    done.set()


def browse(url):
    """Open the page in Chromium, and return what its script reports."""
    # no sandbox, as it needs rights that not every machine gives; the only pages are those below
    switches = ["headless", "no-sandbox", "no-first-run", "autoplay-policy=no-user-gesture-required", "mute-audio"]
    switches += [f"disable-{name}" for name in ("background-networking", "component-update", "sync", "quic", "gpu")]
    switches.append(f"user-data-dir={FOLDER}/profile")
    browser = subprocess.Popen(
        [FOLDER / "root/usr/lib/chromium/chromium", *(f"--{switch}" for switch in switches), url],
        env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"], "HOME": str(FOLDER)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not done.wait(50):
            raise SystemExit("the page does not report")
    finally:
        browser.terminate()
        browser.wait(10)
    return result[0]


SECONDS = 10


def wav(tag, bits, silence):
    block = bits // 8
    data = silence * (8000 * SECONDS)
    form = struct.pack("<HHIIHHH", tag, 1, 8000, 8000 * block, block, bits, 0)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


SOUNDS = {"/alaw": wav(6, 8, b"\xd5"), "/ulaw": wav(7, 8, b"\xff"), "/pcm": wav(1, 16, b"\0\0")}


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        body = SOUNDS.get(self.path) or PAGE.replace("WORK", WORK).encode()
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav" if self.path in SOUNDS else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        report(body)

    def log_message(self, *args):
        pass


TYPES = ["audio/wav", "audio/wav; codecs=1", "audio/wav; codecs=6", "audio/wav; codecs=7"]
WORK = """async () => {
    const lengths = {};
    for (const path of PATHS) {
        const audio = new Audio(path);
        await audio.play();
        while (audio.currentTime < 0.1) await new Promise(next => setTimeout(next, 20));
        const buffer = await (await fetch(path)).arrayBuffer();
        const decoded = await new OfflineAudioContext(1, 8000, 8000).decodeAudioData(buffer);
        lengths[path] = [audio.duration, decoded.duration];
    }
    return [TYPES.map(type => new Audio().canPlayType(type)), lengths];
}""".replace("PATHS", json.dumps(list(SOUNDS))).replace("TYPES", json.dumps(TYPES))

server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
answers, lengths = browse(f"http://127.0.0.1:{server.server_port}/page")
print(dict(zip(TYPES, answers, strict=True)))
print("length announced, length decoded:", lengths)
raise SystemExit(answers != ["maybe", "probably", "", ""] or lengths != dict.fromkeys(SOUNDS, [SECONDS, SECONDS]))
PYTHON
