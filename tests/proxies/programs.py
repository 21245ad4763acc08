"""Real proxies on loopback: each is started with a snippet of the documentation, in a folder of its own.

A snippet is what an administrator writes, with names and ports as in the documentation. Around it comes what Debian has
in the files of each proxy; into it go the addresses of a test. Nothing of the system is read or taken.
"""

import asyncio
import contextlib
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.aiopbx.channels import free_port
from tests.processes import start

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ROOT / ".tools/proxies"
SNIPPETS: Final = Path(__file__).parent / "snippets"
NAMES: Final = {"nginx": "nginx", "httpd": "Apache httpd", "haproxy": "HAProxy"}
PATIENCE: Final = 30.0
"""Seconds that a proxy has to listen: a busy machine needs some of them."""

CERTIFICATE: Final = "/etc/ssl/private/pbx.pem"
"""In the snippets, the certificate with its key."""

NGINX: Final = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    gzip on;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{snippet}
}}
"""
HTTPD: Final = """
ServerName pbx.example.com
ServerRoot {folder}
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
User #65534
Group #65534
{modules}
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
CustomLog {folder}/access.log common
{listen}
{snippet}
"""
MODULES: Final = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "log_config",
    "headers",
    "rewrite",
    "proxy",
    "proxy_http",
    "proxy_wstunnel",
    "ssl",
    "socache_shmcb",
    "setenvif",
)
HAPROXY: Final = """
global
    nbthread 1

defaults
    mode http
    option dontlognull
    timeout connect 5000
    timeout client 50000
    timeout server 50000

{snippet}
"""
_LISTEN: Final = {
    "nginx": re.compile(r"(?<=listen )(\d+)(?=[ ;])"),
    "httpd": re.compile(r"(?<=<VirtualHost )\*:(\d+)(?=>)"),
    "haproxy": re.compile(r"(?<=bind ):(\d+)\b"),
}
_TLS: Final = {
    "nginx": re.compile(r"(?m)(?<=\d) ssl(?=;)|^ *ssl_certificate.*\n"),
    "httpd": re.compile(r"(?m)^ *SSL(?:Engine|Certificate).*\n"),
    "haproxy": re.compile(r" ssl crt \S+"),
}
"""What makes https of the side of the client."""
_HOUR: Final = re.compile(r"\b1h\b|(?<=ProxyTimeout )3600\b")
_DOCUMENTED: Final = re.compile(r"\b[a-z0-9]+\.example\.net:\d+")


class NotStartedError(Exception):
    """A proxy did not start; its own words."""


def program(kind: str) -> Path | None:
    """The program of a proxy that scripts/setup has brought or found."""
    path = TOOLS / "bin" / kind
    return path if path.exists() else None


def snippet(name: str) -> str:
    """A snippet, such as ``nginx/o2g``, as the documentation shows it."""
    return (SNIPPETS / f"{name}.conf").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs."""

    kind: str
    tls: bool
    ports: Mapping[int, int]
    """Where it listens, by the port that stands in the snippet."""
    folder: Path
    process: "subprocess.Popen[bytes]"

    def address(self, port: int = 443, *, scheme: str = "http") -> str:
        """Such as ``https://127.0.0.1:40123``: ``scheme`` is http or ws, an ``s`` is added where it has TLS."""
        return f"{scheme}{'s' if self.tls else ''}://127.0.0.1:{self.ports[port]}"

    @property
    def said(self) -> str:
        """What it has logged."""
        return "".join(
            f"{path.name}: {path.read_text(errors='replace')}\n" for path in sorted(self.folder.glob("*.log"))
        )

    @property
    def requests(self) -> list[str]:
        """The requests that nginx and Apache have logged; those come when a request is over."""
        text = (self.folder / "access.log").read_text(errors="replace")
        return re.findall(r'"([A-Z]+ \S+) HTTP', text)


def rendered(
    kind: str, text: str, *, tls: bool, servers: Mapping[str, str], certificate: Path
) -> tuple[str, dict[int, int]]:
    """Put the addresses of a test into a snippet: its ports, the servers by their documented names, the certificate."""
    if not tls:
        text = _TLS[kind].sub("", text)
    ports: dict[int, int] = {}

    def listen(match: re.Match[str]) -> str:
        return f"127.0.0.1:{ports.setdefault(int(match[1]), free_port())}"

    text = _LISTEN[kind].sub(listen, text)
    text = _DOCUMENTED.sub(lambda match: servers[match[0]], text)
    return text.replace(CERTIFICATE, str(certificate)), ports


def configuration(kind: str, text: str, ports: Mapping[int, int], folder: Path) -> str:
    """Put what Debian has in its files around a snippet."""
    if kind == "nginx":
        return NGINX.format(folder=folder, snippet=text)
    if kind == "haproxy":
        return HAPROXY.format(folder=folder, snippet=text)
    modules = "\n".join(
        f"LoadModule {name}_module {TOOLS}/modules/mod_{name}.so"
        for name in MODULES
        if (TOOLS / f"modules/mod_{name}.so").exists()  # some are built in
    )
    listen = "\n".join(f"Listen 127.0.0.1:{port}" for port in ports.values())
    return HTTPD.format(folder=folder, snippet=text, modules=modules, listen=listen)


def command(kind: str, path: Path, file: Path) -> list[str | Path]:
    """What starts a proxy in the foreground, as one process."""
    if kind == "nginx":
        return [path, "-p", file.parent, "-c", file, "-e", file.parent / "error.log"]
    if kind == "httpd":
        return [path, "-X", "-d", file.parent, "-f", file]
    return [path, "-db", "-f", file]


async def _listens(process: "subprocess.Popen[bytes]", ports: Mapping[int, int]) -> bool:
    """Wait until all ports are open; false if the process has ended."""
    async with asyncio.timeout(PATIENCE):
        for port in ports.values():
            while True:
                if process.poll() is not None:
                    return False
                with contextlib.suppress(OSError), socket.socket() as probe:
                    probe.connect(("127.0.0.1", port))
                    break
                await asyncio.sleep(0.01)
    return process.poll() is None


@asynccontextmanager
async def running(
    name: str,
    folder: Path,
    *,
    servers: Mapping[str, str],
    certificate: Path,
    tls: bool = True,
    without: str | None = None,
    idle: int | None = None,
) -> AsyncIterator[Proxy]:
    """Run a proxy with a snippet, such as ``nginx/o2g``, and end it, by its id.

    ``without`` leaves out the lines with this word, as someone would who has not read them. ``idle`` are the seconds of
    silence that it allows, where the snippet has an hour.
    """
    kind = name.partition("/")[0]
    path = program(kind)
    assert path is not None, f"there is no {kind}"
    for attempt in range(3):  # a port that was free may be taken by now
        place = folder / f"{name.replace('/', '-')}-{attempt}"
        place.mkdir(parents=True)
        lines = snippet(name).splitlines(keepends=True)
        written = "".join(line for line in lines if without is None or without not in line.lower())
        if idle is not None:
            # (over a WebSocket, the longer of Apache's two counts)
            written = _HOUR.sub(f"{idle}\nTimeout {idle}" if kind == "httpd" else f"{idle}s", written)
        text, ports = rendered(kind, written, tls=tls, servers=servers, certificate=certificate)
        file = place / "proxy.conf"
        file.write_text(configuration(kind, text, ports, place), encoding="utf-8")
        with (place / "output.log").open("wb") as output:
            process = start(command(kind, path, file), stdout=output, stderr=output)
        proxy = Proxy(kind, tls, ports, place, process)
        try:
            if await _listens(process, ports):
                yield proxy
                return
            taken = "ddress already in use" in proxy.said or "cannot bind" in proxy.said
            if attempt == 2 or not taken:
                raise NotStartedError(proxy.said)
        finally:
            await end(process)


async def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that was started here."""
    if process.poll() is None:
        # asked to end, Apache waits for its connections, and a channel does not end
        if Path(str(process.args[0])).name == "httpd":  # type: ignore[index]
            process.kill()
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 5)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait, 5)
