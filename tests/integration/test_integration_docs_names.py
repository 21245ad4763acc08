"""The pages name what there is: every entity, action, trigger, condition and field, and nothing that is not there."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
import yaml
from homeassistant.core import HomeAssistant

import custom_components.pbx
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.condition import CONDITIONS
from custom_components.pbx.services import ACTIONS
from custom_components.pbx.trigger import TRIGGERS
from tests.integration.helpers import WORDS, administrator, make_entry, ours, set_up, until

FOLDER = Path(custom_components.pbx.__file__).parent
PAGES = FOLDER.parents[1] / "docs" / "home-assistant"
PLATFORMS = {
    "binary sensor": "binary_sensor",
    "button": "button",
    "event": "event",
    "notify": "notify",
    "select": "select",
    "sensor": "sensor",
    "switch": "switch",
    "text": "text",
}
_WORD = re.compile(rf"\*\*(?P<name>[^*]+)\*\*|\b(?P<platform>{'|'.join(PLATFORMS)})(?:e?s)?(?= \*\*)", re.IGNORECASE)
# Which lines an action is for: the page says so once, for all of them.
TARGETS = {"entity_id", "device_id", "area_id", "floor_id", "label_id", "line"}


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def first_cells(text: str) -> list[tuple[str, str]]:
    """The first two cells of each row of the tables of a page."""
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
    return [(one.strip(), two.strip()) for one, two in rows]


def entities_on(text: str) -> dict[tuple[str, str], bool]:
    """What the tables name: platform and name of each entity, and whether it is marked as enabled by default."""
    found: dict[tuple[str, str], bool] = {}
    for cell, mark in first_cells(text):
        platform = ""
        for match in _WORD.finditer(cell):
            if match["platform"]:
                platform = PLATFORMS[match["platform"].lower()]
            else:
                assert platform, f"of what platform is {match['name']}?"
                found[platform, match["name"]] = mark == "●"
    return found


def entities_there() -> set[tuple[str, str]]:
    """Platform and name of every entity of the integration; what differs from one to the next is a dot."""
    return {
        (platform, re.sub(r"\{\w+\}", "…", one["name"]))
        for platform, all_of_it in WORDS["entity"].items()
        for one in all_of_it.values()
    }


def named(text: str, heading: str) -> set[str]:
    """What the table with this heading has in its first column, without the domain."""
    table = text.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return {name for line in table.splitlines()[2:] for name in re.findall(r"`pbx\.(\w+)`", line.split("|")[1])}


def test_the_entities() -> None:
    assert set(entities_on(page("entities"))) == entities_there()


async def test_those_that_are_enabled_are_marked(home: HomeAssistant, simulator: Simulator) -> None:
    """Of what an administrator's entry has here, as it is after it was added."""
    await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: any(one.translation_key == "licences_end" for one in ours(home)))
    marked = entities_on(page("entities"))
    there: defaultdict[tuple[str, str], set[bool]] = defaultdict(set)
    for one in ours(home):
        name = WORDS["entity"][one.domain][one.translation_key]["name"]
        there[one.domain, re.sub(r"\{\w+\}", "…", name)].add(one.disabled_by is None)
    assert len(there) > 25
    assert there == {key: {marked[key]} for key in there}


def test_the_actions() -> None:
    text = page("actions")
    alone = set(re.findall(r"^`pbx\.(\w+)` makes", text, re.MULTILINE))  # in a paragraph of its own
    assert named(text, "Action | Fields besides the line") | alone == set(ACTIONS)


def test_the_triggers_and_conditions() -> None:
    assert named(page("triggers"), "Trigger | When") == set(TRIGGERS)
    assert named(page("conditions"), "Condition | True if") == set(CONDITIONS)


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.glob("*.md")))
def test_nothing_else_is_named_anywhere(name: str) -> None:
    used = set(re.findall(r"\bpbx\.([a-z_]+)\b(?!\.)", page(name)))
    assert used <= {*ACTIONS, *TRIGGERS, *CONDITIONS}


@pytest.mark.parametrize(("name", "of"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)])
def test_the_fields_of_triggers_and_conditions(name: str, of: dict[str, Any]) -> None:
    text = page(name)
    forms = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    missing = {
        (kind, field) for kind in of for field in (forms[kind] or {}).get("fields", {}) if f"`{field}`" not in text
    }
    assert missing == set()


@pytest.mark.parametrize("action", ACTIONS)
def test_the_fields_of_actions(action: str) -> None:
    """In the row of the action, or in the paragraph of its own."""
    text = page("actions")
    rows = [line for line in text.splitlines() if line.startswith("| ") and f"`pbx.{action}`" in line.split("|")[1]]
    words = " ".join(rows) or text.partition("## Any operation")[2]
    schema = ACTIONS[action][1].schema
    fields = {str(key.schema if isinstance(key, vol.Marker) else key) for key in schema} - TARGETS
    assert {field for field in fields if f"`{field}`" not in words} == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Switch **Recording**", "Switch **Recorder**"),
        ("Switch **Recording**", "Select **Recording**"),
        ("**Ringing**, **In service**", "**Ringing**"),
        ("| Select **Agent** |", "| Select **Agent**, sensor **Mood** |"),
    ],
)
def test_a_page_that_names_something_else_is_found(before: str, after: str) -> None:
    text = page("entities")
    assert before in text
    assert set(entities_on(text.replace(before, after))) != entities_there()
