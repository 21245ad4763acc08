"""Connecting: the one place that knows every kind of system."""

from typing import TYPE_CHECKING, Any

import aiohttp

from .connection import Connection
from .pbx import Connecting, Pbx
from .ports import System
from .settings.connection import ConnectionSettings
from .store import Board

if TYPE_CHECKING:
    pass


def connect(
    settings: ConnectionSettings | None = None, *, session: aiohttp.ClientSession | None = None, **keywords: Any
) -> Connecting[Pbx]:
    """Connect to a telephone system, in an ``async with … as pbx`` or by ``pbx = await …``.

    Instead of ``settings``, or over them, the fields of ``ConnectionSettings`` as keywords. The ``Pbx`` is online and
    synchronised. Raises ``InvalidInput``, ``ConnectionFailed``, ``CertificateFailed``, ``AuthenticationFailed``,
    ``NotSupported`` or ``UnknownLine`` if the first connection fails, and leaves nothing running then; later ones are
    restored by themselves. A ``session`` of yours is used for requests and stays open, else one is made and closed.
    """

    async def make() -> Pbx:
        chosen = ConnectionSettings.make(**keywords) if settings is None else settings
        if settings is not None and keywords:
            chosen = ConnectionSettings.make(**(settings.model_dump() | keywords))
        return await _open(chosen, session)

    return Connecting(make)


async def _open(settings: ConnectionSettings, session: aiohttp.ClientSession | None) -> Pbx:
    board = Board()
    system = _system(settings, board, session)
    connection = Connection(
        system,
        board,
        minimum=settings.reconnect_min,
        maximum=settings.reconnect_max,
        fail_back_interval=settings.fail_back_interval,
    )
    pbx = Pbx(settings, system, board, connection)
    try:
        await connection.start()
    except BaseException:
        await connection.close()
        await system.close()
        raise
    return pbx


def _system(settings: ConnectionSettings, board: Board, session: aiohttp.ClientSession | None) -> System:
    """The wire that the settings ask for. The wires know the model, not the other way round."""
    if settings.system == "o2g":
        from .o2g.system import O2gSystem

        return O2gSystem(settings, board, session)
    from .istra.system import IstraSystem

    return IstraSystem(settings, board, session)
