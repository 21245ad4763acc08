"""The options of voicemails, voice and language models: the part of the form that is theirs."""

from typing import Any

import voluptuous as vol
from homeassistant.helpers import selector

from .const import CONF_LLM_COMMANDS, CONF_LLM_READ, CONF_MARK_READ, CONF_VOICE, CONF_VOICE_LINE, DOMAIN, KIND_MYISTRA


def assist_fields(kind: str) -> dict[vol.Marker, Any]:
    """Return the fields for an entry of this kind."""
    fields: dict[vol.Marker, Any] = {}
    if kind == KIND_MYISTRA:
        # O2G marks a message as read whenever its sound is fetched: there is nothing to choose.
        fields[vol.Required(CONF_MARK_READ, default=True)] = selector.BooleanSelector()
    return fields | {
        vol.Required(CONF_VOICE, default=True): selector.BooleanSelector(),
        # A device and not a list of lines: its selector searches, also in 10,000.
        vol.Optional(CONF_VOICE_LINE): selector.DeviceSelector({"filter": [{"integration": DOMAIN}]}),
        vol.Required(CONF_LLM_READ, default=False): selector.BooleanSelector(),
        vol.Required(CONF_LLM_COMMANDS, default=False): selector.BooleanSelector(),
    }
