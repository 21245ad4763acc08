"""The address of a telephone system behind a bridge: one text in the entry, three fields in its form."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from .const import CONF_SYSTEM_NAME, CONF_TOPIC_PREFIX, CONF_URL

SCHEMES: Final = ("mqtts", "mqtt")


def levels_of(url: str) -> list[str]:
    """Return the levels of the path of an address: those of the prefix, then the name of the system."""
    return [unquote(level) for level in urlsplit(url).path.split("/") if level]


def whole_address(data: Mapping[str, Any]) -> str:
    """Return the address that the client takes, from what a form has or what an entry keeps."""
    url: str = data[CONF_URL]
    parts = urlsplit(url)
    levels = [level for level in data.get(CONF_TOPIC_PREFIX, "").split("/") if level]
    levels += levels_of(url)
    levels += [name for name in (data.get(CONF_SYSTEM_NAME),) if name]
    return f"{parts.scheme}://{parts.netloc}/{'/'.join(quote(level, safe='') for level in levels)}"


def in_fields(url: str) -> dict[str, str]:
    """Return the address of an entry as the fields of the form."""
    parts = urlsplit(url)
    *prefix, name = levels_of(url)
    found = {CONF_URL: f"{parts.scheme}://{parts.netloc}", CONF_SYSTEM_NAME: name}
    return found | ({CONF_TOPIC_PREFIX: "/".join(prefix)} if prefix else {})
