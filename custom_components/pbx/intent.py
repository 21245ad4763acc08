"""Intents: what can be said to the telephones. The sentences are in ``sentences.py``; other agents may use these."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent

from .aiopbx import Action, CallState, Feature, InvalidInput, LineState, PbxError, PolicyViolation
from .calls import calls_by_engagement, find_target, label_of
from .const import CONF_VOICE
from .quiet import quiet_times
from .spoken import spoken_seconds
from .voice import Answer, Found, Speaker, call, choose_line, confirm, confirmations, coordinators, require, said

_LONGEST: Final = 60
"""Characters of a caller's name that are spoken."""


def speaker_of(item: intent.Intent) -> Speaker:
    """Return who speaks."""
    return Speaker(
        context_id=item.context.id,
        user_id=item.context.user_id,
        device_id=item.device_id,
        satellite_id=item.satellite_id,
        language=item.language,
    )


type Spoken = tuple[str, dict[str, Any]]
"""What is answered: the key of a text, and its words."""
type Doing = Callable[[HomeAssistant, Speaker, dict[str, str]], Awaitable[Spoken]]


def _line(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Found:
    return choose_line(hass, coordinators(hass, CONF_VOICE), speaker, slots.get("line"))


async def _call(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    who, line = slots["who"], slots.get("line")
    try:
        found = _line(hass, speaker, slots)
    except Answer:
        if line is None or "joined" not in slots:
            raise
        # "call Bob from Accounting": it was part of the name
        who, slots = slots["joined"], {}
        found = _line(hass, speaker, slots)
    person = await call(hass, found, speaker, who)
    return "voice_calling", {"who": person.label, "line": label_of(found[1].snapshot)}


async def _confirm(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    person = await confirm(hass, speaker)
    return "voice_calling_confirmed", {"who": person.label}


async def _cancel(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    if confirmations(hass).take(speaker) is None:
        raise Answer("voice_nothing_to_confirm")
    return "voice_not_called", {}


async def _answer(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.ANSWER)
    await find_target(line, Action.ANSWER).answer()
    return "voice_answered", {"line": label_of(line.snapshot)}


async def _hang_up(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.HANG_UP)
    await find_target(line, Action.HANG_UP, Action.END).hang_up()
    return "voice_hung_up", {"line": label_of(line.snapshot)}


async def _on_call(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.CALL_EVENTS)
    name = label_of(line.snapshot)
    for item in calls_by_engagement(line.snapshot):
        if item.state in (CallState.ACTIVE, CallState.HELD):
            return "voice_on_call", {"line": name, "who": await _party(hass, speaker, item.party)}
    if line.state is LineState.UNKNOWN:
        return "voice_unknown", {"line": name}
    return ("voice_ringing" if line.calls else "voice_no_call"), {"line": name}


async def _who(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.CALL_EVENTS)
    for item in calls_by_engagement(line.snapshot):
        if item.state is CallState.RINGING_INCOMING:
            who = await _party(hass, speaker, item.party)
            return "voice_caller", {"line": label_of(line.snapshot), "who": who}
    return "voice_nobody_calls", {"line": label_of(line.snapshot)}


async def _do_not_disturb(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    found = _line(hass, speaker, slots)
    line = require(found, Feature.DO_NOT_DISTURB)
    times, entry_id = await quiet_times(hass), found[0].config_entry.entry_id
    name = label_of(line.snapshot)
    if (duration := slots.get("duration")) is None:
        times.forget(entry_id, line.id)
        await line.set_do_not_disturb(True)
        return "voice_quiet", {"line": name}
    seconds = spoken_seconds(duration)
    if seconds is None:
        raise Answer("voice_how_long", duration=duration[:_LONGEST])
    await times.begin(entry_id, line, seconds)
    return "voice_quiet_for", {"line": name, "minutes": max(1, round(seconds / 60))}


async def _disturb(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    found = _line(hass, speaker, slots)
    line = require(found, Feature.DO_NOT_DISTURB)
    (await quiet_times(hass)).forget(found[0].config_entry.entry_id, line.id)
    await line.set_do_not_disturb(False)
    return "voice_not_quiet", {"line": label_of(line.snapshot)}


async def _missed(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.COUNTERS)
    return "voice_missed", {"line": label_of(line.snapshot), "count": _count(line.counters.missed_calls)}


async def _voicemails(hass: HomeAssistant, speaker: Speaker, slots: dict[str, str]) -> Spoken:
    line = require(_line(hass, speaker, slots), Feature.COUNTERS)
    return "voice_voicemails", {"line": label_of(line.snapshot), "count": _count(line.counters.voicemails)}


def _count(count: int | None) -> int:
    if count is None:
        raise Answer("voice_not_known")
    return count


async def _party(hass: HomeAssistant, speaker: Speaker, party: Any) -> str:
    """Return who somebody is, as it is spoken."""
    name = (party.name or party.number) if party is not None and not party.anonymous else None
    return (name or await said(hass, speaker.language, "voice_someone"))[:_LONGEST]


class PbxIntent(intent.IntentHandler):
    """One of them."""

    def __init__(
        self, kind: str, doing: Doing, description: str, *required: str, optional: tuple[str, ...] = ()
    ) -> None:
        """Do this, with these slots."""
        self.intent_type = kind
        self.description = description
        self._doing = doing
        self._required = required
        self._optional = optional

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """The slots: text, all of them."""
        return {
            **{vol.Required(name): intent.non_empty_string for name in self._required},
            **{vol.Optional(name): intent.non_empty_string for name in self._optional},
        }

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Do it, and say what came of it."""
        hass, speaker = intent_obj.hass, speaker_of(intent_obj)
        slots = {
            name: str(slot["value"]).strip()
            for name, slot in self.async_validate_slots(intent_obj.slots).items()
            if name in (*self._required, *self._optional)
        }
        response = intent_obj.create_response()
        try:
            key, words = await self._doing(hass, speaker, slots)
        except Answer as answer:
            text = await said(hass, speaker.language, answer.key, **answer.words)
            if answer.asks:
                response.async_set_speech(text)
            else:
                response.async_set_error(intent.IntentResponseErrorCode.NO_VALID_TARGETS, text)
        except (PbxError, HomeAssistantError) as err:
            text = await said(hass, speaker.language, _failed(err))
            response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, text)
        else:
            response.async_set_speech(await said(hass, speaker.language, key, **words))
        return response


def _failed(err: Exception) -> str:
    """Return the text for an error: short, because it is spoken."""
    match err:
        case PolicyViolation():
            return "voice_forbidden"
        case InvalidInput():
            return "voice_no_number"
        case HomeAssistantError():
            return "voice_no_such_call"
        case _:
            return "voice_failed"


_LINE: Final = ("line",)
INTENTS: Final = (
    PbxIntent("PbxCall", _call, "Calls somebody by name or number", "who", optional=("line", "joined")),
    PbxIntent("PbxConfirm", _confirm, "Makes the call that was asked about"),
    PbxIntent("PbxCancel", _cancel, "Does not make the call that was asked about"),
    PbxIntent("PbxAnswer", _answer, "Answers the call that is ringing", optional=_LINE),
    PbxIntent("PbxHangUp", _hang_up, "Hangs up", optional=_LINE),
    PbxIntent("PbxOnCall", _on_call, "Says whether a telephone is on a call", optional=_LINE),
    PbxIntent("PbxWhoIsCalling", _who, "Says who is calling", optional=_LINE),
    PbxIntent("PbxDoNotDisturb", _do_not_disturb, "Sets do not disturb, for a while or for good",
              optional=("line", "duration")),
    PbxIntent("PbxDisturb", _disturb, "Ends do not disturb", optional=_LINE),
    PbxIntent("PbxMissedCalls", _missed, "Says how many calls were missed", optional=_LINE),
    PbxIntent("PbxVoicemails", _voicemails, "Says how many voicemails are new", optional=_LINE),
)  # fmt: skip


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents. Home Assistant asks when it loads its own."""
    for handler in INTENTS:
        intent.async_register(hass, handler)
