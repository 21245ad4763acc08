"""The config flow, every branch: demo, user, administrator, re-authentication, reconfiguration, options."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pydantic import SecretStr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx.aiopbx import NotReady, PbxError
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.client import Demo, _make_demo
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import (
    ALICE,
    BOB,
    administrator,
    answer,
    answer_options,
    choose,
    entered,
    fields_of,
    istra,
    make_entry,
    reconfigure,
    running_elsewhere,
    set_up,
    start,
    suggested,
    told,
    typed,
    until,
    user,
)

Result = dict[str, Any]


async def test_demo(home: HomeAssistant) -> None:
    result = await start(home, "demo")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Demo PBX"
    assert result["data"] == {"kind": "demo"}
    await home.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert len(entry.runtime_data.data) == 20
    assert home.states.get("sensor.ada_brooks_call_state") is not None

    # once is enough
    result = await start(home, "demo")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"

    # and nothing can be set about how it is reached
    result = await reconfigure(home, entry)
    assert result["reason"] == "demo_needs_nothing"


async def test_demo_that_fails(home: HomeAssistant) -> None:
    with patch("custom_components.pbx.client._make_demo", side_effect=OSError("no room")):
        result = await start(home, "demo")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "demo_failed"


async def test_demo_that_cannot_be_connected_ends_its_simulator(home: HomeAssistant) -> None:
    with (
        patch("custom_components.pbx.client.connect", side_effect=NotReady("Not yet.", operation="", status=503)),
        patch("custom_components.pbx.client.Demo.stop", autospec=True, side_effect=Demo.stop) as stopped,
    ):
        result = await start(home, "demo")
    assert result["reason"] == "demo_failed"
    assert stopped.call_count == 1


async def test_user(home: HomeAssistant, simulator: Simulator) -> None:
    data = user(simulator)
    form = await start(home, "o2g_user")
    assert form["errors"] == {}
    # what is left empty is left out, and spaces around are no part of it
    result = await answer(home, form, typed(data) | {"url": f"  {simulator.url} ", "ca_file": "", "secondary_url": " "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entered(result["data"]) == data
    assert result["options"] == {"all_lines": True}
    assert result["title"] == f"127.0.0.1 ({ALICE})"
    await home.async_block_till_done()
    assert list(result["result"].runtime_data.data) == [ALICE]

    # the same account again
    result = await answer(home, await start(home, "o2g_user"), typed(data))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"

    # another account of the same server
    result = await answer(home, await start(home, "o2g_user"), typed(user(simulator, BOB)))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_administrator_with_chosen_lines(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "o2g_administrator"), typed(administrator(simulator)))
    assert form["step_id"] == "lines"
    assert form["description_placeholders"]["count"] == "4"
    [options] = [value.config["options"] for key, value in form["data_schema"].schema.items() if key == "lines"]
    assert options[0] == {"value": ALICE, "label": "1000 · Alice Martin"}
    assert len(options) == 4

    form = await answer(home, form, {"all_lines": False})
    assert form["errors"] == {"lines": "no_lines"}
    result = await answer(home, form, {"all_lines": False, "lines": [ALICE, BOB]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entered(result["data"]) == administrator(simulator)
    await home.async_block_till_done()
    assert sorted(result["result"].runtime_data.data) == [ALICE, BOB]


async def test_lines_that_are_picked_beside_all_lines(home: HomeAssistant, simulator: Simulator) -> None:
    """They are not dropped in silence: which of the two is meant is asked, and the answer holds, in options too."""
    form = await answer(home, await start(home, "o2g_administrator"), typed(administrator(simulator)))
    form = await answer(home, form, {"all_lines": True, "lines": [ALICE]})
    assert form["errors"] == {"lines": "all_or_lines"}
    assert suggested(form)["all_lines"] is False
    result = await answer(home, form, {"all_lines": False, "lines": [ALICE]})
    await home.async_block_till_done()
    entry = result["result"]
    assert list(entry.runtime_data.data) == [ALICE]
    form = await answer_options(home, await options(home, entry), {"all_lines": True, "lines": [ALICE, BOB]})
    assert form["errors"] == {"lines": "all_or_lines"}
    result = await answer_options(home, form, {"all_lines": True, "lines": [ALICE, BOB]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert len(entry.runtime_data.data) == 4


async def test_administrator_with_all_lines(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "o2g_administrator"), typed(administrator(simulator)))
    result = await answer(home, form, {"all_lines": True})
    await home.async_block_till_done()
    assert len(result["result"].runtime_data.data) == 4


@pytest.mark.parametrize(
    ("changed", "errors", "words"),
    [
        ({"url": "pbx.example.com"}, {"url": "url_no_scheme"}, "https://pbx.example.com"),
        ({"url": "  "}, {"url": "url_missing"}, "address"),
        ({"url": "ftp://192.0.2.1"}, {"url": "url_wrong_scheme"}, '"ftp:"'),
        ({"url": "https://[nonsense"}, {"url": "invalid_url"}, "https://192.0.2.10"),
        ({"url": "https://-.example.com"}, {"url": "invalid_url"}, "https://192.0.2.10"),
        ({"url": "https://a:b@192.0.2.1"}, {"url": "url_userinfo"}, "fields of their own"),
        ({"url": "https://192.0.2.1/?x=1"}, {"url": "url_query"}, "question mark"),
        ({"url": "https://192.0.2.1/restletrouter"}, {"url": "is_istra"}, "192.0.2.1 is an Istra platform"),
        ({"secondary_url": "nonsense:"}, {"network": "invalid_secondary_url"}, "secondary server"),
        ({"event_port": 443}, {"network": "invalid_event_port"}, '"The server stands behind a proxy"'),
        ({"url": "https://127.0.0.1:1"}, {"base": "cannot_connect"}, "127.0.0.1:1 cannot be reached"),
        ({"password": "wrong"}, {"base": "invalid_auth"}, "user name and password"),
        ({"password": ""}, {"password": "password_missing"}, "password"),
        ({"username": "nobody"}, {"base": "invalid_auth"}, "user name and password"),
        ({"username": " "}, {"username": "username_missing"}, "user name"),
        ({"username": "with:colon"}, {"username": "invalid_username"}, "colon"),
        ({"tls": "own_ca"}, {"security": "ca_file_missing"}, '"Security"'),
        ({"tls": "own_ca", "ca_file": "nothing/here.pem"}, {"security": "invalid_ca_file"}, "nothing/here.pem"),
        ({"username": "admin", "password": "admin"}, {"username": "is_administrator"}, "admin is an administrator"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
async def test_errors_and_recovery(
    home: HomeAssistant, simulator: Simulator, changed: dict[str, Any], errors: dict[str, str], words: str
) -> None:
    good = typed(user(simulator))
    form = await answer(home, await start(home, "o2g_user"), good | changed)
    assert form["errors"] == errors
    assert words in told(form)
    # nothing was made, and what was typed stays
    assert not home.config_entries.async_entries(DOMAIN)
    values = suggested(form)
    assert values.get("username", "") == (good | changed)["username"].strip()
    result = await answer(home, form, good)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_user_who_is_taken_for_an_administrator(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "o2g_administrator"), typed(user(simulator)))
    assert form["errors"] == {"username": "not_administrator"}
    assert told(form).startswith(f"{ALICE} is not an administrator.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_certificates(home: HomeAssistant, loopback: None, tmp_path: Path) -> None:
    """Verified with the system's authorities, with an own one, not at all."""
    with running_elsewhere(SimulatorSettings(tls=True, certificate_folder=tmp_path)) as simulator:
        data = typed(user(simulator))
        shown = await answer(home, await start(home, "o2g_user"), data)
        assert shown["step_id"] == "certificate"
        form = await choose(home, shown, "change_account")
        form = await answer(home, form, data | {"tls": "own_ca", "ca_file": str(tmp_path / "absent.pem")})
        assert form["errors"] == {"security": "invalid_ca_file"}
        own = {"tls": "own_ca", "ca_file": str(simulator.certificate_path)}
        result = await answer(home, form, data | own)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await home.async_block_till_done()
        entry = result["result"]
        assert entry.state is ConfigEntryState.LOADED

        form = await reconfigure(home, entry)
        result = await answer(home, form, data | {"tls": "none"})
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert "ca_file" not in entry.data
        await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (NotReady("hidden words.", operation="POST /sessions", status=503), "not_ready"),
        (PbxError("something else."), "pbx_error"),
        (RuntimeError("a defect"), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_a_simulator_does_not_do(
    home: HomeAssistant,
    simulator: Simulator,
    error: Exception,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch("custom_components.pbx.client.connect", side_effect=error):
        form = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    assert form["errors"] == {"base": key}
    assert told(form)
    assert str(error) not in told(form)
    assert ("Unexpected error" in caplog.text) is (key == "unknown")
    result = await answer(home, form, typed(user(simulator)))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_user_without_any_telephony_licence(home: HomeAssistant) -> None:
    """The form says which licence is missing, and nothing is left on the server; with the licence it goes on."""
    bare = UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", licences=frozenset())
    async with Simulator(SimulatorSettings(users=(bare,))) as simulator:
        form = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
        assert form["errors"] == {"base": "not_supported"}
        assert "TELEPHONY_ADVANCED" in told(form)
        assert not home.config_entries.async_entries(DOMAIN)
        assert simulator.state()["servers"][0]["sessions"] == 0


# ------------------------------------------------------------------------------------------------- re-authentication


async def test_reauthentication(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(user(simulator, password="old")))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    form = await home.config_entries.flow.async_configure(flow["flow_id"])
    assert form["step_id"] == "reauth_confirm"
    assert form["description_placeholders"]["username"] == ALICE

    form = await answer(home, form, {"password": "wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    assert entry.data["password"] == "old"
    result = await answer(home, form, {"password": "secret"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.data["password"] == "secret"
    assert entry.state is ConfigEntryState.LOADED


async def test_reauthentication_when_the_password_changes_later(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The PBX comes back and no longer knows the account: a person is asked, once."""
    account = simulator.accounts.get("admin")
    assert account is not None
    account.password = "another"
    await simulator.restart(abrupt=True)
    await until(lambda: home.config_entries.flow.async_progress(), "the user is asked for the password")
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    form = await home.config_entries.flow.async_configure(flow["flow_id"])
    result = await answer(home, form, {"password": "another"})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


# ----------------------------------------------------------------------------------------------------- reconfiguration


async def test_reconfiguration(home: HomeAssistant, simulator: Simulator) -> None:
    result = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    await home.async_block_till_done()
    entry = result["result"]
    form = await reconfigure(home, entry)
    assert form["step_id"] == "reconfigure"
    values = suggested(form)
    assert values["url"] == simulator.url
    assert "password" not in values

    form = await answer(home, form, typed(user(simulator, password="wrong")))
    assert form["errors"] == {"base": "invalid_auth"}
    before = set(home.states.async_entity_ids())
    async with Simulator() as moved:
        result = await answer(home, form, typed(user(moved)))
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert entry.data["url"] == moved.url
        assert entry.state is ConfigEntryState.LOADED
        assert set(home.states.async_entity_ids()) == before
        await home.config_entries.async_unload(entry.entry_id)


async def test_reconfiguration_onto_another_entry(home: HomeAssistant, simulator: Simulator) -> None:
    first = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    await answer(home, await start(home, "o2g_user"), typed(user(simulator, BOB)))
    await home.async_block_till_done()
    form = await reconfigure(home, first["result"])
    result = await answer(home, form, typed(user(simulator, BOB)))
    assert result["reason"] == "already_configured"
    assert first["result"].data["username"] == ALICE


# ------------------------------------------------------------------------------------------------------------ options


async def options(hass: HomeAssistant, entry: MockConfigEntry) -> Result:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def test_options_of_an_administrator(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    form = await options(home, entry)
    assert fields_of(form) == [
        "all_lines", "lines", "allowed", "denied", "calls_per_minute", "auto_answer", "country", "outside_prefix",
        "internal_lengths", "contact_files", "contact_directory", "hide_callers", "night_lines", "night_number",
        "voice", "voice_line", "llm_read", "llm_commands",
    ]  # fmt: skip
    form = await answer_options(home, form, {"all_lines": False, "auto_answer": True})
    assert form["errors"] == {"lines": "no_lines"}
    result = await answer_options(
        home,
        form,
        {
            "all_lines": False,
            "lines": [ALICE],
            "allowed": ["1*"],
            "denied": ["1003"],
            "calls_per_minute": 3.0,
            "auto_answer": False,
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert list(entry.runtime_data.data) == [ALICE]
    policy = entry.runtime_data.pbx.settings.dial_policy
    assert (policy.allowed, policy.denied, policy.calls_per_minute) == (("1*",), ("1003",), 3)
    assert home.states.get("sensor.bob_keller_call_state") is None


async def test_options_of_a_user(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(user(simulator)))
    form = await options(home, entry)
    assert "lines" not in form["data_schema"].schema
    result = await answer_options(home, form, {"auto_answer": True})
    assert result["data"] == {
        "all_lines": True, "auto_answer": True, "voice": True, "llm_read": False, "llm_commands": False,
    }  # fmt: skip


async def test_options_of_messages_say_what_playing_does(home: HomeAssistant) -> None:
    async with Simulator(SimulatorSettings(istra=True)) as simulator:
        entry = await set_up(home, make_entry(istra(simulator, "myistra")))
        result = await answer_options(home, await options(home, entry), {"mark_read": False})
        assert result["data"]["mark_read"] is False
        await home.async_block_till_done()
        await home.config_entries.async_unload(entry.entry_id)


async def test_options_forget_lines_that_are_gone(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), all_lines=False, lines=[ALICE, "oxe9999"]))
    form = await options(home, entry)
    values = suggested(form)
    assert values["lines"] == [ALICE]


async def test_options_while_the_pbx_is_not_set_up(home: HomeAssistant, simulator: Simulator) -> None:
    entry = make_entry(administrator(simulator))
    entry.add_to_hass(home)
    form = await options(home, entry)
    assert form["type"] is FlowResultType.FORM
    bad = MockConfigEntry(domain=DOMAIN, data=administrator(simulator, password="wrong"), options={"all_lines": True})
    bad.add_to_hass(home)
    result = await options(home, bad)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "cannot_list_lines"


async def test_options_while_the_pbx_is_offline(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await simulator.stop(abrupt=True)
    await until(lambda: not entry.runtime_data.last_update_success)
    result = await options(home, entry)
    assert result["reason"] == "cannot_list_lines"
    assert result["description_placeholders"]["host"] == "127.0.0.1"


def test_a_demo_password_is_not_the_default(simulator: Simulator) -> None:
    assert _make_demo().simulator.settings.admin_password != SecretStr("admin")
