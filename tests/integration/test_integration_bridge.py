"""A telephone system behind a bridge: its form, what comes of it, and what is said of everything that is wrong."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.pbx import client
from custom_components.pbx.aiopbx import ConnectionSettings
from custom_components.pbx.aiopbx.bridge import BridgeSettings, Worker
from custom_components.pbx.aiopbx.settings.broker import prefix_and_name
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.bridge_address import in_fields, whole_address
from custom_components.pbx.identity import unique_id_of
from custom_components.pbx.issues import async_certificate_end
from tests.integration.helpers import answer, choose, fields_of, reconfigure, start, suggested, told, typed, until
from tests.mqtt.authority import Authority
from tests.mqtt.mosquitto import Mosquitto
from tests.mqtt.passwords import password_line

PLAIN = {"url": "mqtt://broker.example.com"}
SHORT = 1.0
"""Seconds for a wait that has to fail."""


@contextlib.asynccontextmanager
async def serving(simulator: Simulator, **settings: Any) -> AsyncIterator[None]:
    """A worker that publishes the simulated office."""
    system = {"url": simulator.url, "username": "admin", "password": "admin"}
    worker = Worker(BridgeSettings(systems={"office": system}, pulse_interval=0.2, **settings), "office")
    running = asyncio.create_task(worker.run())
    try:
        await until(lambda: worker.state == "serving" or running.done(), timeout=30)
        assert not running.done(), running.exception()
        yield
    finally:
        worker.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, 30)


@pytest.fixture
def broker(tmp_path: Path, loopback: None) -> Iterator[Mosquitto]:
    one = Mosquitto(tmp_path / "broker").start()
    yield one
    one.stop()


@pytest.fixture
async def bridge(simulator: Simulator, broker: Mosquitto) -> AsyncIterator[str]:
    """The address of a broker with the simulated office on it."""
    async with serving(simulator, broker={"url": broker.url}):
        yield broker.url


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Wait for a system that there is not for a second only."""
    make = ConnectionSettings.make

    def making(**values: Any) -> ConnectionSettings:
        there = values["url"].endswith(("/office", "/pbx/office"))
        return make(**values) if there else make(**values, sync_timeout=SHORT)

    with patch.object(client.ConnectionSettings, "make", making):
        yield


async def add(hass: HomeAssistant, account: dict[str, Any]) -> dict[str, Any]:
    """Fill in the form, and take all lines."""
    form = await answer(hass, await start(hass, "bridge"), account)
    assert not form["errors"], (form["errors"], told(form))
    assert form["step_id"] == "lines"
    assert form["description_placeholders"]["count"] == "4"
    result = await answer(hass, form, {"all_lines": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return result


async def test_an_entry_behind_a_bridge(home: HomeAssistant, simulator: Simulator, bridge: str) -> None:
    account = {"url": bridge, "system_name": "office", "username": "home", "password": "of the broker"}
    result = await add(home, account)
    entry = result["result"]
    host = bridge.removeprefix("mqtt://")
    assert result["title"] == "office (127.0.0.1)"
    assert entry.unique_id == f"{host}/office_home"
    assert entry.data == {
        "kind": "bridge",
        "url": f"{bridge}/office",
        "username": "home",
        "password": "of the broker",
        "tls": "verify",
        "identity": [f"{host}/office"],
    }
    assert len(entry.runtime_data.data) == 4
    simulator.switch.incoming_external("0015550142", "1000")
    await until(lambda: home.states.get("sensor.alice_martin_call_state").state == "ringing_incoming")
    await home.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.alice_martin_do_not_disturb"}, blocking=True
    )
    await until(lambda: simulator.switch.users["oxe1000"].do_not_disturb)

    # The same system once more, however its address is written; with another account it is another entry.
    for other in (
        {**account, "topic_prefix": "pbx"},
        {**account, "url": f"{bridge}/office", "system_name": ""},
        {**account, "url": f"{bridge}/pbx/office/", "system_name": " "},
    ):
        again = await answer(home, await start(home, "bridge"), other)
        assert again["reason"] == "already_configured", other
    form = await answer(home, await start(home, "bridge"), {**account, "username": ""})
    assert form["step_id"] == "lines"

    # Reconfigured: the address comes apart into the fields of the form, and the password is asked for again.
    form = await reconfigure(home, entry)
    assert fields_of(form)[:5] == ["url", "system_name", "username", "password", "topic_prefix"]
    assert suggested(form) == {"url": bridge, "system_name": "office", "username": "home", "tls": "verify"}
    with impatient():
        form = await answer(home, form, {**account, "system_name": "of ice"})
    assert form["errors"] == {"system_name": "no_such_system"}
    assert '"of ice"' in told(form)
    result = await answer(home, form, {**account, "username": "someone"})
    assert result["reason"] == "reconfigure_successful"
    await home.async_block_till_done()
    assert entry.data["username"] == "someone"
    assert len(entry.runtime_data.data) == 4
    assert await home.config_entries.async_remove(entry.entry_id)


async def test_chosen_lines_behind_a_prefix(home: HomeAssistant, simulator: Simulator, broker: Mosquitto) -> None:
    async with serving(simulator, broker={"url": broker.url}, prefix="sites/one"):
        account = {"url": broker.url, "system_name": "office", "topic_prefix": "/sites/one/"}
        form = await answer(home, await start(home, "bridge"), account)
        assert form["step_id"] == "lines", told(form)
        result = await answer(home, form, {"all_lines": False, "lines": ["1000", "oxe1002"]})
        assert result["options"]["lines"] == ["oxe1000", "oxe1002"]
        assert result["data"]["url"] == f"{broker.url}/sites/one/office"
        await home.async_block_till_done()
        entry = result["result"]
        assert set(entry.runtime_data.data) == {"oxe1000", "oxe1002"}
        assert suggested(await reconfigure(home, entry))["topic_prefix"] == "sites/one"
        assert await home.config_entries.async_remove(entry.entry_id)


@pytest.mark.parametrize(
    ("wrong", "errors", "word"),
    [
        ({"url": ""}, {"url": "url_missing"}, "address"),
        ({"url": "broker.example.com"}, {"url": "url_no_scheme"}, "mqtts://broker.example.com"),
        ({"url": "https://broker.example.com"}, {"url": "url_wrong_scheme_broker"}, '"mqtts:" or "mqtt:"'),
        ({"url": "mqtts://broker.example.com:99999"}, {"url": "invalid_url"}, "cannot be used"),
        ({"url": "mqtts://home:secret@broker.example.com"}, {"url": "url_userinfo"}, "password"),
        ({"url": "mqtts://broker.example.com?x=1"}, {"url": "url_query"}, "question mark"),
        ({"url": "mqtts://"}, {"url": "invalid_url"}, "cannot be used"),
        ({"url": "mqtts://broker.example.com/a%2Bb", "system_name": ""}, {"url": "invalid_url"}, "cannot be used"),
        ({"system_name": ""}, {"system_name": "system_name_missing"}, "name"),
        ({"url": "mqtts://broker.example.com/office"}, {"system_name": "system_name_twice"}, "already"),
        ({"system_name": "off+ice"}, {"system_name": "not_in_a_topic"}, "+, # and $"),
        ({"topic_prefix": "$share"}, {"topic_prefix": "not_in_a_topic"}, "+, # and $"),
        ({"username": "with:colon"}, {"username": "invalid_username"}, "colon"),
        ({"tls": "own_ca"}, {"security": "ca_file_missing"}, '"Security"'),
        ({"tls": "own_ca", "ca_file": "nothing/here.pem"}, {"security": "invalid_ca_file"}, "nothing/here.pem"),
        ({"client_key": "me.key"}, {"client": "client_certificate_missing"}, "key alone"),
        ({"client_certificate": "no/me.pem"}, {"client": "invalid_client_certificate"}, "no/me.pem"),
        ({**PLAIN, "client_certificate": "me.pem"}, {"client": "client_certificate_needs_mqtts"}, '"mqtts:"'),
        ({**PLAIN, "tls": "own_ca", "ca_file": "x"}, {"security": "own_ca_needs_mqtts"}, "another check"),
        ({"url": "mqtt://127.0.0.1:1"}, {"base": "cannot_connect"}, "127.0.0.1:1 cannot be reached"),
    ],
)
async def test_what_is_wrong_is_said(
    home: HomeAssistant, loopback: None, wrong: dict[str, str], errors: dict[str, str], word: str
) -> None:
    account = {"url": "mqtts://broker.example.com", "system_name": "office", **wrong}
    # Whatever is wrong here is known before a broker is asked, or there is none.
    form = await answer(home, await start(home, "bridge"), account)
    assert form["errors"] == errors
    assert word in told(form)
    kept = {key: value for key, value in account.items() if value}
    assert suggested(form) == {"tls": "verify", **kept}


async def test_the_address_of_a_broker_in_another_form(home: HomeAssistant) -> None:
    account = {"url": "mqtts://broker.example.com/office", "username": "home", "password": "secret", "tls": "verify"}
    for kind in ("mycrm", "o2g_administrator"):
        form = await answer(home, await start(home, kind), typed(account))
        assert form["errors"] == {"url": "is_bridge"}
        assert "choose the bridge" in told(form)


async def test_something_else_at_the_address(home: HomeAssistant, simulator: Simulator, broker: Mosquitto) -> None:
    form = await start(home, "bridge")
    form = await answer(home, form, {"url": broker.url.replace("mqtt:", "mqtts:"), "system_name": "office"})
    assert form["errors"] == {"url": "speaks_mqtt"}
    assert f"127.0.0.1:{broker.port} answers without" in told(form)
    form = await answer(home, form, {"url": simulator.url.replace("http:", "mqtt:"), "system_name": "office"})
    assert form["errors"] == {"url": "no_broker"}
    assert told(form)
    with impatient():
        form = await answer(home, form, {"url": broker.url, "system_name": "nothing"})
    assert form["errors"] == {"system_name": "no_such_system"}
    assert '"nothing"' in told(form)


async def test_an_account_of_the_broker(home: HomeAssistant, simulator: Simulator, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(password_line("home", "correct horse"))
    users.chmod(0o600)
    lines = ("listener PORT 127.0.0.1", "allow_anonymous false", f"password_file {users}")
    broker = Mosquitto(tmp_path / "broker", *lines, listener=False).start()
    login = {"username": "home", "password": "correct horse"}
    try:
        async with serving(simulator, broker={"url": broker.url, **login}):
            account = {"url": broker.url, "system_name": "office", **login}
            form = await answer(home, await start(home, "bridge"), {**account, "password": "battery"})
            assert form["errors"] == {"base": "broker_refuses"}
            assert "battery" not in told(form)
            entry = (await add(home, account))["result"]
            entry.async_start_reauth(home)
            await home.async_block_till_done()
            (flow,) = home.config_entries.flow.async_progress_by_handler("pbx", match_context={"source": SOURCE_REAUTH})
            form = await home.config_entries.flow.async_configure(flow["flow_id"])
            assert form["description_placeholders"]["username"] == "home"
            form = await answer(home, form, {"password": "staple"})
            assert form["errors"] == {"base": "broker_refuses"}
            result = await answer(home, form, {"password": "correct horse"})
            assert result["reason"] == "reauth_successful"
            await home.async_block_till_done()
            assert await home.config_entries.async_remove(entry.entry_id)
    finally:
        broker.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
async def secured(simulator: Simulator, tmp_path: Path, authority: Authority) -> AsyncIterator[str]:
    """The address of a broker that shows a certificate, asks for one, and has the simulated office on it."""
    certificate, key = authority.sign("broker", server=True)
    lines = (
        "listener PORT 127.0.0.1",
        f"certfile {certificate}",
        f"keyfile {key}",
        f"cafile {authority.ca}",
        "require_certificate true",
        "use_identity_as_username true",
    )
    broker = Mosquitto(tmp_path / "broker", *lines, listener=False).start()
    own, own_key = authority.sign("bridge")
    files = {"ca_file": str(authority.ca), "client_certificate": str(own), "client_key": str(own_key)}
    url = broker.url.replace("mqtt:", "mqtts:")
    try:
        async with serving(simulator, broker={"url": url, **files}):
            yield url
    finally:
        broker.stop()


async def test_certificates_of_both_sides(home: HomeAssistant, secured: str, authority: Authority) -> None:
    certificate, key = map(str, authority.sign("home"))
    account = {"url": secured, "system_name": "office", "tls": "own_ca", "ca_file": str(authority.ca)}
    shown = {"client_certificate": certificate, "client_key": key}

    form = await answer(home, await start(home, "bridge"), account)
    assert form["errors"] == {"client": "client_certificate_refused"}
    assert '"Client certificate"' in told(form)
    form = await answer(home, form, {**account, "client_certificate": certificate, "client_key": str(authority.ca)})
    assert form["errors"] == {"client": "invalid_client_certificate"}
    assert certificate in told(form)
    stranger = Authority(authority.folder.parent / "other")
    form = await answer(home, form, {**account, **shown, "ca_file": str(stranger.ca)})
    assert form["errors"] == {"base": "certificate"}
    assert told(form)
    form = await answer(home, form, {"url": secured.replace("mqtts:", "mqtt:"), "system_name": "office"})
    assert form["errors"] == {"url": "speaks_mqtts"}
    assert told(form)

    entry = (await add(home, {**account, **shown}))["result"]
    assert entry.data["client_certificate"] == certificate
    assert entry.data["username"] == ""
    assert await async_certificate_end(entry.runtime_data.pbx.info.url) is not None
    # Who is asked for another password, is named after the certificate.
    flow = await home.config_entries.flow.async_init(
        "pbx", context={"source": SOURCE_REAUTH, "entry_id": entry.entry_id}, data=entry.data
    )
    assert flow["description_placeholders"]["username"] == certificate
    assert await home.config_entries.async_remove(entry.entry_id)


async def test_a_certificate_is_shown_and_accepted(home: HomeAssistant, secured: str, authority: Authority) -> None:
    certificate, key = map(str, authority.sign("home"))
    account = {"url": secured, "system_name": "office", "client_certificate": certificate, "client_key": key}
    menu = await answer(home, await start(home, "bridge"), account)
    assert menu["step_id"] == "certificate"
    assert menu["description_placeholders"]["host"] == "127.0.0.1"
    form = await choose(home, menu, "change_account")
    assert suggested(form) == {"tls": "verify", **account}
    menu = await answer(home, form, account)
    form = await choose(home, menu, "accept_certificate")
    assert form["step_id"] == "lines"
    result = await answer(home, form, {"all_lines": True})
    assert result["data"]["tls"] == "fingerprint"
    assert result["data"]["fingerprints"] == [menu["description_placeholders"]["fingerprint"]]
    await home.async_block_till_done()
    assert await home.config_entries.async_remove(result["result"].entry_id)


def test_two_systems_of_one_broker_are_two() -> None:
    ids = {
        unique_id_of({"kind": "bridge", "url": url, "username": "home"}, ())
        for url in (f"mqtts://broker.example.com{rest}" for rest in ("/one", ":8883/one/", "/two"))
    }
    assert ids == {"broker.example.com:8883/one_home", "broker.example.com:8883/two_home"}


@pytest.mark.parametrize("name", ["office", "an office", "büro/2", "a%41", "100 %", "pbx", "@home"])
@pytest.mark.parametrize("prefix", ["", "pbx", "site/one", "ein büro"])
def test_an_address_is_put_together_and_taken_apart(name: str, prefix: str) -> None:
    """Whatever a system is called, the client looks below the topics that the bridge has for it."""
    url = whole_address({"url": "mqtts://broker.example.com/", "system_name": name, "topic_prefix": prefix})
    kept = ConnectionSettings.make(url=url).url
    assert prefix_and_name(kept) == (prefix or "pbx", name)
    fields = in_fields(kept)
    assert fields["system_name"] == name
    assert fields.get("topic_prefix", "pbx") == (prefix or "pbx")
    assert ConnectionSettings.make(url=whole_address(fields)).url == kept


async def test_whatever_is_typed(home: HomeAssistant, bridge: str, caplog: pytest.LogCaptureFixture) -> None:
    """The form comes again with what is wrong in a sentence, or the flow goes on."""
    odd = ("", " ", "\0", "\ud800", "é", "{", "%", "%00", "+", "#", "/", "//", ":", "@", "[", "office", "x" * 300)
    pick, refused, went_on = random.Random(15), set[str](), 0
    form = await start(home, "bridge")
    with impatient():
        for _ in range(40):
            account = {"url": bridge, "system_name": "office", "topic_prefix": "", "tls": "verify"}
            account |= {"username": "home", "client_certificate": ""}
            field = pick.choice([name for name in account if name != "tls"])
            account[field] = pick.choice(odd) if pick.random() < 0.5 else account[field] + pick.choice(odd)
            try:
                result = await answer(home, form, account)
            except InvalidData:
                continue
            if result["type"] is FlowResultType.FORM and result["step_id"] == "bridge":
                assert result["errors"], account
                assert told(result)
                refused.update(result["errors"].values())
                form = result
            else:
                assert result["type"] is FlowResultType.ABORT or result["step_id"] == "lines", result
                went_on += 1
                for flow in home.config_entries.flow.async_progress():
                    home.config_entries.flow.async_abort(flow["flow_id"])
                form = await start(home, "bridge")
    assert went_on, "nothing that was typed is right"
    assert len(refused) > 5, refused
    assert "unknown" not in refused, caplog.text
