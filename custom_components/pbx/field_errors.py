"""What is said of the fields of an action that are missing, unknown or of the wrong shape.

Home Assistant shows what a schema says, which is English and does not know how the form calls a field. So the schemas
stand behind a function that says it in sentences of the translations, before anything is done.
"""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .errors import invalid

# What is typed into these is repeated nowhere.
_SECRET: Final = frozenset({"pin", "secret_code", "business_code", "password"})
_LONGEST: Final = 60
_MOST_KNOWN: Final = 30


class NeedsText(vol.Invalid):
    """A number where text has to be: a + before it and zeros at its beginning are lost."""


def field_name(hass: HomeAssistant, action: str, field: str) -> str:
    """Return what the form of an action calls a field, in Home Assistant's language; else its key."""
    names = async_get_cached_translations(hass, hass.config.language, "services", DOMAIN)
    return names.get(f"component.{DOMAIN}.services.{action}.fields.{field}.name", field)


def in_words(hass: HomeAssistant, action: str, schema: vol.Schema) -> vol.Schema:
    """Return the schema, with errors that name the field as the form does."""

    def check(data: Any) -> Any:
        try:
            return schema(data)
        except vol.Invalid as err:
            first = err.errors[0] if isinstance(err, vol.MultipleInvalid) else err
            raise _sentence(hass, action, schema, first, data) from err

    return vol.Schema(check)


def _sentence(
    hass: HomeAssistant, action: str, schema: vol.Schema, err: vol.Invalid, data: Mapping[str, Any]
) -> ServiceValidationError:
    """Return the sentence that says what is wrong with a field, and what it may be."""
    if isinstance(err, vol.ExclusiveInvalid):
        return invalid("number_and_held_call")
    path = [str(part) for part in err.path]
    key = path[0] if path else ""
    # Within a list of things, such as skills, what is wrong is named as well.
    inner = [part for part in path[1:] if not part.isdecimal()]
    words = {"field": ", ".join([field_name(hass, action, key), *inner])}
    if isinstance(err, vol.RequiredFieldInvalid):
        return invalid("field_missing", **words)
    if err.code == "extra_keys_not_allowed":
        known = ", ".join(sorted(map(str, schema.schema))[:_MOST_KNOWN])
        return invalid("field_unknown", **words, known=known)
    if isinstance(err, vol.RangeInvalid):
        limits = err.placeholders
        if "max" in limits:
            return invalid("field_too_large", **words, limit=str(limits["max"]))
        return invalid("field_too_small", **words, limit=str(limits["min"]))
    words["value"] = "***" if _SECRET.intersection(path) else _short(_found(data, err.path))
    if isinstance(err, vol.InInvalid):
        return invalid("field_choice", **words, choices=", ".join(map(str, err.placeholders["values"])))
    return invalid("field_needs_text" if isinstance(err, NeedsText) else "field_wrong", **words)


def _found(data: Any, path: list[Any]) -> Any:
    """Return the value that the path of an error leads to; where the schema has made a list of it, the whole."""
    for part in path:
        if isinstance(data, str):
            break
        try:
            data = data[part]
        except KeyError, IndexError, TypeError:
            break
    return data


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
