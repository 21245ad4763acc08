#!/usr/bin/env bash
# Apache httpd verifies no certificate of the server behind it, and refuses one for its name all the same: 500.
#
# What meets: ProxyPass to the https address of an appliance, by its IP address, and the appliance's own certificate,
# which holds that address (subjectAltName IP:127.0.0.1), as it should.
# Versions: Apache httpd 2.4.68 (Debian 12), OpenSSL 3.0.
# One would guess: SSLProxyVerify is "none" by default, so any certificate will do, as in nginx; or, if names are
# checked, that an address in the certificate is one.
# What happens: without verification the name is checked nevertheless (SSLProxyCheckPeerName is on), and only names of
# kind DNS and the common name count, never IP. The right certificate for the address gets "500 Proxy Error"; a
# certificate by nobody, with the address as its common name, is taken. SSLProxyCheckPeerName off takes both.
# Seen: the address as an IP in subjectAltName 500, as the common name 200, as a DNS name in subjectAltName 200, another
# name 500; with the check off 200 each time.
#
# Needs python3 (3.11 or later) with openssl and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code: 0
# while this is so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The package and what it needs that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
package='apache2-bin=2.4.68-*'
needed=$(apt-get --simulate --no-install-recommends install "$package" | awk '/^Inst/ { print $2 }') || exit 3
# shellcheck disable=SC2086 # several names
apt-get download --quiet --quiet "$package" $needed 2>apt-messages || { cat apt-messages >&2; exit 3; }
for file in ./*.deb; do dpkg --extract "$file" "$folder/root"; done
cd "$folder"
libraries=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)

LIBRARIES=$libraries timeout 90 python3 - "$folder" <<'PYTHON' || exit 1
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the proxy
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))
CASES = {
    "IP in subjectAltName": ["-subj", "/CN=appliance", "-addext", "subjectAltName=IP:127.0.0.1"],
    "address as common name": ["-subj", "/CN=127.0.0.1"],
    "address as a DNS name": ["-subj", "/CN=appliance", "-addext", "subjectAltName=DNS:127.0.0.1"],
    "another name": ["-subj", "/CN=appliance"],
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def appliance(number, options):
    """Answer every https request with a certificate of its own; returns the port."""
    key, certificate = FOLDER / f"{number}.key", FOLDER / f"{number}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *options]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(plain):
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            pass  # refused by the proxy

    def accept():
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def ask(port, path):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}{path}") as got:
            return got.status
    except urllib.error.HTTPError as error:
        return error.code


ports = [appliance(number, options) for number, options in enumerate(CASES.values())]
strict, lax = free_port(), free_port()
modules = FOLDER / "root/usr/lib/apache2/modules"
load = "".join(
    f"LoadModule {name}_module {modules}/mod_{name}.so\n"
    for name in ("mpm_event", "authz_core", "proxy", "proxy_http", "socache_shmcb", "ssl")
)
passed = "".join(f"ProxyPass /{number}/ https://127.0.0.1:{port}/\n" for number, port in enumerate(ports))
(FOLDER / "httpd.conf").write_text(f"""
ServerName localhost
ServerRoot {FOLDER}
PidFile {FOLDER}/httpd.pid
DefaultRuntimeDir {FOLDER}
ErrorLog {FOLDER}/error.log
User #65534
Group #65534
{load}
Listen 127.0.0.1:{strict}
Listen 127.0.0.1:{lax}
SSLProxyEngine on
<VirtualHost *:{strict}>
SSLProxyEngine on
{passed}
</VirtualHost>
<VirtualHost *:{lax}>
SSLProxyEngine on
SSLProxyCheckPeerName off
{passed}
</VirtualHost>
""")
httpd = subprocess.Popen(
    [FOLDER / "root/usr/sbin/apache2", "-X", "-f", FOLDER / "httpd.conf"],
    env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", lax)).close()
            break
        except OSError:
            time.sleep(0.1)
    seen = {
        name: (ask(strict, f"/{number}/"), ask(lax, f"/{number}/")) for number, name in enumerate(CASES)
    }
finally:
    httpd.terminate()
    httpd.wait()
for name, (default, without) in seen.items():
    print(f"{name}: {default}, with SSLProxyCheckPeerName off {without}")
raise SystemExit(list(seen.values()) != [(500, 200), (200, 200), (200, 200), (500, 200)])
PYTHON
