#!/usr/bin/env bash
# Chromium sends one fetch() with POST twice when the kept connection closes without an answer.
#
# What meets: a page that dials with fetch(url, {method: "POST"}), and a server that reads the request and closes (it
# restarts, its worker dies, a proxy in between gives up).
# Versions: Chromium 156.0.8078 (Debian 12).
# One would guess: browsers repeat GET at most; a POST is sent once, since it is not safe to repeat, and the promise
# is rejected.
# What happens: on a connection that has served a request before, a close before the first byte of an answer is taken
# for a stale connection, whatever the method: PUT, DELETE and POST with their bodies go out again on another one. The
# page sees one failure, the server two dials - three right after the page came, while there is the spare connection
# that Chromium opens ahead. On a connection opened for it, the request is sent once.
# Seen (requests on the wire for one fetch): kept connection GET 2, POST 2 (first of the page 3), PUT 2, DELETE 2;
# fresh connection POST 1.
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
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote

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


CASES = ["POST, first of the page", "GET", "POST", "PUT", "DELETE", "POST, fresh connection"]
WORK = """async () => {
    const outcomes = [];
    for (const name of CASES) {
        const method = name.split(",")[0], body = ["POST", "PUT"].includes(method) ? '{"destination": "5550100"}' : null;
        await (await fetch(name.includes("fresh") ? "/warm-and-close" : "/warm")).text();
        await fetch("/act/" + encodeURIComponent(name), {method, body})
            .then(() => outcomes.push("no error"), error => outcomes.push(String(error)));
    }
    return outcomes;
}""".replace("CASES", json.dumps(CASES))
arrived = []


def serve(connection):
    """Answer everything but /act: that is read whole, and the connection closed."""
    data = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            head, _, data = data.partition(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            while len(data) < length:
                data += connection.recv(65536)
            content, data = data[:length], data[length:]
            target = head.split(b" ")[1].decode()
            if target.startswith("/act/"):
                arrived.append(unquote(target.removeprefix("/act/")))
                return
            closes = target == "/warm-and-close"
            body = PAGE.replace("WORK", WORK).encode() if target == "/page" else b""
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
                % (len(body), b"close" if closes else b"keep-alive", body)
            )
            if target == "/result":
                report(content)
            if closes:
                return


def accept(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
outcomes = browse(f"http://127.0.0.1:{server.getsockname()[1]}/page")
seen = {case: arrived.count(case) for case in CASES}
for case, outcome in zip(CASES, outcomes, strict=True):
    print(f"{case}: {seen[case]} on the wire, {outcome}")
# two, or three where the page still has the spare connection that Chromium opened ahead
first = seen.pop("POST, first of the page")
raise SystemExit(first not in (2, 3) or seen != {"GET": 2, "POST": 2, "PUT": 2, "DELETE": 2, "POST, fresh connection": 1})
PYTHON
