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

    @property
    def where(self) -> str:
        """What is behind it, in words."""
        return "Istra" if self.systems == ISTRA else ", ".join(WORDS[system] for system in self.systems)


AT_ONCE, LATE, HELD, NO_SOCKET, NO_TUNNEL = Outcome

ROWS: Final = (
    Row("nginx/o2g-plain", ("chunk",), HELD, HELD),
    Row("nginx/o2g-http11", ("chunk",), AT_ONCE, HELD),
    Row("nginx/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("nginx/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("nginx/o2g-prefix", ("chunk",), AT_ONCE, AT_ONCE),
    Row("nginx/webhook", ("webhook",), AT_ONCE, AT_ONCE),
    Row("nginx/tunnel-plain", ("tunnel",), NO_TUNNEL, NO_TUNNEL),
    Row("nginx/tunnel", ("tunnel",), AT_ONCE, AT_ONCE),
    Row("nginx/istra-plain", ISTRA, NO_SOCKET, NO_SOCKET),
    Row("nginx/istra", ISTRA, AT_ONCE, AT_ONCE),
    Row("httpd/o2g-plain", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/o2g-prefix", ("chunk",), AT_ONCE, AT_ONCE),
    Row("httpd/webhook", ("webhook",), AT_ONCE, AT_ONCE),
    Row("httpd/tunnel-plain", ("tunnel",), NO_TUNNEL, NO_TUNNEL),
    Row("httpd/tunnel", ("tunnel",), AT_ONCE, AT_ONCE),
    Row("httpd/istra-plain", ISTRA, NO_SOCKET, NO_SOCKET),
    Row("httpd/istra", ISTRA, AT_ONCE, AT_ONCE),
    Row("httpd/istra-wstunnel", ISTRA, AT_ONCE, AT_ONCE),
    Row("haproxy/o2g-plain", ("chunk",), LATE, AT_ONCE),
    Row("haproxy/o2g", ("chunk",), AT_ONCE, AT_ONCE),
    Row("haproxy/o2g-tls", ("chunk",), AT_ONCE, AT_ONCE),
    Row("haproxy/o2g-prefix", ("chunk",), AT_ONCE, AT_ONCE),
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


@dataclass(frozen=True)
class Named:
    """Which URLs O2G names to a client that has come over https, where nobody has set its public URL."""

    snippet: str
    named: str

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]


NAMED: Final = (
    Named("nginx/o2g-plain", "past the proxy"),
    Named("nginx/o2g", "right"),
    Named("httpd/o2g-plain", "http of the proxy"),
    Named("httpd/o2g", "right"),
    Named("haproxy/o2g-plain", "http of the proxy"),
    Named("haproxy/o2g", "right"),
)


@dataclass(frozen=True)
class Block:
    """How many bytes of events come at once, at the earliest."""

    snippet: str
    scheme: str
    bytes: int

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]


BLOCKS: Final = (
    Block("nginx/o2g-plain", "http", 4096),
    Block("nginx/o2g-plain", "https", 16_384),
    Block("nginx/o2g-http11", "https", 16_384),
)


@dataclass(frozen=True)
class Cookie:
    """The status of a login with a cookie of so many letters, and of the first request with it.

    Where a proxy lets 9,000 pass, the server refuses them: as Tomcat, the simulator reads heads of 8 kB.
    """

    snippet: str
    letters: int
    login: int
    request: int

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]


COOKIES: Final = (
    Cookie("nginx/o2g-plain", 3000, 200, 200),
    Cookie("nginx/o2g-plain", 5000, 502, 0),
    Cookie("nginx/o2g", 7000, 200, 200),
    Cookie("httpd/o2g-plain", 7000, 200, 200),
    Cookie("httpd/o2g-plain", 9000, 502, 0),
    Cookie("httpd/o2g", 9000, 200, 400),
    Cookie("haproxy/o2g-plain", 7000, 200, 200),
    Cookie("haproxy/o2g-plain", 9000, 200, 400),
)


@dataclass(frozen=True)
class Idle:
    """After how many seconds of silence a connection is cut, where nobody has set a time-out."""

    snippet: str
    seconds: float
    end: str = "error"

    @property
    def kind(self) -> str:
        """Which proxy."""
        return self.snippet.partition("/")[0]

    @property
    def socket(self) -> bool:
        """Whether it is Istra's WebSocket, and not O2G's channel."""
        return "istra" in self.snippet


IDLE: Final = (
    Idle("nginx/istra", 60),
    Idle("httpd/istra", 300),
    Idle("haproxy/istra", 50),
    Idle("nginx/o2g", 60),
    Idle("httpd/o2g", 300),
    Idle("haproxy/o2g", 50),
)


# ------------------------------------------------------------------------------------------------------ documentation


def _link(snippet: str) -> str:
    kind, _, name = snippet.partition("/")
    return f"{NAMES[kind]} | [`{name}`](#{kind}-{name})"


def _table(head: str, rows: Iterator[str]) -> str:
    columns = head.count("|") - 1
    return f"{head}\n{'|---' * columns}|\n" + "".join(f"| {row} |\n" for row in rows)


def _statuses(row: Cookie) -> str:
    if row.login != 200:
        return f"**{row.login}** at the login"
    return "works" if row.request == 200 else f"{row.request} of the server"


def tables() -> Iterator[str]:
    """The tables of the documentation, in its order."""
    yield _table(
        "| Proxy | Configuration | For | http to the proxy | https to the proxy |",
        (f"{_link(row.snippet)} | {row.where} | {row.http} | {row.https}" for row in ROWS),
    )
    yield _table(
        "| Proxy | Configuration | To the proxy | Bytes that come together |",
        (f"{_link(row.snippet)} | {row.scheme} | {row.bytes:,}" for row in BLOCKS),
    )
    yield _table(
        "| Proxy | Configuration | URLs that O2G names |",
        (f"{_link(row.snippet)} | {row.named}" for row in NAMED),
    )
    yield _table(
        "| Proxy | Configuration | Letters of the cookie | What becomes of it |",
        (f"{_link(row.snippet)} | {row.letters:,} | {_statuses(row)}" for row in COOKIES),
    )
    yield _table(
        "| Proxy | What | Seconds |",
        (
            f"{NAMES[row.kind]} | {'WebSocket of Istra' if row.socket else 'channel of O2G'} | {row.seconds:g}"
            for row in IDLE
        ),
    )
