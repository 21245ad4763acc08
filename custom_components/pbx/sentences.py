"""The sentences that Assist understands, in English, German and French, and how they get there.

An integration cannot put files into ``custom_sentences``, and no one should have to. Home Assistant takes sentences of
automations at any time, whichever agent a pipeline uses; ours are registered in the same way. What is in braces may be
anything: who is meant by it is found out here, not by hassil.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .voice import confirmations

if TYPE_CHECKING:
    from homeassistant.components.conversation import ConversationInput

# Of the sentences of an intent, the first that fits is taken: the longer ones come first.
SENTENCES: Final[dict[str, dict[str, list[str]]]] = {
    "en": {
        "PbxCall": [
            "(call|phone|dial|ring) {who} (from|with) {line}",
            "[please] (call|phone|dial) {who} please",
            "[please] (call|phone|dial) {who}",
            "make a [phone] call to {who}",
        ],
        "PbxAnswer": [
            "(answer|pick up|take) the (phone|telephone|call) (for|of) {line}",
            "(answer|pick up|take) [the] (phone|telephone|call)",
        ],
        "PbxHangUp": [
            "hang up (for|of) {line}",
            "hang up [the] [phone|telephone|call]",
            "end [the|my] [phone] call",
        ],
        "PbxOnCall": ["am I on (a|the) (call|phone)", "is {line} on (a|the) (call|phone)"],
        "PbxWhoIsCalling": ["(who is|who's) (calling|ringing|on the phone) [me]"],
        "PbxDoNotDisturb": [
            "do not disturb for {duration} on {line}",
            "[set|turn on] (do not disturb|don't disturb [me]) for {duration}",
            "(set|turn on|switch on) do not disturb (for|on) the (phone|telephone) of {line}",
            "[set|turn on|switch on] do not disturb",
            "(don't|do not) disturb me",
        ],
        "PbxDisturb": [
            "(turn off|switch off|end|stop|cancel) do not disturb (for|of) {line}",
            "(turn off|switch off|end|stop|cancel) do not disturb",
        ],
        "PbxMissedCalls": ["(how many|do I have [any]|have I) missed [any] calls", "who called [me]",
                           "how many calls (did|have) I miss[ed]"],
        "PbxVoicemails": ["(do I have|are there) [any] [new] (voicemails|voicemail|messages on the phone)",
                          "how many [new] voicemails (do I have|are there)"],
        "PbxConfirm": ["yes [please|call]", "call", "(go ahead|do it|confirm)"],
        "PbxCancel": ["no [thanks|thank you]", "(do not|don't) call", "cancel"],
    },
    "de": {
        "PbxCall": [
            "(ruf|rufe|wähl|wähle) {who} (von|mit|über) {line} an",
            "[bitte] (ruf|rufe) [bitte] [mal] {who} an",
            "(wähle|wähl) [bitte] [die Nummer] {who}",
            "{who} anrufen",
        ],
        "PbxAnswer": [
            "(nimm|nehme) (das Gespräch|den Anruf|das Telefon) (für|von) {line} an",
            "(nimm|nehme) (das Gespräch|den Anruf|das Telefon) an",
            "[geh|gehe] ans Telefon [gehen]",
            "(Anruf|Gespräch) annehmen",
            "heb ab",
        ],
        "PbxHangUp": ["(lege|leg) [das Telefon|das Gespräch] (für|von) {line} auf", "(lege|leg) [das Telefon] auf",
                      "auflegen", "beende (das Gespräch|das Telefonat|den Anruf)"],
        "PbxOnCall": ["(telefoniere ich [gerade]|bin ich [gerade] am (Telefon|Telefonieren))",
                      "telefoniert {line} [gerade]", "ist {line} am Telefon"],
        "PbxWhoIsCalling": ["wer ruft [mich] [gerade] an", "wer ist am Telefon"],
        "PbxDoNotDisturb": [
            "[bitte] nicht stören für {duration} bei {line}",
            "[bitte] [schalte] [für] {duration} nicht stören [ein]",
            "[bitte] nicht stören für {duration}",
            "(schalte|stelle) nicht stören (für|bei) {line} ein",
            "[schalte|stelle] [bitte] nicht stören [ein]",
        ],
        "PbxDisturb": ["(schalte|stelle) nicht stören (für|bei) {line} aus", "(schalte|stelle) nicht stören aus",
                       "nicht stören (aus|ausschalten|beenden)"],
        "PbxMissedCalls": ["wie viele Anrufe habe ich verpasst", "habe ich [einen] (Anruf|Anrufe) verpasst",
                           "wer hat [mich] angerufen"],
        "PbxVoicemails": ["habe ich [neue] (Sprachnachrichten|Nachrichten auf dem Anrufbeantworter)",
                          "wie viele [neue] Sprachnachrichten habe ich"],
        "PbxConfirm": ["ja [bitte|anrufen]", "anrufen", "(mach das|bestätigen)"],
        "PbxCancel": ["nein [danke]", "nicht anrufen", "abbrechen"],
    },
    "fr": {
        "PbxCall": [
            "(appelle|appeler|appelez) {who} (depuis|avec) {line}",
            "(appelle|appeler|appelez|téléphone à|téléphoner à) {who} s'il te plaît",
            "(appelle|appeler|appelez|téléphone à|téléphoner à|compose [le]) {who}",
        ],
        "PbxAnswer": ["(réponds|répondre|décroche|décrocher) (pour) {line}",
                      "(réponds|répondre) (au téléphone|à l'appel)", "(décroche|décrocher) [le téléphone]"],
        "PbxHangUp": ["(raccroche|raccrocher) pour {line}", "(raccroche|raccrocher) [le téléphone]",
                      "(termine|terminer) l'appel"],
        "PbxOnCall": ["(suis-je|est-ce que je suis) (en ligne|en communication|au téléphone)",
                      "est-ce que {line} est (en ligne|en communication|au téléphone)"],
        "PbxWhoIsCalling": ["qui (appelle|m'appelle)", "qui est au téléphone", "qui est-ce qui (appelle|m'appelle)"],
        "PbxDoNotDisturb": [
            "ne pas déranger (pendant|pour) {duration} (sur|chez) {line}",
            "[active] ne pas déranger (pendant|pour) {duration}",
            "ne me dérange[z] pas (pendant|pour) {duration}",
            "(active|activer) ne pas déranger (pour|chez) {line}",
            "[active|activer] ne pas déranger",
            "ne me dérange[z] pas",
        ],
        "PbxDisturb": ["(désactive|désactiver|arrête) ne pas déranger (pour|chez) {line}",
                       "(désactive|désactiver|arrête) ne pas déranger"],
        "PbxMissedCalls": ["combien d'appels ai-je manqués", "(ai-je|est-ce que j'ai) manqué des appels",
                           "qui a appelé"],
        "PbxVoicemails": ["(ai-je|est-ce que j'ai) des messages vocaux", "combien de messages vocaux ai-je"],
        "PbxConfirm": ["oui [s'il te plaît|appelle]", "(vas-y|confirme)"],
        "PbxCancel": ["non [merci]", "n'appelle pas", "annule"],
    },
}  # fmt: skip
_CONFIRMING: Final = ("PbxConfirm", "PbxCancel")
"""Understood only while a confirmation is waited for: "yes" belongs to others else."""


class Sentences:
    """Ours, while any entry wants them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """None is registered yet."""
        self._hass = hass
        self._users = 0
        self._always: list[CALLBACK_TYPE] = []
        self._while_asked: list[CALLBACK_TYPE] = []
        self._ready = False
        confirmations(hass).on_change = self._update
        async_when_setup(hass, "conversation", self._on_ready)

    @callback
    def acquire(self) -> CALLBACK_TYPE:
        """Register them for an entry; returns what ends this."""
        self._users += 1
        self._update()

        @callback
        def release() -> None:
            self._users -= 1
            if not self._users:
                confirmations(self._hass).forget()
            self._update()

        return release

    async def _on_ready(self, hass: HomeAssistant, component: str) -> None:
        self._ready = True
        self._update()

    def _update(self) -> None:
        """Register what should be, and no more."""
        wanted = self._ready and self._users > 0
        self._set(self._always, wanted, lambda name: name not in _CONFIRMING)
        asked = wanted and bool(confirmations(self._hass))
        self._set(self._while_asked, asked, lambda name: name in _CONFIRMING)

    def _set(self, registered: list[CALLBACK_TYPE], wanted: bool, of: Callable[[str], bool]) -> None:
        if wanted is bool(registered):
            return
        if not wanted:
            for stop in registered:
                stop()
            registered.clear()
            return
        for sentences in SENTENCES.values():
            registered += [_register(self._hass, name, texts) for name, texts in sentences.items() if of(name)]


def _register(hass: HomeAssistant, name: str, sentences: list[str]) -> CALLBACK_TYPE:
    """Let sentences trigger an intent."""
    # Only where it has been set up is what it needs installed.
    from homeassistant.components.conversation.agent_manager import get_agent_manager

    async def handle(spoken: ConversationInput, result: Any) -> str | None:
        slots = {key: str(entity.text or entity.value).strip() for key, entity in result.entities.items()}
        if "who" in slots and "line" in slots:
            # what was said in between, as it was: "call Bob from Accounting" may mean one person
            slots["joined"] = spoken.text[spoken.text.lower().find(slots["who"].lower()) :].rstrip(".!? ")
        response = await intent.async_handle(
            hass, DOMAIN, name, {key: {"value": text} for key, text in slots.items()}, spoken.text, spoken.context,
            spoken.language, assistant="conversation", device_id=spoken.device_id, satellite_id=spoken.satellite_id,
            conversation_agent_id=spoken.agent_id,
        )  # fmt: skip
        speech: str = response.speech["plain"]["speech"]
        return speech

    return get_agent_manager(hass).register_trigger(sentences, handle)


_SENTENCES: HassKey[Sentences] = HassKey(f"{DOMAIN}_sentences")


@callback
def async_use_sentences(hass: HomeAssistant) -> CALLBACK_TYPE:
    """Let an entry have the sentences; returns what ends this."""
    if (found := hass.data.get(_SENTENCES)) is None:
        found = hass.data[_SENTENCES] = Sentences(hass)
    return found.acquire()
