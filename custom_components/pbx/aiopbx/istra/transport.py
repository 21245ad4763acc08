"""HTTP as Istra speaks it: the application and its token with every request, and hosts that move."""

import base64
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp

from ..download import Download
from ..errors import ConnectionFailed
from ..settings import ConnectionSettings
from ..statistics import WireStatistics
from ..transport import JSON, MOST_REDIRECTS, Answer, HttpTransport, final
from .types.session import Application

APPLICATION: Final = "X-Application"
ROUTER: Final = "restletrouter"
"""The usual base of the interface; also the name of a host that has nothing else."""
REDIRECTS: Final = (301, 302, 307, 308)
_ACCEPT: Final = f"{JSON}, text/plain, */*"


class IstraTransport(HttpTransport):
    """Makes the requests of one client. A redirect moves it: from then on everything goes to the other host."""

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        application: Application,
        *,
        statistics: WireStatistics,
    ) -> None:
        """Speak to the server of the settings as this application."""
        super().__init__(settings, http, url=settings.url, statistics=statistics)
        self.application = application
        self.token: str | None = None
        self.base = self.bases()[0]
        """Scheme, host, port and path that everything is below."""

    def bases(self) -> tuple[str, ...]:
        """Where the interface can be, by the address that was given: the likely place first."""
        address = self.settings.url.rstrip("/")
        parts = urlsplit(address)
        if parts.path.strip("/"):
            return (address,)
        below = f"{address}/{ROUTER}"
        return (address, below) if (parts.hostname or "").startswith(f"{ROUTER}.") else (below, address)

    def not_istra(self, message: str) -> ConnectionFailed:
        """Return the error of a server that is something else."""
        return final(message, f"Check that {self.settings.url} is the address of an Istra server.")

    def forget(self) -> None:
        """Forget the session that there was, and what may still be answered to it."""
        self.cookies = {}
        self.token = None

    @property
    def cookie_header(self) -> str:
        """All cookies, as a header has them."""
        return "; ".join(f"{key}={value}" for key, value in self.cookies.items())

    async def request(
        self,
        method: str,
        target: str,
        *,
        name: str,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
        safe: bool,
        stream: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Make a request below the base and return its answer, 2xx or not; redirects are followed as they are meant.

        Method and body stay what they are. Raises ``ConnectionFailed``, ``OutcomeUnknown``.
        """
        for _ in range(MOST_REDIRECTS + 1):
            headers = {"Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
            if not stream:
                headers["Content-Type"] = JSON
            token = self.token
            headers[APPLICATION] = f"{self.application};{token}" if token else str(self.application)
            if basic is not None:
                pair = base64.b64encode(":".join(basic).encode()).decode()
                self.secrets.add(pair)
                headers["Authorization"] = f"Basic {pair}"
            session = self.cookies
            answer = await self._exchange(
                method,
                f"{self.base}/{target}",
                name,
                headers,
                body,
                with_cookies=True,
                safe=safe,
                timeout=timeout,
                stream=stream,
            )
            if session is self.cookies:
                self.take_token(answer.headers.get(APPLICATION))
            if answer.status not in REDIRECTS:
                return answer
            self.move(answer, target, name)
        raise self.not_istra(f"{name}: the server redirects in a circle.")

    def download(self, answer: Answer, name: str) -> Download:
        """Return an answer that was not read as a stream."""
        if answer.response is None:
            raise self.not_istra(f"{name}: the answer is none that can be read.")
        return Download(answer.response, lambda error: self.failure(error, name, answer.url, sent=True, safe=True))

    def take_token(self, header: str | None) -> None:
        """Take the newest token, if there is one in this header."""
        application, semicolon, token = (header or "").partition(";")
        token = token.strip()
        if semicolon and token and application.strip().lower() == self.application.lower():
            self.secrets.add_passing(token)
            self.token = token

    def move(self, answer: Answer, target: str, name: str) -> None:
        """Go where a redirect leads, with everything. Raises ``ConnectionFailed`` where that must not be followed."""
        location = answer.headers.get("Location", "").strip()
        if not location:
            raise self.not_istra(f"{name}: the server redirects to nowhere.")
        if location.lower().startswith(("ws:", "wss:")):
            location = "http" + location[2:]
        parts = urlsplit(self.redirected(answer, name, location))
        path = parts.path.rstrip("/").split("/")
        wanted = target.partition("?")[0].split("/")
        if [unquote(part) for part in path[-len(wanted) :]] == [unquote(part) for part in wanted]:
            below = "/".join(path[: -len(wanted)])
        else:  # a host alone, or a host and the base there
            below = parts.path.rstrip("/") or urlsplit(self.base).path
        host = parts.netloc.rpartition("@")[2]  # whom a redirect wants to be logged in as, is nobody's business
        self.base = f"{parts.scheme}://{host}{below}".rstrip("/")
        self.host = parts.hostname or self.host
