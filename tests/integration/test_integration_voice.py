"""What is said to Assist: the real conversation agent, sentence by sentence, in three languages."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er, intent
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.pbx import people, quiet, voice
from custom_components.pbx.aiopbx import Counters, Feature, Line, LineState, PbxError
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from tests.integration.helpers import ALICE, BOB, administrator, make_entry, set_up, until, user

PEOPLE = (("Alice", "Martin"), ("Bob", "Keller"), ("Zoë", "Müller-Lüdenscheidt"), ("St.", "Mary"), ("Bob", "O'Neill"),
          ("Smith & Sons", "Ltd."))  # fmt: skip
LOGINS = [f"oxe{1000 + index}" for index in range(len(PEOPLE))]


@pytest.fixture
async def simulator(loopback: None) -> AsyncIterator[Simulator]:
    """An office of people whose names are not easy to say."""
    users = tuple(
        UserSpec(login=login, number=login[3:], first_name=first, last_name=last)
        for login, (first, last) in zip(LOGINS, PEOPLE, strict=True)
    )
    async with Simulator(SimulatorSettings(users=users)) as running:
        yield running
        for login in LOGINS:
            for call in running.switch.calls_of(login):
                running.switch.drop(login, call.ref)


@pytest.fixture
async def assist(home: HomeAssistant) -> HomeAssistant:
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(home, component, {})
    return home


@pytest.fixture
async def mine(assist: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Alice's own telephone."""
    return await set_up(assist, make_entry(user(simulator)))


@pytest.fixture
async def office(assist: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """All telephones."""
    return await set_up(assist, make_entry(administrator(simulator)))


async def say(
    hass: HomeAssistant, text: str, *, language: str = "en", device: str | None = None, user: str | None = None
) -> str:
    """Say something, and return what is answered."""
    result = await conversation.async_converse(
        hass, text, None, Context(user_id=user), language=language, device_id=device
    )
    return str(result.response.speech["plain"]["speech"])


def called(simulator: Simulator, login: str = ALICE) -> list[str]:
    """Return whom somebody calls, as the switch itself says."""
    return [
        other.identity.number
        for call in simulator.switch.calls_of(login)
        for other in call.members
        if other.identity.login != login
    ]


def hang_up(simulator: Simulator, login: str = ALICE) -> None:
    for call in simulator.switch.calls_of(login):
        simulator.switch.drop(login, call.ref)


NAMES = {
    "call Bob Keller": ("1001", "en"),
    "Call Keller, Bob!": ("1001", "en"),
    "please phone bob keller please": ("1001", "en"),
    "call keller": ("1001", "en"),
    "call zoe muller ludenscheidt": ("1002", "en"),
    "call Zoë": ("1002", "en"),
    "call St. Mary": ("1003", "en"),
    "call st mary": ("1003", "en"),
    "call Mary": ("1003", "en"),
    "dial O'Neill": ("1004", "en"),
    "call Smith and Sons": ("1005", "en"),
    "call Smith & Sons Ltd.": ("1005", "en"),
    "call one zero zero one": ("1001", "en"),
    "call 1001": ("1001", "en"),
    "call 1,001": ("1001", "en"),
    "call ten zero one": ("1001", "en"),
    "call extension one oh oh one": ("1001", "en"),
    "make a call to Bob Keller": ("1001", "en"),
    "rufe Bob Keller an": ("1001", "de"),
    "Ruf bitte mal Frau Mary an": (None, "de"),
    "ruf eins null null eins an": ("1001", "de"),
    "wähle eintausendeins": ("1001", "de"),
    "Keller anrufen": ("1001", "de"),
    "rufe Smith und Sons an": ("1005", "de"),
    "appelle Bob Keller": ("1001", "fr"),
    "appelle un zéro zéro un": ("1001", "fr"),
    "téléphone à Mary s'il te plaît": ("1003", "fr"),
    "compose le mille un": ("1001", "fr"),
}


@pytest.mark.parametrize(
    ("text", "number", "language"), [(key, *value) for key, value in NAMES.items()], ids=list(NAMES)
)
async def test_calling(
    assist: HomeAssistant, office: MockConfigEntry, simulator: Simulator, text: str, number: str | None, language: str
) -> None:
    alice = device_of(assist, office, ALICE)
    assist.config_entries.async_update_entry(office, options={**office.options, "voice_line": alice})
    answer = await say(assist, text, language=language)
    if number is None:
        assert called(simulator) == []
        assert "Frau Mary" in answer
    else:
        assert called(simulator) == [number], answer


def device_of(hass: HomeAssistant, entry: MockConfigEntry, login: str) -> str:
    coordinator = entry.runtime_data
    device = dr.async_get(hass).async_get_device_by_identifier(coordinator.identifier(login), entry.entry_id)
    assert device is not None
    return str(device.id)


async def test_what_is_answered(assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator) -> None:
    assert await say(assist, "call Nobody Ever") == "I do not find Nobody Ever in any directory."
    assert called(simulator) == []


async def test_several_people(assist: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    assert await say(assist, "call Bob from Alice") == (
        "There are several: Bob Keller (1001), Bob O'Neill (1004). Say which one."
    )
    assert called(simulator) == []
    assert await say(assist, "call Bob Keller from Alice") == "Calling Bob Keller (1001) from Alice Martin."
    assert called(simulator) == ["1001"]


async def test_a_number_that_nobody_knows_is_confirmed(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    """By whom it was asked of, once, within a minute; and "yes" is ours only meanwhile."""
    manager = conversation.get_agent_manager(assist)
    before = len(manager.trigger_sentences)
    answer = await say(assist, "call 0 0 1 555 010 0199", device="kitchen")
    assert "is in no directory. Shall I call it from Alice Martin?" in answer
    assert called(simulator) == []
    assert len(manager.trigger_sentences) > before
    assert await say(assist, "yes", device="bathroom") == "There is nothing to confirm."
    assert called(simulator) == []
    assert (await say(assist, "Yes, please!", device="kitchen")).startswith("Calling ")
    assert called(simulator) == ["0015550100199"]
    assert len(manager.trigger_sentences) == before
    hang_up(simulator)
    await say(assist, "yes", device="kitchen")
    assert called(simulator) == []


async def test_no_means_no(assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator) -> None:
    for no, yes, language in (("no thanks", "yes", "en"), ("nein danke", "ja", "de"), ("non merci", "oui", "fr")):
        await say(assist, "call 0015550100199", language=language)
        await say(assist, no, language=language)
        await say(assist, yes, language=language)
        assert called(simulator) == []


async def test_a_confirmation_that_comes_too_late(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    manager = conversation.get_agent_manager(assist)
    before = len(manager.trigger_sentences)
    await say(assist, "call 0015550100199")
    async_fire_time_changed(assist, dt_util.utcnow() + timedelta(seconds=61))
    await assist.async_block_till_done()
    assert len(manager.trigger_sentences) == before
    await say(assist, "yes")
    assert called(simulator) == []


async def test_the_policy_holds_for_voice(assist: HomeAssistant, simulator: Simulator) -> None:
    await set_up(assist, make_entry(user(simulator), denied=["1001", "00*"]))
    answer = "This number may not be called. The options of the integration say which may."
    assert await say(assist, "call 1001") == answer
    await say(assist, "call 0015550100199")
    assert await say(assist, "yes") == answer
    assert called(simulator) == []
    assert await say(assist, "call 1003 1003 1003 1003 1003 1003 1003 1003 1003 1003 1003 1003 1003 1003") == (
        "This is not a number that can be called."
    )


async def test_which_telephone(assist: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    """Named, else that of the area, else that of the options; else it is asked for."""
    registry = dr.async_get(assist)
    kitchen = ar.async_get(assist).async_create("Kitchen")
    other = MockConfigEntry(domain="other")
    other.add_to_hass(assist)
    satellite = registry.async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "satellite")})
    registry.async_update_device(satellite.id, area_id=kitchen.id)

    assert "I do not know which telephone is meant." in await say(assist, "am I on a call", device=satellite.id)
    # the options
    options = {**office.options, "voice_line": device_of(assist, office, BOB)}
    assist.config_entries.async_update_entry(office, options=options)
    assert await say(assist, "am I on a call", device=satellite.id) == "Bob Keller is not on a call."
    # the area
    registry.async_update_device(device_of(assist, office, ALICE), area_id=kitchen.id)
    assert await say(assist, "am I on a call", device=satellite.id) == "Alice Martin is not on a call."
    assert await say(assist, "am I on a call") == "Bob Keller is not on a call."
    registry.async_update_device(device_of(assist, office, BOB), area_id=kitchen.id)
    answer = await say(assist, "am I on a call", device=satellite.id)
    assert answer == "Several telephones are possible: Alice Martin, Bob Keller. Name one of them."
    # the name
    assert await say(assist, "is Mary on the phone", device=satellite.id) == "St. Mary is not on a call."
    assert await say(assist, "is one zero zero three on the phone") == "St. Mary is not on a call."
    assert await say(assist, "is Nobody on the phone") == "There is no telephone of Nobody."


async def test_a_call_in_words(assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator) -> None:
    line = mine.runtime_data.pbx.lines[ALICE]
    assert await say(assist, "who is calling") == "Nobody is calling Alice Martin."
    assert await say(assist, "hang up") == "There is no call now that this can be done to."
    simulator.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    await until(lambda: line.calls)
    assert await say(assist, "who's calling me?") == "Bob Keller is calling Alice Martin."
    assert await say(assist, "Wer ruft an?", language="de-AT")
    assert await say(assist, "am I on a call") == "Alice Martin is ringing."
    assert await say(assist, "answer the phone") == "Answered for Alice Martin."
    await until(lambda: line.state.value == "busy" or line.calls[0].state.value == "active")
    assert await say(assist, "am I on the phone") == "Yes, Alice Martin is on a call with Bob Keller."
    assert await say(assist, "bin ich am Telefon", language="de")
    assert await say(assist, "hang up") == "Hung up for Alice Martin."
    await until(lambda: not line.calls)


class Timers:
    """The timers of quiet times, fired by hand: to fire all of Home Assistant's would end the connection, too."""

    def __init__(self) -> None:
        self.waiting: list[tuple[datetime, Callable[[datetime], Awaitable[None]]]] = []

    def track(
        self, hass: HomeAssistant, action: Callable[[datetime], Awaitable[None]], end: datetime
    ) -> Callable[[], None]:
        item = (end, action)
        self.waiting.append(item)
        return lambda: self.waiting.remove(item) if item in self.waiting else None

    async def at(self, **passed: int) -> None:
        now = dt_util.utcnow() + timedelta(**passed)
        for item in [one for one in self.waiting if one[0] <= now]:
            self.waiting.remove(item)
            await item[1](now)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    made = Timers()
    monkeypatch.setattr(quiet, "async_track_point_in_utc_time", made.track)
    return made


@pytest.mark.parametrize(
    ("text", "language", "minutes"),
    [
        ("do not disturb for an hour", "en", 60),
        ("do not disturb for ten minutes on Alice", "en", 10),
        ("nicht stören für eine halbe Stunde", "de", 30),
        ("schalte für zwei Stunden nicht stören ein", "de", 120),
        ("ne pas déranger pendant vingt minutes", "fr", 20),
        ("ne me dérangez pas pendant une heure", "fr", 60),
    ],
)
async def test_do_not_disturb_for_a_while(
    assist: HomeAssistant, mine: MockConfigEntry, timers: Timers, text: str, language: str, minutes: int
) -> None:
    line = mine.runtime_data.pbx.lines[ALICE]
    assert str(minutes) in await say(assist, text, language=language)
    await until(lambda: line.do_not_disturb is True)
    await timers.at(minutes=minutes - 1)
    assert line.do_not_disturb is True
    await timers.at(minutes=minutes + 1)
    await until(lambda: line.do_not_disturb is False)
    assert timers.waiting == []


async def test_do_not_disturb_for_good(assist: HomeAssistant, mine: MockConfigEntry, timers: Timers) -> None:
    line = mine.runtime_data.pbx.lines[ALICE]
    assert "how long" in await say(assist, "do not disturb for ever and ever")
    assert line.do_not_disturb is False
    await say(assist, "do not disturb for an hour")
    await until(lambda: line.do_not_disturb is True)
    assert await say(assist, "do not disturb") == "Alice Martin is not disturbed."
    assert timers.waiting == []
    assert await say(assist, "turn off do not disturb") == "Alice Martin can be disturbed again."
    await until(lambda: line.do_not_disturb is False)


async def test_what_somebody_set_since_is_left_alone(
    assist: HomeAssistant, mine: MockConfigEntry, timers: Timers
) -> None:
    line = mine.runtime_data.pbx.lines[ALICE]
    for _ in range(2):
        await say(assist, "do not disturb for an hour")
    await until(lambda: line.do_not_disturb is True)
    assert len(timers.waiting) == 1
    await line.set_do_not_disturb(False)
    await until(lambda: line.do_not_disturb is False)
    assert timers.waiting == []


async def test_a_while_ends_also_over_a_restart(
    assist: HomeAssistant, mine: MockConfigEntry, timers: Timers, hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """While the PBX is not there, or refuses, it is tried again every minute; what is gone is forgotten."""
    monkeypatch.setattr(quiet, "_SAVE", 0.0)
    await say(assist, "do not disturb for an hour")
    await until(lambda: "pbx.quiet_times" in hass_storage)
    stored = hass_storage["pbx.quiet_times"]["data"]["ends"]
    assert [(one["entry"], one["line"]) for one in stored] == [(mine.entry_id, ALICE)]
    stored.append({"entry": "gone", "line": ALICE, "end": stored[0]["end"]})
    stored.append({"entry": "gone", "line": ALICE, "end": "never"})
    timers.waiting.clear()  # the restart
    assert await assist.config_entries.async_unload(mine.entry_id)
    again = quiet.QuietTimes(assist)
    await again.load()
    assert len(timers.waiting) == 2
    await timers.at(minutes=61)
    assert len(timers.waiting) == 1
    assert await assist.config_entries.async_setup(mine.entry_id)
    line = mine.runtime_data.pbx.lines[ALICE]
    assert line.do_not_disturb is True
    with patch.object(Line, "set_do_not_disturb", side_effect=PbxError("refused")):
        await timers.at(minutes=62)
    assert len(timers.waiting) == 1
    await timers.at(minutes=63)
    await until(lambda: line.do_not_disturb is False)
    assert timers.waiting == []


async def test_counts(assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator) -> None:
    simulator.switch.mailboxes.leave(ALICE)
    line = mine.runtime_data.pbx.lines[ALICE]
    await until(lambda: line.counters.voicemails == 1)
    assert await say(assist, "do I have any voicemails") == "Alice Martin has 1 new voicemails."
    assert await say(assist, "who called me") == "Alice Martin has 0 missed calls."


async def test_switched_off(assist: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(assist, make_entry(user(simulator), voice=False))
    assert conversation.get_agent_manager(assist).trigger_sentences == []
    result = await intent.async_handle(assist, "test", "PbxOnCall", {})
    assert "switched off" in result.speech["plain"]["speech"]
    assert entry.runtime_data.last_update_success


async def test_sentences_go_with_the_last_entry(assist: HomeAssistant, simulator: Simulator) -> None:
    manager = conversation.get_agent_manager(assist)
    entry = await set_up(assist, make_entry(user(simulator)))
    assert manager.trigger_sentences
    await say(assist, "call 0015550100199")
    assert await assist.config_entries.async_unload(entry.entry_id)
    assert manager.trigger_sentences == []
    assert not voice.confirmations(assist)


async def test_sentences_come_with_conversation(home: HomeAssistant, simulator: Simulator) -> None:
    """Whichever is loaded first."""
    await set_up(home, make_entry(user(simulator)))
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(home, component, {})
    await home.async_block_till_done()
    assert await say(home, "am I on a call") == "Alice Martin is not on a call."


async def test_ten_thousand_names_block_nothing(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    contacts = mine.runtime_data.pbx.contacts
    for index in range(10_000):
        contacts.add(f"001555{1_000_000 + index}", f"Person{index}, Anna Nr. {index}")
    await say(assist, "am I on a call")  # loads the intents
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # of this thread alone, however busy the machine is
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        started = asyncio.get_running_loop().time()
        assert (await say(assist, "call anna person7654")).startswith("Calling Person7654, Anna Nr. 7654 ")
        hang_up(simulator)
        assert (await say(assist, "call double zero one triple five one double zero seven six five four")).startswith(
            "Calling Person7654"
        )
        took = asyncio.get_running_loop().time() - started
    finally:
        watching.cancel()
    assert called(simulator) == ["0015551007654"]
    assert took < 5
    assert longest < 0.1, longest


async def test_the_name_may_have_the_word_that_names_a_line(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    mine.runtime_data.pbx.contacts.add("1003", "Erin from Accounting")
    assert (await say(assist, "call Erin from Accounting")).startswith("Calling Erin from Accounting ")
    assert called(simulator) == ["1003"]
    hang_up(simulator)
    # by its number it has the name of the phone book
    assert (await say(assist, "call one zero zero three")).startswith("Calling Erin from Accounting ")
    # a slot of another agent's own making has nothing to be joined
    result = await intent.async_handle(
        assist, "test", "PbxCall", {"who": {"value": "Erin"}, "line": {"value": "Nowhere"}}, context=Context()
    )
    assert result.speech["plain"]["speech"] == "There is no telephone of Nowhere."


async def test_the_directory_of_the_pbx_is_asked_last(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's own entry has one line: the others are in the directory alone."""
    assert Feature.DIRECTORY in mine.runtime_data.pbx.lines[ALICE].features
    assert await say(assist, "call O'Neill") == "Calling Bob O'Neill (1004) from Alice Martin."
    hang_up(simulator)
    assert await say(assist, "call one zero zero four") == "Calling Bob O'Neill (1004) from Alice Martin."
    hang_up(simulator)
    assert await say(assist, "call ...") != ""
    # one that does not answer in time has nobody, and the number is asked about
    monkeypatch.setattr(people, "SEARCH_SECONDS", 0.0)
    assert await say(assist, "call O'Neill") == "I do not find O'Neill in any directory."
    assert "Shall I call it" in await say(assist, "call one zero zero four")
    assert people.matching("!", [("Anna", "1")]) == []
    assert called(simulator) == []


async def test_a_satellite_in_a_room(assist: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    """The area of its entity counts before that of its device."""
    kitchen = ar.async_get(assist).async_create("Kitchen")
    dr.async_get(assist).async_update_device(device_of(assist, office, ALICE), area_id=kitchen.id)
    registry = er.async_get(assist)
    satellite = registry.async_get_or_create("assist_satellite", "other", "satellite")
    registry.async_update_entity(satellite.entity_id, area_id=kitchen.id)
    result = await intent.async_handle(assist, "test", "PbxOnCall", {}, satellite_id=satellite.entity_id)
    assert result.speech["plain"]["speech"] == "Alice Martin is not on a call."


async def test_what_a_system_does_not_offer(assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator) -> None:
    coordinator = mine.runtime_data
    pair = (coordinator, coordinator.pbx.lines[ALICE])
    with pytest.raises(voice.Answer, match="voice_cannot"):
        voice.require(pair, Feature.CALLER_ID)
    coordinator.last_update_success = False
    assert await say(assist, "hang up") == "There is no connection to Office at the moment."
    coordinator.last_update_success = True
    with patch.object(Line, "set_do_not_disturb", side_effect=PbxError("busy")):
        assert await say(assist, "do not disturb") == (
            "The telephone system did not do it. Please try again in a moment."
        )
    with patch.object(Line, "state", LineState.UNKNOWN):
        assert await say(assist, "am I on a call") == "The telephone system does not say what Alice Martin is doing."
    with patch.object(Line, "counters", Counters()):
        assert await say(assist, "who called") == "The telephone system does not say."


async def test_a_confirmation_for_a_telephone_that_is_gone(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    person = people.Person(number="0015550199", shown="0015550199", known=False)
    voice.confirmations(assist).ask(voice.Speaker(context_id="1"), "gone", ALICE, person)
    assert "No telephone system is connected" in await say(assist, "yes")
    voice.confirmations(assist).ask(voice.Speaker(context_id="1"), mine.entry_id, ALICE, person)
    assert await say(assist, "no") == "All right, I do not call."
    assert called(simulator) == []


async def test_answers_are_in_the_language_of_the_sentence(
    assist: HomeAssistant, mine: MockConfigEntry, simulator: Simulator
) -> None:
    english = await voice.texts(assist, "en")
    for language in ("de", "fr"):
        texts = await voice.texts(assist, f"{language}-CH")
        for key, text in english.items():
            if key.startswith("voice_"):
                assert texts[key] != text, key
                assert set(re.findall(r"{\w+}", texts[key])) == set(re.findall(r"{\w+}", text)), key
    assert await voice.texts(assist, "nl") == english
    assert await say(assist, "bin ich am Telefon", language="de") == "Alice Martin telefoniert nicht."
    assert await say(assist, "suis-je en ligne", language="fr") == "Alice Martin n\u2019est pas en ligne."
