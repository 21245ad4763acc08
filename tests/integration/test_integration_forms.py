"""The forms of the flows: every field, what it starts with and what it shows; and what comes of filling them in."""

from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.selector import Selector
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx import accounts
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import (
    ALICE,
    BOB,
    administrator,
    answer,
    answer_options,
    entered,
    make_entry,
    reconfigure,
    set_up,
    start,
    suggested,
    told,
    typed,
    user,
)

TEXT: dict[str, Any] = {"text": {"multiline": False, "multiple": False}}
URL = {"text": {"type": "url", "multiline": False, "multiple": False}}
USERNAME = {"text": {"type": "text", "autocomplete": "username", "multiline": False, "multiple": False}}
PASSWORD = {"text": {"type": "password", "autocomplete": "current-password", "multiline": False, "multiple": False}}
ASSIST = {"voice": True, "llm_read": False, "llm_commands": False}
PATTERNS = {"text": {"multiple": True, "multiline": False}}

# A field: whether it is required, what it starts with, how it is asked for.
ACCOUNT = {
    "url": (True, None, URL),
    "username": (True, None, USERNAME),
    "password": (True, None, PASSWORD),
}
SECURITY = {
    "security": {
        "tls": (True, "verify", ["verify", "fingerprint", "own_ca", "none"]),
        "ca_file": (False, None, TEXT),
    }
}
PORT = {"number": {"min": 1.0, "max": 65535.0, "step": 1.0, "mode": "box"}}
NETWORK = {
    "network": {
        "secondary_url": (False, None, URL),
        "use_given_address": (False, None, {"boolean": {}}),
        "event_port": (False, None, PORT),
    }
}
FORMS: dict[str, dict[str, Any]] = {
    "o2g_user": {**ACCOUNT, **SECURITY, **NETWORK},
    "o2g_administrator": {**ACCOUNT, **SECURITY, **NETWORK},
    "myrcc": {**ACCOUNT, "enterprise": (True, None, TEXT), **SECURITY},
    "mycrm": {**ACCOUNT, **SECURITY},
    "myistra": {**ACCOUNT, **SECURITY},
    "bridge": {
        "url": (True, None, URL),
        "system_name": (False, None, TEXT),
        "username": (False, None, USERNAME),
        "password": (False, None, PASSWORD),
        "topic_prefix": (False, None, TEXT),
        **SECURITY,
        "client": {
            "client_certificate": (False, None, TEXT),
            "client_key": (False, None, TEXT),
        },
    },
}
EXAMPLES = {"bridge": "mqtts://broker.example.com"}


def fields(form: Any) -> dict[str, Any]:
    """Return the fields of a form."""
    found: dict[str, Any] = {}
    for key, value in form["data_schema"].schema.items():
        if isinstance(value, section):
            found[str(key)] = fields({"data_schema": value.schema})
            continue
        asked: Any = value.serialize()["selector"] if isinstance(value, Selector) else value
        if "select" in asked:
            asked = [one if isinstance(one, str) else one["value"] for one in asked["select"]["options"]]
        default = None if isinstance(key.default, vol.Undefined) else key.default()
        found[str(key)] = (isinstance(key, vol.Required), default, asked)
    return found


@pytest.mark.parametrize("kind", FORMS)
async def test_the_form_of_an_account(home: HomeAssistant, kind: str) -> None:
    form = await start(home, kind)
    assert form["step_id"] == kind
    assert form["errors"] == {}
    assert form["description_placeholders"] == {
        "example": EXAMPLES.get(kind, "https://192.0.2.10" if kind.startswith("o2g") else "https://istra.example.com")
    }
    assert fields(form) == FORMS[kind]
    assert suggested(form) == {}


async def test_a_form_that_is_wrong_keeps_what_was_typed(home: HomeAssistant, simulator: Simulator) -> None:
    data = typed(user(simulator, password="wrong", secondary_url="https://192.0.2.11"))
    form = await answer(home, await start(home, "o2g_user"), data)
    assert form["step_id"] == "o2g_user"
    assert form["errors"] == {"base": "invalid_auth"}
    assert told(form)
    assert suggested(form) == data
    form = await answer(home, form, typed(user(simulator, tls="own_ca")))
    assert form["errors"] == {"security": "ca_file_missing"}


async def test_something_unexpected(
    home: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    form = await start(home, "o2g_user")
    with patch.object(accounts, "async_probe", side_effect=RuntimeError("a wrench")):
        form = await answer(home, form, typed(user(simulator)))
    assert form["errors"] == {"base": "unknown"}
    assert "wrench" not in told(form)
    assert "Unexpected error while testing the connection" in caplog.text


async def test_an_account_of_the_wrong_kind(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "o2g_user"), typed(administrator(simulator)))
    assert form["errors"] == {"username": "is_administrator"}
    assert told(form).startswith("admin is")
    form = await answer(home, await start(home, "o2g_administrator"), typed(user(simulator)))
    assert form["errors"] == {"username": "not_administrator"}
    assert told(form).startswith(f"{ALICE} is not")


async def test_the_form_of_the_lines(home: HomeAssistant, simulator: Simulator) -> None:
    form = await answer(home, await start(home, "o2g_administrator"), typed(administrator(simulator)))
    assert form["step_id"] == "lines"
    assert form["errors"] == {}
    assert form["description_placeholders"] == {"count": "4", "found": "4", "line": ""}
    logins = [f"oxe100{index}" for index in range(4)]
    assert fields(form) == {"all_lines": (True, True, {"boolean": {}}), "lines": (False, None, logins)}
    form = await answer(home, form, {"all_lines": False})
    assert form["errors"] == {"lines": "no_lines"}
    assert suggested(form) == {"all_lines": False, "lines": []}
    result = await answer(home, form, {"all_lines": False, "lines": [BOB]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "127.0.0.1 (admin)"
    assert entered(result["data"]) == administrator(simulator)
    assert result["options"] == {"all_lines": False, "lines": [BOB]}
    await home.async_block_till_done()


async def test_a_user_has_nothing_to_choose(home: HomeAssistant, simulator: Simulator) -> None:
    result = await answer(home, await start(home, "o2g_user"), typed(user(simulator)) | {"ca_file": " "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"127.0.0.1 ({ALICE})"
    assert entered(result["data"]) == user(simulator)
    assert result["options"] == {"all_lines": True}
    await home.async_block_till_done()
    again = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_the_form_of_a_reauthentication(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(user(simulator, password="wrong")))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["step_id"] == "reauth_confirm"
    form: Any = await home.config_entries.flow.async_configure(flow["flow_id"])
    assert fields(form) == {"password": (True, None, PASSWORD)}
    assert form["errors"] == {}
    assert form["description_placeholders"] == {
        "username": ALICE, "url": simulator.url, "name": entry.title,
    }  # fmt: skip
    form = await answer(home, form, {"password": "wrong, too"})
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {"base": "invalid_auth"}
    assert told(form)
    result = await answer(home, form, {"password": "secret"})
    assert result["reason"] == "reauth_successful"
    assert entered(entry.data) == user(simulator)
    await home.async_block_till_done()


@pytest.mark.parametrize(("title", "after"), [(f"127.0.0.1 ({ALICE})", f"127.0.0.1 ({BOB})"), ("Mine", "Mine")])
async def test_the_form_of_a_reconfiguration(home: HomeAssistant, simulator: Simulator, title: str, after: str) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id="x",
        data=user(simulator, use_given_address=True),
        options={"all_lines": True},
    )
    await set_up(home, entry)
    form = await reconfigure(home, entry)
    assert form["step_id"] == "reconfigure"
    assert form["errors"] == {}
    assert fields(form) == FORMS["o2g_user"]
    assert suggested(form) == {"url": simulator.url, "username": ALICE, "tls": "verify", "use_given_address": True}
    result = await answer(home, form, typed(user(simulator, BOB)))
    assert result["reason"] == "reconfigure_successful"
    assert entry.title == after
    assert entered(entry.data) == user(simulator, BOB)
    assert entry.unique_id == f"{simulator.url.removeprefix('http://').partition('/')[0]}_{BOB}"
    await home.async_block_till_done()
    # to itself again: that is no other entry
    result = await answer(home, await reconfigure(home, entry), typed(user(simulator, BOB)))
    assert result["reason"] == "reconfigure_successful"
    await home.async_block_till_done()


async def test_the_demo_has_nothing_to_reconfigure(home: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": "demo"}, unique_id="demo")
    entry.add_to_hass(home)
    result = await reconfigure(home, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "demo_needs_nothing")
    menu = await start(home, "demo")
    assert (menu["type"], menu["reason"]) == (FlowResultType.ABORT, "already_configured")


LIMIT = {"number": {"min": 1.0, "max": 1000.0, "step": 1.0, "mode": "box"}}


async def test_the_form_of_the_options(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(
        home,
        make_entry(
            administrator(simulator), all_lines=False, lines=[BOB, "oxe9999"], denied=["19*"], calls_per_minute=2
        ),
    )
    form: Any = await home.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "init"
    assert form["errors"] == {}
    assert fields(form) == {
        "all_lines": (True, True, {"boolean": {}}),
        "lines": (False, None, [f"oxe100{index}" for index in range(4)]),
        "dialling": {
            "allowed": (False, None, PATTERNS),
            "denied": (False, None, PATTERNS),
            "calls_per_minute": (False, None, LIMIT),
            "auto_answer": (True, True, {"boolean": {}}),
        },
        "numbers": {
            "country": (False, None, {"country": {"no_sort": False}}),
            "outside_prefix": (False, None, TEXT),
            "internal_lengths": (False, None, TEXT),
        },
        "names": {
            "contact_files": (False, None, PATTERNS),
            "contact_directory": (False, None, {"boolean": {}}),
            "hide_callers": (False, None, {"boolean": {}}),
        },
        "night": {
            "night_lines": (False, None, PATTERNS),
            "night_number": (False, None, TEXT),
        },
        "assist": {
            "voice": (True, True, {"boolean": {}}),
            "voice_line": (False, None, {"device": {"filter": [{"integration": "pbx"}], "multiple": False}}),
            "llm_read": (True, False, {"boolean": {}}),
            "llm_commands": (True, False, {"boolean": {}}),
        },
    }
    assert suggested(form) == {"all_lines": False, "lines": [BOB], "denied": ["19*"], "calls_per_minute": 2}
    form = await answer_options(home, form, {"all_lines": False, "allowed": ["1*"], "auto_answer": False})
    assert form["errors"] == {"lines": "no_lines"}
    assert suggested(form) == {"all_lines": False, "lines": [], "allowed": ["1*"], "auto_answer": False} | ASSIST
    result = await answer_options(home, form, {"all_lines": True, "calls_per_minute": 5.0, "auto_answer": True})
    assert result["data"] == {"all_lines": True, "calls_per_minute": 5, "auto_answer": True} | ASSIST
    assert type(result["data"]["calls_per_minute"]) is int
    await home.async_block_till_done()
