"""Connecting: the composition root, the one place that puts a wire, the supervisor and the handles together."""

import asyncio
from typing import TYPE_CHECKING, Unpack

from .connection import Connection
from .core import Core
from .errors import InvalidInput
from .pbx import Connecting, Pbx
from .ports import System
from .slips import slip
from .store import Store

if TYPE_CHECKING:
    import aiohttp

    from .settings.connection import ConnectionSettings
    from .settings.keywords import ConnectKeywords


def connect(
    settings: "ConnectionSettings | None" = None,
    *,
    session: "aiohttp.ClientSession | None" = None,
    **keywords: "Unpack[ConnectKeywords]",
) -> Connecting[Pbx]:
    """Connect to a telephone system, in an ``async with … as pbx`` or by ``pbx = await …``.

    Instead of ``settings``, or over them, the fields of ``ConnectionSettings`` as keywords. The ``Pbx`` is online and
    synchronised. Raises ``InvalidInput``, ``ConnectionFailed``, ``CertificateFailed``, ``AuthenticationFailed``,
    ``NotSupported`` or ``UnknownLine`` if the first connection fails, and leaves nothing running then; later ones are
    restored by themselves. A ``session`` of yours is used for requests and stays open, else one is made and closed.
    """

    async def make() -> Pbx:
        # Settings bring pydantic, which costs more than the rest of the client: a program that only looks at models,
        # or at a recording, does without it.
        from .settings.connection import ConnectionSettings

        if isinstance(settings, str):
            raise InvalidInput("settings", "this is a text.", remedy="Write url= before it, if it is an address.")
        if settings is not None and not isinstance(settings, ConnectionSettings):
            raise slip("settings", settings, (ConnectionSettings,))
        chosen = ConnectionSettings.make(**keywords) if settings is None else settings
        if settings is not None and keywords:
            chosen = ConnectionSettings.make(**(settings.model_dump() | dict(keywords)))
        return await _open(chosen, session)

    return Connecting(make)


async def _open(settings: "ConnectionSettings", session: "aiohttp.ClientSession | None") -> Pbx:
    from .numbers import Numbers
    from .policy import DialGuard, Ledger

    store = Store()
    system = _system(settings, store, session)
    connection = Connection(
        system,
        store,
        minimum=settings.reconnect_min,
        maximum=settings.reconnect_max,
        fail_back_interval=settings.fail_back_interval,
    )
    configuration = "|".join((settings.system, settings.url, settings.enterprise or "", settings.username))
    guard = DialGuard(settings.dial_policy, numbers=Numbers(settings.number_plan), ledger=Ledger(configuration))
    pbx = Pbx(settings, Core(system, store, connection, guard))
    names = pbx.contacts
    if settings.contacts.files:
        try:
            await asyncio.get_running_loop().run_in_executor(None, names.load, *settings.contacts.files)
        except BaseException:
            await system.close()
            raise
    try:
        await connection.start()
    except BaseException:
        await connection.close()
        await system.close()
        raise
    return pbx


def _system(settings: "ConnectionSettings", store: Store, session: "aiohttp.ClientSession | None") -> System:
    """The wire that the settings ask for, imported only then."""
    if settings.system == "o2g":
        from .o2g.system import O2gSystem

        return O2gSystem(settings, store, session)
    if settings.system == "mqtt":
        from .mqtt.system import MqttSystem

        return MqttSystem(settings, store, session)
    from .istra.system import IstraSystem

    return IstraSystem(settings, store, session)
