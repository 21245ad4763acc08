"""The config flow for the three interfaces of Istra: what is asked, every error in its place, and what is kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from custom_components.pbx.aiopbx import NotReady
from custom_components.pbx.aiopbx.simulator import DeviceSpec, Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    answer,
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
KINDS = ("myrcc", "mycrm", "myistra")
# What each form asks for, in its order.
FIELDS = {
    "myrcc": ["url", "username", "password", "enterprise", "tls", "ca_file"],
    "mycrm": ["url", "username", "password", "tls", "ca_file"],
    "myistra": ["url", "username", "password", "tls", "ca_file"],
}


@pytest.fixture
async def simulator(loopback: None) -> AsyncIterator[Simulator]:
    """An office of four; Bob may not use myCrm, Carol logs in with two steps, Alice has two telephones."""
    users = (
        UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", remote_extension=True),
        UserSpec(login=BOB, number="1001", first_name="Bob", last_name="Keller", crm=False),
        UserSpec(login=CAROL, number="1002", first_name="Carol", last_name="Diaz", two_step=True),
        UserSpec(login="oxe1003", number="1003", first_name="David", last_name="Okafor", rcc=False),
    )
    async with Simulator(SimulatorSettings(istra=True, users=users)) as running:
        yield running


def options_of(form: Result) -> list[dict[str, str]]:
    """Return what there is to choose from."""
    [options] = [value.config["options"] for key, value in form["data_schema"].schema.items() if key == "lines"]
    return list(options)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_form_asks_what_it_needs(home: HomeAssistant, kind: str) -> None:
    form = await start(home, kind)
    assert form["step_id"] == kind
    assert form["errors"] == {}
    assert fields_of(form) == FIELDS[kind]


async def test_myrcc_with_chosen_extensions(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "myrcc"), typed(istra(simulator, "myrcc")))
    assert form["step_id"] == "lines"
    assert form["description_placeholders"]["count"] == "3", "not every user is on myRCC"
    options = options_of(form)
    assert [option["label"] for option in options] == [
        "1000 · Alice Martin", "1001 · Bob Keller", "1002 · Carol Diaz",
    ]  # fmt: skip
    form = await answer(home, form, {"all_lines": False})
    assert form["errors"] == {"lines": "no_lines"}
    chosen = [option["value"] for option in options[:2]]
    result = await answer(home, form, {"all_lines": False, "lines": chosen})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "127.0.0.1 (myRCC, example)"
    assert entered(result["data"]) == istra(simulator, "myrcc")
    await home.async_block_till_done()
    assert sorted(result["result"].runtime_data.data) == sorted(chosen)


async def test_mycrm_with_chosen_terminals(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "mycrm"), typed(istra(simulator, "mycrm")))
    options = options_of(form)
    assert len(options) == 2, "the desk phone and the mobile"
    assert len({option["label"] for option in options}) == 2
    result = await answer(home, form, {"all_lines": False, "lines": [options[0]["value"]]})
    assert result["title"] == f"127.0.0.1 (myCrm, {ALICE})"
    await home.async_block_till_done()
    assert list(result["result"].runtime_data.data) == [options[0]["value"]]


async def test_terminals_of_one_model_are_told_apart(home: HomeAssistant) -> None:
    devices = (DeviceSpec(id="1000"), DeviceSpec(id="2000"))
    people = (UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", devices=devices),)
    async with Simulator(SimulatorSettings(istra=True, users=people)) as simulator:
        form = await answer(home, await start(home, "mycrm"), typed(istra(simulator, "mycrm")))
        labels = [option["label"] for option in options_of(form)]
        assert len(set(labels)) == 2
        assert all(option["value"] in option["label"] for option in options_of(form))


async def test_myistra_has_one_line(home: HomeAssistant, simulator: Simulator) -> None:
    result = await answer(home, await start(home, "myistra"), typed(istra(simulator, "myistra")))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"127.0.0.1 (myIstra, {ALICE})"
    assert result["options"] == {"all_lines": True}
    await home.async_block_till_done()
    assert list(result["result"].runtime_data.data) == [ALICE]

    form = await home.config_entries.options.async_init(result["result"].entry_id)
    assert fields_of(form) == [
        "allowed",
        "denied",
        "calls_per_minute",
        "country",
        "outside_prefix",
        "internal_lengths",
        "contact_files",
        "contact_directory",
        "hide_callers",
        "night_lines",
        "night_number",
        "mark_read",
        "voice",
        "voice_line",
        "llm_read",
        "llm_commands",
    ]


async def test_names_as_the_wire_has_them_are_taken_apart(home: HomeAssistant, simulator: Simulator) -> None:
    """What the guides write before and behind a login is no part of it, and makes no second entry."""
    data = typed(istra(simulator, "myistra")) | {"username": f" ENDUSER:{ALICE}", "url": f"{simulator.istra_url}/"}
    result = await answer(home, await start(home, "myistra"), data)
    assert entered(result["data"]) == istra(simulator, "myistra")
    result = await answer(home, await start(home, "myistra"), typed(istra(simulator, "myistra")))
    assert result["reason"] == "already_configured"

    data = typed(istra(simulator, "myrcc")) | {"username": "admin|example"}
    form = await answer(home, await start(home, "myrcc"), data)
    result = await answer(home, form, {"all_lines": True})
    assert entered(result["data"]) == istra(simulator, "myrcc")


async def test_entries_of_one_server_side_by_side(home: HomeAssistant, simulator: Simulator) -> None:
    """Each interface, each account and O2G of the same machine are entries of their own; the same one twice is not."""
    results = [
        await answer(home, await start(home, "myistra"), typed(istra(simulator, "myistra"))),
        await answer(home, await start(home, "myistra"), typed(istra(simulator, "myistra", BOB))),
        await answer(home, await start(home, "o2g_user"), typed(user(simulator))),
    ]
    for kind in ("mycrm", "myrcc"):
        form = await answer(home, await start(home, kind), typed(istra(simulator, kind)))
        results.append(await answer(home, form, {"all_lines": True}))
    assert [result["type"] for result in results] == [FlowResultType.CREATE_ENTRY] * 5
    await home.async_block_till_done()
    entries = home.config_entries.async_entries(DOMAIN)
    assert len({entry.unique_id for entry in entries}) == 5
    assert all(entry.state is ConfigEntryState.LOADED for entry in entries)
    for kind in KINDS:
        result = await answer(home, await start(home, kind), typed(istra(simulator, kind)))
        assert result["reason"] == "already_configured"


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "errors", "words"),
    [
        ({"url": "istra.example.com"}, {"url": "url_no_scheme"}, "https://istra.example.com"),
        ({"url": "https://127.0.0.1/api/rest"}, {"url": "is_o2g"}, "127.0.0.1 is an O2G server"),
        ({"url": "https://127.0.0.1:1"}, {"base": "cannot_connect"}, "127.0.0.1"),
        ({"tls": "own_ca"}, {"security": "ca_file_missing"}, "Security"),
        ({"tls": "own_ca", "ca_file": "nothing/here.pem"}, {"security": "invalid_ca_file"}, "nothing/here.pem"),
        ({"username": "with:colon"}, {"username": "invalid_username"}, "colon"),
    ],
    ids=["no scheme", "O2G", "unreachable", "no file", "absent file", "colon"],
)
async def test_errors_of_every_kind(
    home: HomeAssistant, simulator: Simulator, kind: str, changed: dict[str, str], errors: dict[str, str], words: str
) -> None:
    form = await answer(home, await start(home, kind), typed(istra(simulator, kind)) | changed)
    assert form["step_id"] == kind
    assert form["errors"] == errors
    assert words in told(form)
    assert not home.config_entries.async_entries(DOMAIN)
    # what was typed stays, and the next attempt works
    values = suggested(form)
    assert values["username"] == (typed(istra(simulator, kind)) | changed)["username"]
    result = await answer(home, form, typed(istra(simulator, kind)))
    assert result["type"] is FlowResultType.CREATE_ENTRY or result["step_id"] == "lines"


@pytest.mark.parametrize(
    ("kind", "changed", "errors", "words"),
    [
        ("myrcc", {"password": "wrong"}, {"base": "invalid_auth_enterprise"}, ""),
        ("myrcc", {"enterprise": "another"}, {"base": "invalid_auth_enterprise"}, ""),
        ("myrcc", {"enterprise": "a:b"}, {"enterprise": "invalid_enterprise"}, "enterprise"),
        ("myrcc", {"username": "admin|another"}, {"enterprise": "invalid_enterprise"}, "another enterprise"),
        ("myrcc", {"username": ALICE, "password": "secret"}, {"base": "invalid_auth_enterprise"}, ""),
        ("mycrm", {"password": "wrong"}, {"base": "invalid_auth"}, ""),
        ("mycrm", {"username": BOB}, {"username": "extension_forbidden"}, "user's extension"),
        ("mycrm", {"username": "admin|example"}, {"username": "invalid_username"}, "enterprise"),
        ("myistra", {"password": "wrong"}, {"base": "invalid_auth"}, ""),
        ("myistra", {"username": "nobody"}, {"base": "invalid_auth"}, ""),
        ("myistra", {"username": "admin", "password": "admin"}, {"base": "invalid_auth"}, ""),
    ],
)
async def test_accounts_that_cannot_be_used(
    home: HomeAssistant,
    simulator: Simulator,
    kind: str,
    changed: dict[str, str],
    errors: dict[str, str],
    words: str,
) -> None:
    form = await answer(home, await start(home, kind), typed(istra(simulator, kind)) | changed)
    assert form["errors"] == errors
    assert words in told(form)
    assert "secret" not in told(form)
    assert not simulator.istra.connections, "nothing is left on the server"


@pytest.mark.parametrize("kind", KINDS)
async def test_telephony_that_is_down(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    simulator.faults.telephony_down()
    form = await answer(home, await start(home, kind), typed(istra(simulator, kind)))
    assert form["errors"] == {"base": "telephony_down"}
    assert "telephony is not running" in told(form)
    simulator.faults.telephony_down(False)
    result = await answer(home, form, typed(istra(simulator, kind)))
    assert result["type"] is FlowResultType.CREATE_ENTRY or result["step_id"] == "lines"


async def test_two_steps_for_every_account(home: HomeAssistant, simulator: Simulator) -> None:
    """Also an administrator of myRCC may be asked for a second step."""
    simulator.istra.variants.two_step = True
    form = await answer(home, await start(home, "myrcc"), typed(istra(simulator, "myrcc")))
    assert form["step_id"] == "second_password"
    assert form["description_placeholders"]["how"] == " (Mail)"
    form = await answer(home, form, {"second_password": "2468"})
    assert form["step_id"] == "lines"


@pytest.mark.parametrize("once", [False, True], ids=["stays valid", "once"])
async def test_the_second_password(home: HomeAssistant, simulator: Simulator, once: bool) -> None:
    """It is asked for, tested, and asked for again when the session that it opened has expired."""
    simulator.istra.variants.set(two_step_by="", two_step_once=once)
    account = typed(istra(simulator, "myistra")) | {"username": CAROL}
    form = await answer(home, await start(home, "myistra"), account)
    assert form["step_id"] == "second_password"
    assert form["errors"] == {}
    assert form["description_placeholders"]["how"] == ""
    assert form["description_placeholders"]["username"] == CAROL
    form = await answer(home, form, {"second_password": "wrong"})
    assert form["errors"] == {"base": "two_step"}
    assert "wrong" not in told(form)
    result = await answer(home, form, {"second_password": " 2468 "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED

    # The simulator sends the same one again; here the one that is kept shall be another.
    home.config_entries.async_update_entry(entry, data={**entry.data, "second_password": "1357"})
    await home.async_block_till_done()
    simulator.istra.variants.set(two_step_once=True)
    simulator.istra.sessions._second.clear()
    simulator.faults.expire_sessions()
    await until(lambda: home.config_entries.flow.async_progress(), "a person is asked", timeout=30)
    [flow] = home.config_entries.flow.async_progress()
    form = await home.config_entries.flow.async_configure(flow["flow_id"])
    form = await answer(home, form, {"password": account["password"]})
    assert form["step_id"] == "second_password"
    result = await answer(home, form, {"second_password": "2468"})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["second_password"] == "2468"


async def test_what_only_o2g_says(home: HomeAssistant, simulator: Simulator) -> None:
    """The same error is in other words for O2G, which has no telephony behind it that could be down."""
    error = NotReady("starting.", operation="POST /sessions", status=503)
    with patch("custom_components.pbx.client.connect", side_effect=error):
        form = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    assert form["errors"] == {"base": "not_ready"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_certificates(home: HomeAssistant, loopback: None, tmp_path: Path) -> None:
    """Verified with the system's authorities, with an own one, not at all: for requests and the socket alike."""
    with running_elsewhere(SimulatorSettings(istra=True, tls=True, certificate_folder=tmp_path)) as simulator:
        data = typed(istra(simulator, "myistra"))
        form = await answer(home, await start(home, "myistra"), data)
        assert form["step_id"] == "certificate"
        form = await choose(home, form, "change_account")
        own = {"tls": "own_ca", "ca_file": str(simulator.certificate_path)}
        result = await answer(home, form, data | own)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await home.async_block_till_done()
        entry = result["result"]
        assert entry.state is ConfigEntryState.LOADED
        result = await answer(home, await reconfigure(home, entry), data | {"tls": "none"})
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert "ca_file" not in entry.data
        await home.config_entries.async_unload(entry.entry_id)


# ---------------------------------------------------------------------------- re-authentication and reconfiguration


@pytest.mark.parametrize("kind", KINDS)
async def test_reauthentication(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    good = istra(simulator, kind)
    entry = await set_up(home, make_entry(good | {"password": "old"}))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    form = await home.config_entries.flow.async_configure(flow["flow_id"])
    assert form["description_placeholders"]["username"] == good["username"]
    form = await answer(home, form, {"password": "wrong"})
    assert form["errors"] == {"base": "invalid_auth_enterprise" if kind == "myrcc" else "invalid_auth"}
    result = await answer(home, form, {"password": good["password"]})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("kind", KINDS)
async def test_reauthentication_when_the_password_changes_later(
    home: HomeAssistant, simulator: Simulator, kind: str
) -> None:
    """The session ends and the account is no longer known as it was: a person is asked, once."""
    good = istra(simulator, kind)
    entry = await set_up(home, make_entry(good))
    account = simulator.accounts.get(good["username"])
    assert account is not None
    account.password = "another"
    simulator.faults.expire_sessions()
    await until(lambda: home.config_entries.flow.async_progress(), "the user is asked for the password", timeout=30)
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    form = await home.config_entries.flow.async_configure(flow["flow_id"])
    result = await answer(home, form, {"password": "another"})
    assert result["reason"] == "reauth_successful"
    await home.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("kind", KINDS)
async def test_reconfiguration(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    assert entry.state is ConfigEntryState.LOADED
    form = await reconfigure(home, entry)
    assert form["step_id"] == "reconfigure"
    assert fields_of(form) == FIELDS[kind]
    values = suggested(form)
    assert values["url"] == simulator.istra_url
    assert "password" not in values
    form = await answer(home, form, typed(istra(simulator, kind)) | {"password": "wrong"})
    assert form["step_id"] == "reconfigure"
    assert form["errors"]
    before = set(home.states.async_entity_ids())
    async with Simulator(SimulatorSettings(istra=True, users=simulator.settings.users)) as moved:
        result = await answer(home, form, typed(istra(moved, kind)))
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert entered(entry.data) == istra(moved, kind)
        assert entry.state is ConfigEntryState.LOADED
        assert set(home.states.async_entity_ids()) == before
        await home.config_entries.async_unload(entry.entry_id)


async def test_terminals_that_are_gone(home: HomeAssistant, simulator: Simulator) -> None:
    """Those that are there work, and a repair says which are not."""
    form = await answer(home, await start(home, "mycrm"), typed(istra(simulator, "mycrm")))
    [first, _] = [option["value"] for option in options_of(form)]
    entry = await set_up(home, make_entry(istra(simulator, "mycrm"), all_lines=False, lines=[first, "4711"]))
    assert list(entry.runtime_data.data) == [first]
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"lines_gone_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {"title": "Office", "lines": "4711"}
    form = await home.config_entries.options.async_init(entry.entry_id)
    assert len(options_of(form)) == 2
