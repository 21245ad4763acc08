"""Answers of Istra without end: nothing is read without bound."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, OutcomeUnknown, PbxError
from aiopbx.http.body import MOST_OF_A_LOGIN, MOST_OF_AN_ANSWER, MOST_OF_AN_ERROR
from aiopbx.istra.client import IstraClient
from tests.aiopbx.istra.conftest import Connect
from tests.aiopbx.istra.istra_server import IstraServer

SPACES = b" " * 2**16
ON_THE_WIRE = 32 * 2**20
LOGIN, LOGOUT = "v1/service/Login", "v1/service/Logout"

Act = Callable[[IstraClient], Awaitable[Any]]
OPERATIONS: dict[str, tuple[str, str, Act]] = {
    "get": ("GET", "v1/rcc/Extension", lambda client: client.rcc.extension_page()),
    "hold": ("POST", "v1/rcc/CallLine/5/hold", lambda client: client.rcc.hold("5")),
    "delete": ("DELETE", "v1/service/EventListener/bean/x", lambda client: client.service.delete_listener("x")),
}


async def test_at_the_login(connect: Connect, server: IstraServer) -> None:
    server.answer("POST", LOGIN, endless=SPACES)
    with pytest.raises(ConnectionFailed, match=r"Login.*longer than 1,048,576 bytes") as caught:
        await connect()
    assert not caught.value.transient
    await server.hung_up.wait()
    assert server.poured < MOST_OF_A_LOGIN + ON_THE_WIRE


@pytest.mark.parametrize("name", OPERATIONS)
async def test_in_a_session(connect: Connect, server: IstraServer, name: str) -> None:
    method, path, act = OPERATIONS[name]
    client = await connect()
    server.answer(method, path, endless=SPACES)
    with pytest.raises(PbxError, match=rf"{method} .*longer than 16,777,216 bytes") as caught:
        await act(client)
    assert isinstance(caught.value, OutcomeUnknown if name == "hold" else ConnectionFailed)
    await server.hung_up.wait()
    assert server.poured < MOST_OF_AN_ANSWER + ON_THE_WIRE


@pytest.mark.parametrize("status", [400, 500, 307])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_refusals_and_redirects(connect: Connect, server: IstraServer, name: str, status: int) -> None:
    method, path, act = OPERATIONS[name]
    client = await connect()
    server.answer(method, path, status=status, text=b"<p>A long story" + SPACES, endless=SPACES)
    with pytest.raises(PbxError):
        await act(client)
    await server.hung_up.wait()
    assert server.poured < MOST_OF_AN_ERROR + ON_THE_WIRE


@pytest.mark.parametrize("status", [200, 500])
async def test_on_the_way_out(connect: Connect, server: IstraServer, status: int) -> None:
    client = await connect()
    server.answer("POST", LOGOUT, status=status, endless=SPACES)
    await client.close()
    await server.hung_up.wait()
    assert server.poured < MOST_OF_A_LOGIN + ON_THE_WIRE


async def test_a_socket_that_is_refused_at_length(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    server.answer("GET", "ws-service/myCrm", status=500, endless=SPACES)
    with pytest.raises(PbxError):
        await client.open_socket()
    await server.hung_up.wait()
    assert server.poured < ON_THE_WIRE
