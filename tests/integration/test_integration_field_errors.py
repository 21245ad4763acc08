"""What is said of a value that cannot be used: a sentence of the translations, which names the field and the remedy."""

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.pbx
from custom_components.pbx import aiopbx, errors, services
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.errors import pbx_errors
from custom_components.pbx.field_errors import field_name
from tests.integration.helpers import ALICE, BOB, administrator, do, istra, make_entry, set_up

FOLDER = Path(custom_components.pbx.__file__).parent
LANGUAGES: dict[str, dict[str, Any]] = {
    language: json.loads((FOLDER / "translations" / f"{language}.json").read_text(encoding="utf-8"))
    for language in ("en", "de", "fr")
}


def requests(simulator: Simulator) -> int:
    """Return how many requests the server has had."""
    return int(simulator.state()["servers"][0]["requests"])


def placeholders(key: str) -> set[str]:
    message = LANGUAGES["en"]["exceptions"][key]["message"]
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


def reasons() -> Iterator[tuple[str, set[str], str]]:
    """Return every reason that the client gives, with the names of its words and where it stands."""
    for path in (FOLDER / "aiopbx").rglob("*.py"):
        if "simulator" in path.parts or "cli" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            if call.func.id in ("InvalidInput", "PolicyViolation") and "reason" in given:
                reason = given.pop("reason")
            elif call.func.id == "_refuse" and path.name == "numbers.py" and len(call.args) == 3:
                reason = call.args[2]
            else:
                continue
            if isinstance(reason, ast.Constant):
                yield reason.value, set(given) - {"remedy"}, f"{path.name}:{call.lineno}"


def test_every_reason_of_the_client_has_a_sentence_with_its_words() -> None:
    found = list(reasons())
    assert len(found) > 30
    for reason, words, where in found:
        assert reason in errors._REASONS, where
        assert placeholders(f"input_{reason}") <= words | {"field"}, where
    read_from_elsewhere = {"argument_kind", "argument_missing"}  # the words of msgspec
    assert errors._REASONS - {reason for reason, _, _ in found} <= read_from_elsewhere


def said(error: ServiceValidationError, language: str) -> str:
    """Return what the frontend shows for an error in a language."""
    assert error.translation_domain == "pbx"
    assert error.translation_key is not None
    message: str = LANGUAGES[language]["exceptions"][error.translation_key]["message"]
    return message.format_map(error.translation_placeholders or {})


SHAPES: list[tuple[str, dict[str, Any], str, dict[str, str]]] = [
    ("dial", {"number": 15550123}, "field_needs_text", {"field": "Number", "value": "15550123"}),
    ("dial", {"line": ["1000", 7], "number": "1"}, "field_needs_text", {"field": "Line", "value": "7"}),
    ("dial", {"number": "1001", "timeout": 61}, "field_too_large", {"field": "Wait for", "limit": "60"}),
    ("dial", {"number": "1001", "timeout": "soon"}, "field_wrong", {"field": "Wait for", "value": "soon"}),
    ("dial", {"number": "1001", "auto_answer": "perhaps"}, "field_wrong", {"value": "perhaps"}),
    ("dial", {"number": "1001", "pin": 1234, "secret_code": "1"}, "field_needs_text", {"field": "PIN", "value": "***"}),
    ("dial", {"number": "1001", "skills": [{"level": 1}]}, "field_missing", {"field": "Skills, skill"}),
    ("dial", {"number": "1001", "associated_data": {"a": "b" * 99}}, "field_wrong", {"field": "Associated data"}),
    ("dial", {"entity_id": "no entity", "number": "1001"}, "field_wrong", {"field": "entity_id", "value": "no entity"}),
    ("redirect", {"line": "1000"}, "field_missing", {"field": "Number"}),
    ("transfer", {"number": "1001", "to_call_id": "x"}, "number_and_held_call", {}),
    ("set_forward", {"condition": "sometimes"}, "field_choice", {"field": "When", "value": "sometimes"}),
    ("get_call_log", {"limit": 0}, "field_too_small", {"field": "At most", "limit": "1"}),
    ("get_call_log", {"after": "soon"}, "field_wrong", {"field": "After", "value": "soon"}),
]


async def test_wrong_shapes_of_fields_are_named_as_the_form_names_them(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    before = requests(simulator)
    for action, data, key, words in SHAPES:
        with pytest.raises(ServiceValidationError) as wrong:
            await do(home, action, respond=action.startswith("get"), **data)
        assert wrong.value.translation_key == key, data
        given = wrong.value.translation_placeholders or {}
        assert {name: given[name] for name in words} == words, data
        assert "1234" not in str(wrong.value)
        assert len(given.get("value", "")) <= 60
        for language in LANGUAGES:
            assert "{" not in said(wrong.value, language).replace(given.get("value", "-"), "")
        assert isinstance(wrong.value.__cause__, vol.Invalid), "the log has what the schema says"
    assert requests(simulator) == before
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "hold", call="x")
    assert (wrong.value.translation_placeholders or {})["field"] == "call"
    assert "call_id" in (wrong.value.translation_placeholders or {})["known"]


async def test_fields_are_named_in_the_language_of_home_assistant(home: HomeAssistant, simulator: Simulator) -> None:
    home.config.language = "fr"
    await set_up(home, make_entry(administrator(simulator)))
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "redirect", line="1000")
    assert (
        said(wrong.value, "fr")
        == "\u00ab Num\u00e9ro \u00bb manque, et rien n\u2019a \u00e9t\u00e9 envoy\u00e9. Remplissez ce champ."
    )
    assert field_name(home, "dial", "phone") == "T\u00e9l\u00e9phone"
    assert field_name(home, "dial", "no_such_field") == "no_such_field"


async def test_what_the_client_refuses_is_said_in_every_language(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """The values come from the client, and no sentence of it: that would be English."""
    for action, data, key, expected in (
        ("dial", {"number": "call me"}, "input_number", "call me"),
        ("dial", {"number": "1001,,2"}, "input_number_pause", "1001,,2"),
        ("dial", {"number": "1001", "phone": "7777"}, "input_device", "7777"),
        ("dial", {"number": "1001", "associated_data": "x" * 33}, "input_data_length", "33"),
        ("dial", {"number": "1001", "pin": "4321"}, "input_private_call", "PIN"),
        ("redirect", {"number": ""}, "no_call", "Alice Martin"),
        ("get_voicemails", {"mailbox": "4711"}, "input_mailbox", "4711"),
    ):
        with pytest.raises(ServiceValidationError) as wrong:
            await do(home, action, respond=action.startswith("get"), line="1000", **data)
        assert wrong.value.translation_key == key
        english = str(wrong.value.__cause__ or "")
        for language in LANGUAGES:
            sentence = said(wrong.value, language)
            assert expected in sentence
            assert "4321" not in sentence
            assert not english or english not in sentence


async def test_what_a_system_does_not_have_is_named_as_in_the_form(home: HomeAssistant, loopback: None) -> None:
    async with Simulator(SimulatorSettings(istra=True)) as platform:
        entry = await set_up(home, make_entry(istra(platform, "mycrm")))
        await _does_not_have(home, entry)
        await home.config_entries.async_unload(entry.entry_id)


async def _does_not_have(home: HomeAssistant, entry: MockConfigEntry) -> None:
    line = next(iter(entry.runtime_data.data))
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "dial", line=line, number="1001", inhibit_progress_tone=True)
    assert wrong.value.translation_key == "input_not_here"
    assert "No progress tone" in str(wrong.value)


async def test_an_error_without_a_sentence_of_its_own_is_in_the_log(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ServiceValidationError) as wrong, pbx_errors():
        raise aiopbx.InvalidInput("a.some_field", "is odd.", remedy="Make it even.")
    assert wrong.value.translation_key == "invalid_input"
    assert (wrong.value.translation_placeholders or {})["field"] == "some field"
    assert "a.some_field: is odd. Make it even." in caplog.text


# ------------------------------------------------------------------------------------------------ a person is a line


@pytest.mark.parametrize("name", ["Alice Martin", "alice martin", "Martin, Alice", "MARTIN Alice"])
async def test_the_name_of_a_person_is_a_line(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, name: str
) -> None:
    answer = await do(home, "dial", respond=True, line=name, number="1001", timeout=0)
    assert answer["line"] == ALICE


async def test_a_name_of_nobody_and_a_name_of_two(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    for name in ("Alice", "Nobody At All", "-"):
        with pytest.raises(ServiceValidationError) as wrong:
            await do(home, "dial", line=name, number="1001")
        assert wrong.value.translation_key == "line_not_found", "a part of a name is not a name"
    simulator.switch.users[BOB].first_name, simulator.switch.users[BOB].last_name = "Alice", "Martin"
    await home.config_entries.async_reload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "dial", line="Alice Martin", number="1002")
    assert wrong.value.translation_key == "line_ambiguous"
    assert not simulator.switch.calls


async def test_no_action_lets_a_schema_speak(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    for action in services.ACTIONS:
        with pytest.raises(ServiceValidationError) as wrong:
            await do(home, action, respond=True, no_such_field=1, number="1", operation="x", query="x", digits="1")
        assert wrong.value.translation_key == "field_unknown", action
