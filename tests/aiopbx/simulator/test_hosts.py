"""Under which names the simulator may be asked for, on each of its ports."""

import json
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from aiopbx.simulator import Simulator, SimulatorSettings
from aiopbx.simulator.hosts import Hosts, name_of

Start = Callable[..., Awaitable[Simulator]]


def places(simulator: Simulator) -> dict[str, tuple[str, str]]:
    """A request for each part of the simulator."""
    return {
        "O2G": ("GET", f"{simulator.url}/api/rest"),
        "the events": ("GET", f"{simulator.event_url}/api/rest/1.0/eventing/x"),
        "the phones": ("GET", simulator.phones_url),
        "a file of the phones": ("GET", f"{simulator.phones_url}/phones.js"),
        "the state of the phones": ("GET", f"{simulator.url}/simulator/phones/state"),
        "a phone": ("POST", f"{simulator.url}/simulator/phones/oxe1000/dial"),
        "the control path": ("GET", f"{simulator.control_url}/state"),
        "a fault": ("POST", f"{simulator.control_url}/faults/not_ready"),
        "Istra": ("POST", f"{simulator.istra_url}/restletrouter/v1/service/Login"),
        "Istra's socket": ("GET", f"{simulator.istra_url}/restletrouter/ws-service/myrcc"),
        "the second server": ("GET", f"{simulator.secondary_url}/api/rest"),
    }


async def ask(method: str, url: str, host: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, headers={"Host": host, **headers}, allow_redirects=False) as response,
    ):
        return response.status, await response.text()


async def test_a_name_that_someone_else_lets_lead_here(start: Start) -> None:
    simulator = await start(istra=True, ha=True)
    before = simulator.state()
    for what, (method, url) in places(simulator).items():
        port = urllib.parse.urlsplit(url).port
        status, text = await ask(method, url, f"rebound.example.com:{port}")
        assert status == 403, what
        message = json.loads(text)["error"]
        assert "rebound.example.com" in message, what
        assert "host_names" in message, what
        own, _ = await ask(method, url, f"127.0.0.1:{port}")
        assert own != 403 or what == "Istra's socket", what
    simulator.faults.clear()
    assert simulator.server.requests == 1, "what is refused does not reach the API"
    assert simulator.state()["users"] == before["users"]


async def test_a_socket_is_not_upgraded(start: Start) -> None:
    simulator = await start(istra=True)
    url = f"{simulator.istra_url}/restletrouter/ws-service/myrcc"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, headers={"Host": "rebound.example.com"})
    assert refused.value.status == 403


async def test_a_page_that_was_let_in_by_its_name_may_not_post(start: Start) -> None:
    """The Origin of such a page equals the Host, which is all that was compared once."""
    simulator = await start()
    url = f"{simulator.control_url}/faults/not_ready"
    host = f"rebound.example.com:{urllib.parse.urlsplit(url).port}"
    assert (await ask("POST", url, host, Origin=f"http://{host}"))[0] == 403
    assert simulator.faults.state["not_ready"] is False


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.2:8080", "localhost", "LocalHost:1", "localhost.", "pbx.localhost:8080", "[::1]",
        "[::1]:8080", "office.example.com", "OFFICE.example.com.:8080", "192.0.2.7:80", "[2001:db8::7]:80",
    ],
)  # fmt: skip
async def test_names_that_it_answers_to(start: Start, host: str) -> None:
    simulator = await start(host_names=("office.example.com", "192.0.2.7", "2001:db8::7"))
    assert (await ask("GET", f"{simulator.url}/api/rest", host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.com", "127.0.0.1.example.com", "localhost.example.com", "notlocalhost", "192.0.2.8",
        "[2001:db8::8]", "x:1:2", "office.example.com.example.com", "0.0.0.0", "127.0.0.1:80:80", "@", "1",
    ],
)  # fmt: skip
async def test_names_that_it_does_not_answer_to(start: Start, host: str) -> None:
    simulator = await start(host_names=("office.example.com",))
    assert (await ask("GET", f"{simulator.url}/api/rest", host))[0] == 403


async def test_any_name(start: Start) -> None:
    simulator = await start(host_names=("*",))
    assert (await ask("GET", f"{simulator.url}/api/rest", "whatever.example.com"))[0] == 200


class Request:
    """What is looked at of a request."""

    def __init__(self, host: str | None, came_to: Any) -> None:
        self.headers = self
        self.host = host
        self.transport = self if came_to is not ... else None
        self.came_to = came_to

    def getall(self, name: str, default: Any) -> Any:
        return default if self.host is None else [self.host]

    def get_extra_info(self, name: str) -> Any:
        return self.came_to


@pytest.mark.parametrize(
    ("host", "came_to", "known"),
    [
        ("192.0.2.1:8080", ("192.0.2.1", 8080), True),
        ("192.0.2.2:8080", ("192.0.2.1", 8080), False),
        ("[fe80::1]:8080", ("fe80::1%eth0", 8080, 0, 2), True),
        ("192.0.2.1", None, False),
        ("192.0.2.1", ..., False),
        ("0.0.0.0", None, True),
        ("", None, False),
        (None, None, True),
    ],
)
def test_whoever_listens_everywhere_answers_to_the_address_that_was_asked(
    host: str | None, came_to: Any, known: bool
) -> None:
    request: Any = Request(host, came_to)
    assert Hosts(SimulatorSettings(host="0.0.0.0")).knows(request) is known
    assert Hosts(SimulatorSettings(host="")).knows(request) is (known and host != "0.0.0.0")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.b:1", "a.b"),
        ("a.", "a"),
        ("[::1]:80", "::1"),
        ("::1", "::1"),
        (" a ", "a"),
        ("", ""),
        ("[", ""),
        (":80", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert name_of(host) == name


@pytest.mark.parametrize("names", [("",), ("x" * 254,), "pbx"])
def test_names_that_are_none(names: Any) -> None:
    with pytest.raises(ValidationError):
        SimulatorSettings(host_names=names)
