"""The forms of the flows: their fields and sections, and the way from what was filled in to the data of an entry.

The data of an entry are flat; the sections are there for people only. Errors of a field in a section are shown at the
section, because that is where the frontend shows them, so their sentences name the field.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector

from .aiopbx import AvailableLine
from .const import (
    CONF_ALL_LINES,
    CONF_CA_FILE,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_ENTERPRISE,
    CONF_EVENT_PORT,
    CONF_LINES,
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_SYSTEM_NAME,
    CONF_TLS,
    CONF_TOPIC_PREFIX,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
    CONF_USERNAME,
    KIND_ADMINISTRATOR,
    KIND_BRIDGE,
    KIND_MYCRM,
    KIND_MYISTRA,
    KIND_MYRCC,
    KIND_USER,
    TLS_CHOICES,
    TLS_VERIFY,
)
from .people import words_of

SECTION_SECURITY: Final = "security"
SECTION_NETWORK: Final = "network"
SECTION_CLIENT: Final = "client"

CONF_SEARCH: Final = "search"
CONF_PAGE: Final = "page"

PAGE_OF_LINES: Final = 100
"""How many lines a form lists at once. A list of ten thousand takes a browser seconds to open, and no one reads it."""

TEXT: Final = selector.TextSelector()
TEXTS: Final = selector.TextSelector(selector.TextSelectorConfig(multiple=True))
_URL: Final = selector.TextSelector(selector.TextSelectorConfig(type=selector.TextSelectorType.URL))
_USERNAME: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.TEXT, autocomplete="username")
)
_PASSWORD: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="current-password")
)
_ONCE: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="one-time-code")
)
_PORT: Final = selector.NumberSelector(
    selector.NumberSelectorConfig(min=1, max=65535, step=1, mode=selector.NumberSelectorMode.BOX)
)

_ACCOUNT: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_URL): _URL,
    vol.Required(CONF_USERNAME): _USERNAME,
    vol.Required(CONF_PASSWORD): _PASSWORD,
}
_SECURITY: Final[dict[vol.Marker, Any]] = {
    vol.Required(SECTION_SECURITY): section(
        vol.Schema(
            {
                vol.Required(CONF_TLS, default=TLS_VERIFY): selector.SelectSelector(
                    selector.SelectSelectorConfig(options=TLS_CHOICES, translation_key="tls")
                ),
                vol.Optional(CONF_CA_FILE): TEXT,
            }
        ),
        {"collapsed": True},
    )
}
_BRIDGE: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_URL): _URL,
    vol.Optional(CONF_SYSTEM_NAME): TEXT,
    # A broker may know who asks by the certificate.
    vol.Optional(CONF_USERNAME): _USERNAME,
    vol.Optional(CONF_PASSWORD): _PASSWORD,
    vol.Optional(CONF_TOPIC_PREFIX): TEXT,
    **_SECURITY,
    vol.Required(SECTION_CLIENT): section(
        vol.Schema({vol.Optional(CONF_CLIENT_CERTIFICATE): TEXT, vol.Optional(CONF_CLIENT_KEY): TEXT}),
        {"collapsed": True},
    ),
}
_NETWORK: Final[dict[vol.Marker, Any]] = {
    vol.Required(SECTION_NETWORK): section(
        vol.Schema(
            {
                vol.Optional(CONF_SECONDARY_URL): _URL,
                vol.Optional(CONF_USE_GIVEN_ADDRESS): selector.BooleanSelector(),
                vol.Optional(CONF_EVENT_PORT): _PORT,
            }
        ),
        {"collapsed": True},
    )
}
_O2G_SCHEMA: Final = vol.Schema({**_ACCOUNT, **_SECURITY, **_NETWORK})
_ISTRA_SCHEMA: Final = vol.Schema({**_ACCOUNT, **_SECURITY})
ACCOUNT_SCHEMAS: Final = {
    KIND_USER: _O2G_SCHEMA,
    KIND_ADMINISTRATOR: _O2G_SCHEMA,
    KIND_MYRCC: vol.Schema({**_ACCOUNT, vol.Required(CONF_ENTERPRISE): TEXT, **_SECURITY}),
    KIND_MYCRM: _ISTRA_SCHEMA,
    KIND_MYISTRA: _ISTRA_SCHEMA,
    KIND_BRIDGE: vol.Schema(_BRIDGE),
}
"""The fields of each kind of account; the kind is also the id of the step."""
SECOND_SCHEMA: Final = vol.Schema({vol.Required(CONF_SECOND_PASSWORD): _ONCE})
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})

SECTION_OF: Final = {
    CONF_TLS: SECTION_SECURITY,
    CONF_CA_FILE: SECTION_SECURITY,
    CONF_CLIENT_CERTIFICATE: SECTION_CLIENT,
    CONF_CLIENT_KEY: SECTION_CLIENT,
    CONF_SECONDARY_URL: SECTION_NETWORK,
    CONF_USE_GIVEN_ADDRESS: SECTION_NETWORK,
    CONF_EVENT_PORT: SECTION_NETWORK,
}
"""In which section of the forms of accounts a field is."""


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was filled in without its sections, texts stripped, and without the fields that were left empty."""
    found: dict[str, Any] = {}
    for key, value in user_input.items():
        if isinstance(value, Mapping):
            found |= flat(value)
        else:
            found[key] = value.strip() if isinstance(value, str) and key != CONF_PASSWORD else value
    return {key: value for key, value in found.items() if value != ""}


def sectioned(values: Mapping[str, Any], sections: Mapping[str, str]) -> dict[str, Any]:
    """Return flat values in their sections, to fill a form in with."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if (name := sections.get(key)) is not None:
            found.setdefault(name, {})[key] = value
        else:
            found[key] = value
    return found


# -------------------------------------------------------------------------------------------------------------- lines


def label(line: AvailableLine, names: Counter[str]) -> str:
    """Return the label of a line in a list; terminals of the same model have their ids added."""
    if line.number or not line.name:
        return " · ".join(filter(None, (line.number, line.name or line.id)))
    return f"{line.name} ({line.id})" if names[line.name] > 1 else line.name


def matching(lines: Iterable[AvailableLine], search: str) -> list[AvailableLine]:
    """Return the lines in whose number, name or id every word of a search is, in the order of their numbers."""
    words = search.casefold().split()
    found = [
        line for line in lines if all(word in f"{line.number}\n{line.name}\n{line.id}".casefold() for word in words)
    ]
    return sorted(found, key=lambda line: (line.number, line.id))


def pages_of(found: int) -> int:
    """Return over how many pages of a form so many lines go."""
    return max(1, -(-found // PAGE_OF_LINES))


def lines_schema(
    lines: tuple[AvailableLine, ...], *, search: str = "", page: int = 1, chosen: Iterable[str] = ()
) -> dict[vol.Marker, Any]:
    """Return the fields that choose lines: all of them in a list where they are few, else a page of a search.

    Those that are chosen are always listed, so that a search loses none. Numbers, names and ids can be typed as well.
    """
    names = Counter(line.name for line in lines)
    kept = set(chosen)
    found = matching(lines, search)
    listed = found[(page - 1) * PAGE_OF_LINES : page * PAGE_OF_LINES]
    there = {line.id for line in listed}
    listed = [line for line in matching(lines, "") if line.id in kept and line.id not in there] + listed
    fields: dict[vol.Marker, Any] = {vol.Required(CONF_ALL_LINES, default=True): selector.BooleanSelector()}
    if len(lines) > PAGE_OF_LINES:
        fields[vol.Optional(CONF_SEARCH)] = TEXT
        if (pages := pages_of(len(found))) > 1:
            fields[vol.Optional(CONF_PAGE, default=page)] = selector.NumberSelector(
                selector.NumberSelectorConfig(min=1, max=pages, step=1, mode=selector.NumberSelectorMode.BOX)
            )
    fields[vol.Optional(CONF_LINES)] = selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=[selector.SelectOptionDict(value=line.id, label=label(line, names)) for line in listed],
            multiple=True,
            custom_value=True,
            mode=selector.SelectSelectorMode.DROPDOWN,
        )
    )
    return fields


def resolve(lines: Iterable[AvailableLine], wanted: Iterable[str]) -> tuple[list[str], str | None]:
    """Return the ids of lines that were chosen or typed, and the first that is no line, or of several, if there is one.

    A line is typed by its id, its number, or the name of the person whose it is, in whichever order.
    """
    by_word: dict[str | frozenset[str], list[str]] = {}
    ids = set()
    for line in lines:
        ids.add(line.id)
        name: str | frozenset[str] = words_of(line.name)
        for word in (line.number, name):
            if word:
                by_word.setdefault(word, []).append(line.id)
    found: dict[str, None] = {}
    for text in wanted:
        word = text.strip()
        candidates = [word] if word in ids else by_word.get(word) or by_word.get(words_of(word)) or []
        if len(candidates) != 1:
            return list(found), word
        found[candidates[0]] = None
    return list(found), None
