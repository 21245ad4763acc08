"""The address where players get the sound of a voicemail: signed by Home Assistant, and with ranges, for seeking."""

import base64
import binascii
import hashlib
import json
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.exceptions import HomeAssistantError

from .voicemail import HeldSound, MessageKey, sound_shelf

URL: Final = "/api/pbx/voicemail/{key}"


def path_of(key: MessageKey) -> str:
    """Return the path of a message. It has no query: with one, Home Assistant would not sign it."""
    words = json.dumps([key.entry, key.line, key.mailbox, key.message], separators=(",", ":")).encode()
    return URL.format(key=base64.urlsafe_b64encode(words).rstrip(b"=").decode())


def _key_of(text: str) -> MessageKey:
    """Return which message a path means. Raises ``ValueError``."""
    try:
        words = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, UnicodeError) as err:
        raise ValueError(text) from err
    if not isinstance(words, list) or len(words) != 4 or not all(isinstance(one, str) for one in words):
        raise ValueError(text)
    return MessageKey(*words)


class VoicemailView(HomeAssistantView):
    """Serves sounds."""

    url = URL
    name = "api:pbx:voicemail"

    async def get(self, request: web.Request, key: str) -> web.StreamResponse:
        """Send a sound, or the part of it that was asked for."""
        return await self._serve(request, key)

    async def head(self, request: web.Request, key: str) -> web.StreamResponse:
        """Say how long a sound is; some players look first. That does not mark it read."""
        return await self._serve(request, key)

    async def _serve(self, request: web.Request, text: str) -> web.StreamResponse:
        hass = request.app[KEY_HASS]
        shelf = sound_shelf(hass)
        try:
            key = _key_of(text)
        except ValueError:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            held = await shelf.get(key)
        except HomeAssistantError as err:
            return web.Response(status=HTTPStatus.BAD_GATEWAY, text=str(err))
        response = _answer(request, held)
        if request.method == hdrs.METH_GET and response.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            shelf.mark_played(key, held)
        return response


def _answer(request: web.Request, held: HeldSound) -> web.Response:
    """Return the sound, or a range of it."""
    data = held.sound.data
    size = len(data)
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CACHE_CONTROL: "private, no-store",  # what someone has said lies on no disk
        hdrs.ETAG: tag,
        "X-Content-Type-Options": "nosniff",
    }
    status, begin, end = HTTPStatus.OK, 0, size
    # A range of what has changed meanwhile would be the middle of something else.
    if hdrs.RANGE in request.headers and request.headers.get(hdrs.IF_RANGE, tag) == tag:
        try:
            wanted = request.http_range
        except ValueError:  # of several, or none that can be read: as if none had been asked for
            wanted = slice(None)
        if wanted.start is not None or wanted.stop is not None:
            begin, end, _ = wanted.indices(size)
            if begin >= end:
                return web.Response(
                    status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                    headers={hdrs.ACCEPT_RANGES: "bytes", hdrs.CONTENT_RANGE: f"bytes */{size}"},
                )
            status = HTTPStatus.PARTIAL_CONTENT
            headers[hdrs.CONTENT_RANGE] = f"bytes {begin}-{end - 1}/{size}"
    body = memoryview(data)[begin:end]
    if request.method == hdrs.METH_HEAD:
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        body = memoryview(b"")
    return web.Response(status=status, body=bytes(body), headers=headers, content_type=held.sound.media_type)
