#!/usr/bin/env bash
# Chromium: seeking in a sound that has arrived whole jumps back to the start, without an error, if the server has no
# ranges.
#
# What meets: a voicemail player with a position slider, and a server (or a proxy that takes tickets for sounds) which
# answers every GET with 200 and the right Content-Length, and knows nothing of Range.
# Versions: Chromium 156.0.8078 (Debian 12).
# One would guess: the length is known and the whole file is there (160 kB, "buffered" ends at 10 s), so one can seek
# in what was loaded; if not, setting currentTime does nothing or raises.
# What happens: "seekable" is 0 to 0, and setting currentTime to 6 moves the sound to 0, where it plays on; "seeked"
# fires. The same file with 206 answers to Range seeks as expected, and so does a blob: URL of it.
# Seen (buffered end, seekable end, position asked for 6): no ranges 10, 0, 0; ranges 10, 10, 6; blob 10, 10, 6.
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
        kind, _, name = self.path.removeprefix("/").partition("/")
        sound = SOUNDS.get("/" + name) or PAGE.replace("WORK", WORK).encode()
        wanted = self.headers.get("Range")
        first = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and kind == "ranges" else None
        self.send_response(200 if first is None else 206)
        self.send_header("Content-Type", "audio/wav" if name else "text/html")
        if first is not None:
            self.send_header("Content-Range", f"bytes {first}-{len(sound) - 1}/{len(sound)}")
        body = sound[first or 0 :]
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


WORK = """async () => {
    const seek = async kind => {
        let url = `/${kind}/pcm`;
        if (kind === "blob") url = URL.createObjectURL(await (await fetch("/plain/pcm")).blob());
        const audio = new Audio(url);
        audio.preload = "auto";
        await new Promise((next, failed) => { audio.oncanplaythrough = next; audio.onerror = failed; });
        const end = ranges => ranges.length ? Math.round(ranges.end(ranges.length - 1)) : 0;
        for (let turn = 0; end(audio.buffered) < 10 && turn < 100; turn++) await new Promise(next => setTimeout(next, 50));
        const seeked = new Promise(next => { audio.onseeked = next; });
        audio.currentTime = 6;
        await seeked;
        return [end(audio.buffered), end(audio.seekable), Math.round(audio.currentTime)];
    };
    return {plain: await seek("plain"), ranges: await seek("ranges"), blob: await seek("blob")};
}"""

server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = browse(f"http://127.0.0.1:{server.server_port}/page")
for kind, values in seen.items():
    print(f"{kind}: buffered end, seekable end, position {values}")
raise SystemExit(seen != {"plain": [10, 0, 0], "ranges": [10, 10, 6], "blob": [10, 10, 6]})
PYTHON
