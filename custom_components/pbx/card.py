"""The card and the office board: their files served, loaded by every page, and the commands that they send."""

import hashlib
from pathlib import Path
from typing import Final

from homeassistant.components import websocket_api
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_when_setup

from .card_commands import ws_command, ws_search
from .card_lines import ws_subscribe
from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "frontend"
ENTRANCE: Final = "pbx.js"


async def async_setup_card(hass: HomeAssistant) -> None:
    """Serve the files of the card, and let the frontend load them where there is one.

    As a module of the frontend they are there in every dashboard, those in YAML included, without a resource that
    people would have to add and update.
    """
    for command in (ws_subscribe, ws_command, ws_search):
        websocket_api.async_register_command(hass, command)
    integration = await async_get_integration(hass, DOMAIN)
    contents = await hass.async_add_executor_job(_fingerprint)
    # The files import each other by relative paths, so all of them get a new address when one of them changes.
    path = f"/{DOMAIN}-card/{integration.version}-{contents}"
    await hass.http.async_register_static_paths([StaticPathConfig(path, str(FOLDER), cache_headers=True)])

    async def load(hass: HomeAssistant, _component: str) -> None:
        # Imported here: the frontend is there by now, and without one there is nobody to load it for.
        from homeassistant.components.frontend import add_extra_js_url

        add_extra_js_url(hass, f"{path}/{ENTRANCE}")

    async_when_setup(hass, "frontend", load)


def _fingerprint() -> str:
    """Return a word that differs when a file does. Blocks."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.js")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
