"""What works behind which proxy: each row is a test, and a row of the table in docs/behind-a-proxy.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.proxies.programs import NAMES


class Outcome(StrEnum):
    """What a client is in for."""

    AT_ONCE = "events at once"
    LATE = "each event 0.2 s late"
    HELD = "**events held back**"
    NO_SOCKET = "**no WebSocket**"
    NO_TUNNEL = "**no tunnel**"


O2G: Final = ("chunk", "webhook", "tunnel")
ISTRA: Final = ("myrcc", "mycrm", "myistra")
WORDS: Final = {
    "chunk": "O2G, chunk",
    "webhook": "O2G, webhook",
    "tunnel": "O2G, tunnel",
    "myrcc": "Istra, myRCC",
    "mycrm": "Istra, myCrm",
    "myistra": "Istra, myIstra",
}


@dataclass(frozen=True)
class Row:
    """A configuration of a proxy, what is reached through it, and what comes of it."""

    snippet: str
    systems: tuple[str, ...]
    http: Outcome
    https: Outcome
    """Where the proxy speaks TLS with its clients."""

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]

    def markdown(self) -> str:
        """The row as the documentation has it."""
        systems = ", ".join(WORDS[system] for system in self.systems)
        if self.systems == ISTRA:
            systems = "Istra"
        name = self.snippet.partition("/")[2]
        return f"| {NAMES[self.kind]} | [`{name}`](#{self.snippet.replace('/', '-')}) | {systems} | {self.http} | {self.https} |"


AT_ONCE, LATE, HELD, NO_SOCKET, NO_TUNNEL = Outcome

ROWS: Final = (
    Row("nginx/o2g-plain", ("chunk",), HELD, HELD),
    Row("nginx/o2g-http11", ("chunk",), AT_ONCE, HELD),
    Row("nginx/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("nginx/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("nginx/webhook", ("webhook",), AT_ONCE, AT_ONCE),
    Row("nginx/tunnel-plain", ("tunnel",), NO_TUNNEL, NO_TUNNEL),
    Row("nginx/tunnel", ("tunnel",), AT_ONCE, AT_ONCE),
    Row("nginx/istra-plain", ISTRA, NO_SOCKET, NO_SOCKET),
    Row("nginx/istra", ISTRA, AT_ONCE, AT_ONCE),
    Row("httpd/o2g-plain", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/webhook", ("webhook",), AT_ONCE, AT_ONCE),
    Row("httpd/tunnel-plain", ("tunnel",), NO_TUNNEL, NO_TUNNEL),
    Row("httpd/tunnel", ("tunnel",), AT_ONCE, AT_ONCE),
    Row("httpd/istra-plain", ISTRA, NO_SOCKET, NO_SOCKET),
    Row("httpd/istra", ISTRA, AT_ONCE, AT_ONCE),
    Row("httpd/istra-wstunnel", ISTRA, AT_ONCE, AT_ONCE),
    Row("haproxy/o2g-plain", ("chunk",), LATE, AT_ONCE),
    Row("haproxy/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("haproxy/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("haproxy/webhook", ("webhook",), AT_ONCE, AT_ONCE),
    Row("haproxy/tunnel", ("tunnel",), AT_ONCE, AT_ONCE),
    Row("haproxy/istra-plain", ISTRA, AT_ONCE, AT_ONCE),
    Row("haproxy/istra", ISTRA, AT_ONCE, AT_ONCE),
)


def cases() -> Iterator[tuple[Row, str, str]]:
    """Every row, each system of it, over http and over https."""
    for row in ROWS:
        for system in row.systems:
            for scheme in ("http", "https"):
                yield row, system, scheme


def markdown() -> str:
    """The table as the documentation has it."""
    head = "| Proxy | Configuration | For | to the proxy: http | https |\n|---|---|---|---|---|\n"
    return head + "".join(row.markdown() + "\n" for row in ROWS)
