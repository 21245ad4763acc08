"""The steps of ``aiopbx probe`` that only Istra has."""

import asyncio
from dataclasses import dataclass

from ..istra.client import IstraClient, PushSocket
from ..istra.types.session import Application
from .probe import Do, Steps, Stop

_LISTENER = "aiopbx-probe"
_QUIET = 1.0
"""Seconds to listen to the socket."""


@dataclass
class IstraProbe(Steps):
    """Log in, look for lines, open the socket, listen."""

    client: IstraClient | None = None
    socket: PushSocket | None = None
    terminal: str | None = None

    def more(self) -> tuple[Do, ...]:
        """From the login to the listener."""
        return (
            ("login", self.login, True),
            ("lines", self.lines, True),
            ("socket", self.open_socket, True),
            ("listener", self.listen, True),
            ("alive", self.alive, True),
        )

    async def give_back(self) -> None:
        """Log out, which deletes the listener and closes the socket."""
        if self.client is not None:
            await self.client.close()

    async def login(self) -> str:
        """Log in, wherever redirects lead."""
        assert self.http is not None
        client = IstraClient(self.wanted.settings, self.http)
        await client.open()
        self.client = client
        return f"{client.application} at {client.url}"

    async def lines(self) -> str:
        """Look for what can be monitored."""
        assert self.client is not None
        client = self.client
        if client.application is Application.RCC:
            page = await client.rcc.extension_page(offset=0, length=50)
            if not page.all:
                raise Stop(
                    "there are no extensions",
                    "Have the administrator allow myRCC for the extensions of this enterprise.",
                )
            return f"{len(page.all) if page.count is None else page.count} extensions"
        if client.application is Application.CRM:
            terminals = await client.crm.terminals()
            if not terminals:
                raise Stop("the user has no terminal", "Have the administrator give one to the user.")
            self.terminal = terminals[0].terminal_id
            return f"{len(terminals)} terminals"
        info = await client.enduser.info()
        version = f", Istra {info.istra_version}" if info.istra_version else ""
        return f"{len(info.terminals)} terminals{version}"

    async def open_socket(self) -> str:
        """Open the socket that events come over."""
        assert self.client is not None
        self.socket = await self.client.open_socket()
        limit = self.socket.timeout
        return "open" + (f"; a ping is due every {limit / 3:.0f} s" if limit else "")

    async def listen(self) -> str:
        """Create a listener and register it."""
        assert self.client is not None
        client = self.client
        await client.service.create_listener(_LISTENER, self.terminal)
        if client.application is Application.RCC:
            told = await client.rcc.call_lines(listener_name=_LISTENER)
            return f"registered; {len(told.all)} calls at the moment"
        if client.application is Application.CRM:
            await client.crm.listen(listener_name=_LISTENER, terminal_id=self.terminal or "")
            return "registered; what is in progress is not told"
        counters = await client.enduser.notifications(listener_name=_LISTENER)
        return f"registered; {counters.unread_voice_mails or 0} new voicemails"

    async def alive(self) -> str:
        """Listen for a moment: a socket that is not wanted is closed at once."""
        assert self.socket is not None
        socket = self.socket

        async def read() -> None:
            async for _ in socket:
                pass

        try:
            async with asyncio.timeout(_QUIET):
                await read()
        except TimeoutError:
            return "the socket stays open"
        raise Stop(f"the socket ended: {socket.end_reason}", "Look at proxies between here and the server.")
