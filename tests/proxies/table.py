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
    HELD_4 = "**held back, 4,096 bytes at a time**"
    HELD_16 = "**held back, 16,384 bytes at a time**"
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


def _link(snippet: str) -> str:
    kind, _, name = snippet.partition("/")
    return f"| {NAMES[kind]} | [`{name}`](#{snippet.replace('/', '-')}) |"


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
        return f"{_link(self.snippet)} {systems} | {self.http} | {self.https} |"


AT_ONCE, LATE, HELD_4, HELD_16, NO_SOCKET, NO_TUNNEL = Outcome
BLOCKS: Final = {HELD_4: 4_096, HELD_16: 16_384}
"""What is passed on at once of events that are held back."""

ROWS: Final = (
    Row("nginx/o2g-plain", ("chunk",), HELD_4, HELD_16),
    Row("nginx/o2g-http11", ("chunk",), AT_ONCE, HELD_16),
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


class Way(StrEnum):
    """Where a client gets to by the URLs of an O2G server that builds them from what it was asked."""

    THROUGH = "through the proxy"
    PAST = "**past the proxy**"
    REFUSED = "**refused**: they are http"


@dataclass(frozen=True)
class Named:
    """A configuration, and where the URLs lead that the server names behind it."""

    snippet: str
    http: Way
    https: Way


THROUGH, PAST, REFUSED = Way

NAMED: Final = (
    Named("nginx/o2g-http11", PAST, REFUSED),
    Named("nginx/o2g", THROUGH, THROUGH),
    Named("nginx/o2g-prefix", THROUGH, THROUGH),
    Named("httpd/o2g-plain", THROUGH, REFUSED),
    Named("httpd/o2g", THROUGH, THROUGH),
    Named("httpd/o2g-prefix", THROUGH, THROUGH),
    Named("haproxy/o2g-plain", THROUGH, REFUSED),
    Named("haproxy/o2g", THROUGH, THROUGH),
    Named("haproxy/o2g-prefix", THROUGH, THROUGH),
)


@dataclass(frozen=True)
class Cookie:
    """A configuration, and what becomes of a login whose cookie has this many letters: a status, None if it works."""

    snippet: str
    letters: int
    status: int | None


COOKIES: Final = (
    Cookie("nginx/o2g-http11", 3_500, None),
    Cookie("nginx/o2g-http11", 6_000, 502),
    Cookie("nginx/o2g", 6_000, None),
    Cookie("httpd/o2g-plain", 6_000, None),
    Cookie("httpd/o2g-plain", 9_000, 502),
    Cookie("haproxy/o2g-plain", 6_000, None),
    Cookie("haproxy/o2g-plain", 20_000, 502),
)


def named_markdown() -> str:
    """The table of the URLs that a server names, as the documentation has it."""
    head = "| Proxy | Configuration | to the proxy: http | https |\n|---|---|---|---|\n"
    return head + "".join(f"{_link(row.snippet)} {row.http} | {row.https} |\n" for row in NAMED)


def cookies_markdown() -> str:
    """The table of large cookies, as the documentation has it."""
    head = "| Proxy | Configuration | Letters | What comes of the login |\n|---|---|---|---|\n"
    words = {None: "it works", 502: "**502**"}
    return head + "".join(f"{_link(row.snippet)} {row.letters:,} | {words[row.status]} |\n" for row in COOKIES)


@dataclass(frozen=True)
class Idle:
    """After how many seconds of silence a connection is cut, where nobody has set a time-out."""

    snippet: str
    seconds: float

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]

    @property
    def socket(self) -> bool:
        """Whether it is Istra's WebSocket, and not O2G's channel."""
        return self.snippet.endswith("/istra")


IDLE: Final = (
    Idle("nginx/o2g", 60),
    Idle("nginx/istra", 60),
    Idle("httpd/o2g", 300),
    Idle("httpd/istra", 300),
    Idle("haproxy/o2g", 50),
    Idle("haproxy/istra", 50),
)


def idle_markdown() -> str:
    """The table of silence, as the documentation has it."""
    head = "| Proxy | Configuration, without its time-outs | What is cut | After |\n|---|---|---|---|\n"
    what = {True: "Istra's WebSocket", False: "O2G's channel"}
    return head + "".join(f"{_link(row.snippet)} {what[row.socket]} | {row.seconds:g} s |\n" for row in IDLE)
