"""The form of a connection as data: what is wrong with it, and how the connection stands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx import AuthenticationFailed, CertificateFailed, ConnectionFailed, ConnectionSettings, Pbx, Status
from aiopbx.simulator import Simulator, SimulatorSettings
from notebooks_kit import connection
from notebooks_kit.models import ConnectionModel
from notebooks_kit.models.connection import LABELS, SYSTEMS, system_words


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def model() -> AsyncIterator[ConnectionModel]:
    model = ConnectionModel()
    yield model
    pbx = model.release()
    if pbx is not None:
        await pbx.close()
    while connection._open:
        await asyncio.sleep(0.02)


def fill(model: ConnectionModel, **values: str) -> None:
    for name, value in values.items():
        model.set(name, value)


def test_every_wrong_field_is_named_at_once(model: ConnectionModel) -> None:
    fill(model, url="ftp://pbx.example.com", username=" ")
    assert model.settings() is None
    assert set(model.problems) == {"url", "username", "password"}
    assert "Give the login name." in model.problems["username"]
    model.set("username", "oxe1000")
    assert set(model.problems) == {"url", "password"}, "a corrected field is still marked"


def test_what_is_right_becomes_settings(model: ConnectionModel) -> None:
    fill(model, url="https://pbx.example.com", username="oxe1000", password="secret", tls="none")
    settings = model.settings()
    assert settings is not None
    assert not model.problems
    assert (settings.url, settings.username, settings.tls) == ("https://pbx.example.com", "oxe1000", "none")
    assert settings.password.get_secret_value() == "secret"
    assert "secret" not in repr(model)
    assert "secret" not in str(vars(model))


def test_a_missing_file_is_reported_when_connecting(model: ConnectionModel) -> None:
    fill(model, ca_file="nowhere.pem", url="https://pbx.example.com", username="a", password="b")
    settings = model.settings()
    assert settings is not None
    assert str(settings.ca_file) == "nowhere.pem"


def test_only_fields_that_the_system_has_are_shown(model: ConnectionModel) -> None:
    known = set(ConnectionSettings.model_fields)
    assert set(model.shown) <= known
    assert ("system" in model.shown) == (len(SYSTEMS) > 1)
    model.set("tls", "none")
    assert "ca_file" not in model.shown
    for system in SYSTEMS:
        model.set("system", system)
        assert ("enterprise" in model.shown) == ("enterprise" in known and system == "myrcc")
        assert system_words(system) != system, "a system without a name that a person knows"
    assert {"url", "username", "password", "tls"} <= set(model.shown) <= set(LABELS)


async def test_the_test_says_what_is_there_and_leaves_again(model: ConnectionModel, simulator: Simulator) -> None:
    said: list[str] = []
    model.on_change = lambda: said.append(model.working)
    fill(model, url=simulator.url, username="admin", password="admin")
    assert await model.test()
    assert "It works" in model.found
    assert "administrator admin, who sees 4 lines" in model.found
    assert model.pbx is None
    assert "Testing …" in said
    assert model.working == ""
    fill(model, username="oxe1000", password="secret")
    assert model.found == "", "the result of a test with other values is still shown"
    assert await model.test()
    assert "user oxe1000, who sees 1 line." in model.found
    fill(model, url="")
    assert not await model.test()
    assert set(model.problems) == {"url"}


async def test_errors_arrive_and_leave_nothing(model: ConnectionModel, simulator: Simulator) -> None:
    fill(model, url=simulator.url, username="oxe1000", password="wrong")
    for attempt in (model.test, model.connect):
        with pytest.raises(AuthenticationFailed):
            await attempt()
        assert model.working == ""
        assert model.pbx is None
    fill(model, url="http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed):
        await model.connect()


async def test_an_unknown_certificate_is_reported(model: ConnectionModel) -> None:
    async with Simulator(SimulatorSettings(tls=True)) as simulator:
        fill(model, url=simulator.url, username="oxe1000", password="secret")
        with pytest.raises(CertificateFailed):
            await model.test()
        fill(model, ca_file=str(simulator.certificate_path))
        assert await model.test()
        fill(model, ca_file="", tls="none")
        assert await model.test()


async def test_connecting_and_leaving(model: ConnectionModel, simulator: Simulator) -> None:
    assert model.status is None
    assert model.facts == ()
    fill(model, url=simulator.url, username="oxe1000", password="secret")
    pbx = await model.connect()
    assert pbx is not None
    assert model.status is Status.ONLINE
    facts = dict(model.facts)
    assert facts["Lines"] == "1"
    assert facts["Reconnects"] == "0"
    assert facts["Login"] == "oxe1000"
    assert model._password.get_secret_value() == ""
    await model.disconnect()
    assert pbx.status is Status.CLOSED
    assert model.pbx is None
    assert model.password_kept
    again = await model.connect()
    assert again is not None, "the password of the same account has to be typed again"
    await model.disconnect()
    model.set("username", "oxe1001")
    assert not model.password_kept
    assert await model.connect() is None
    assert set(model.problems) == {"password"}


async def test_connecting_elsewhere_closes_the_former(model: ConnectionModel, simulator: Simulator) -> None:
    fill(model, url=simulator.url, username="oxe1000", password="secret")
    first = await model.connect()
    assert first is not None
    fill(model, username="oxe1001", password="secret")
    second = await model.connect()
    assert first.status is Status.CLOSED
    assert model.pbx is second


async def test_a_client_that_is_closed_elsewhere_is_gone(model: ConnectionModel, simulator: Simulator) -> None:
    fill(model, url=simulator.url, username="oxe1000", password="secret")
    pbx = await model.connect()
    assert pbx is not None
    notified: list[object] = []
    model.on_change = lambda: notified.append(model.pbx)
    await pbx.close()
    assert model.pbx is None
    assert None in notified


async def test_a_loss_is_shown_and_counted(model: ConnectionModel, simulator: Simulator) -> None:
    fill(model, url=simulator.url, username="oxe1000", password="secret")
    pbx = await model.connect()
    assert pbx is not None
    simulator.faults.cut_channels()
    await pbx.wait_status(Status.OFFLINE, timeout=30)
    assert model.status is Status.OFFLINE
    assert model.reason
    await pbx.wait_status(Status.ONLINE, timeout=20)
    assert dict(model.facts)["Reconnects"] == "1"
    assert model.reason == ""


class Counting:
    """A client that has seen so many events."""

    def __init__(self) -> None:
        self.events = 0

    def subscribe(self, *_: Any, **__: Any) -> Any:
        return lambda: None

    @property
    def statistics(self) -> Any:
        return self


def test_the_rate_is_that_of_the_last_seconds(model: ConnectionModel) -> None:
    counting = Counting()
    notified: list[float] = []
    pbx: Pbx = counting  # type: ignore[assignment] # what it needs of a client, and no more
    model._keep(pbx)
    model.on_change = lambda: notified.append(model.rate)
    model.sample(0.0)
    assert model.rate == 0
    for second in range(1, 21):
        counting.events += 10
        model.sample(float(second))
    assert model.rate == 10
    for second in range(21, 30):
        model.sample(float(second))
    assert model.rate == 0
    before = len(notified)
    model.sample(30.0)
    assert len(notified) == before, "nothing new, and drawn"
    model._drop(pbx)
    model.sample(31.0)
    assert model.rate == 0


async def test_the_demo(model: ConnectionModel) -> None:
    pbx = await model.start_demo()
    assert pbx is not None
    assert len(pbx.lines) == 20
    await model.disconnect()
    assert not connection._open


@pytest.mark.parametrize(("system", "login", "password"), [("myrcc", "admin", "admin"), ("mycrm", "oxe1000", "secret")])
async def test_istra_by_the_same_form(model: ConnectionModel, system: str, login: str, password: str) -> None:
    async with Simulator(SimulatorSettings(istra=True)) as simulator:
        fill(model, system=system, url=simulator.istra_url, username=login, password=password)
        if system == "myrcc":
            assert not await model.test()
            assert set(model.problems) == {"enterprise"}
            fill(model, enterprise="example")
        assert await model.test()
        assert "It works: " in model.found
        pbx = await model.connect()
        assert pbx is not None
        assert pbx.info.system == system
        assert int(dict(model.facts)["Lines"]) >= 1
        await model.disconnect()
