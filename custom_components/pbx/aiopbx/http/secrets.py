"""What must not be shown, and texts without it."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import takewhile
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ..wire import WITH_SECRETS

HIDDEN: Final = "***"
_SECRET: Final = frozenset(
    {"credential", "password", "token", "accessToken", "refreshToken", "sessionId", "cookie", "businessCode"}
)
"""Names of fields that no type of ours declares secret, and that are so all the same."""
_COMMON: Final = frozenset({"number"})
"""Names that are secret in one type and harmless in others; there the values of the request are hidden."""


def secret_fields() -> frozenset[str]:
    """Return the names, as they are on the wire, of all fields that are secret in any type there is by now."""
    return _secret_fields(len(WITH_SECRETS))


@cache
def _secret_fields(count: int) -> frozenset[str]:
    names = set(_SECRET)
    for kind in WITH_SECRETS[:count]:
        names |= {field.encode_name for field in msgspec.structs.fields(kind) if field.name in kind._secrets}
    return frozenset(names - _COMMON)


class Mask:
    """Shows messages without secrets: without the fields that hold them, and without the values that are known."""

    def __init__(
        self,
        found_in: Callable[[str, Iterable[str]], bool] = lambda text, also: False,
        hide: Callable[[str, Iterable[str]], str] = lambda text, also: text,
    ) -> None:
        """``found_in`` says whether a text may hold a known value, ``hide`` takes it out."""
        self._found_in = found_in
        self._hide = hide

    def text(self, text: str, also: tuple[str, ...] = ()) -> str:
        """Return a text without the values that are known to be secret, and without ``also``."""
        return self._hide(text, also) if self._found_in(text, also) else text

    def body(self, body: bytes | None, also: tuple[str, ...] = ()) -> str:
        """Return a body as text, unchanged where nothing in it is secret; empty where it is no text."""
        if not body:
            return ""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return ""
        if "\0" in text:
            return ""
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return self.text(text, also)
        # Letters may be written as escapes, in which a secret is not found until they are read.
        shown = self._shown(value, "\\" in text or self._found_in(text, also), also)
        return text if shown is value else msgspec.json.encode(shown).decode()

    def _shown(self, value: Any, known: bool, also: tuple[str, ...]) -> Any:
        """The value without secrets: itself if there are none. ``known`` says whether texts have to be searched."""
        if isinstance(value, str):
            return self._hide(value, also) if known else value
        if isinstance(value, dict):
            fields = secret_fields()
            shown: Any = {
                key: (HIDDEN if inner not in (None, "") else inner)
                if key in fields
                else self._shown(inner, known, also)
                for key, inner in value.items()
            }
            # A short word of letters is the name of a field, also where someone's password is the same word.
            odd = [key for key in value if known and not (key.isalpha() and len(key) < 20)]
            names = {key: hidden for key in odd if (hidden := self._hide(key, also)) != key}
            if names:
                return {names.get(key, key): inner for key, inner in shown.items()}
            return shown if any(shown[key] is not inner for key, inner in value.items()) else value
        if isinstance(value, list):
            shown = [self._shown(inner, known, also) for inner in value]
            return shown if any(new is not old for new, old in zip(shown, value, strict=True)) else value
        return value


def target(name: str, url: str) -> str:
    """Return what was asked for: the method, path and query of this operation, without what servers put before it."""
    method, _, template = name.partition(" ")
    parts = urlsplit(url)
    head = template.partition("{")[0]
    start = max(0, parts.path.find(head)) if head else 0
    return f"{method} {parts.path[start:]}" + (f"?{parts.query}" if parts.query else "")


_BEGINNING: Final = 24
"""Letters by which a secret of twice as many is known."""
MOST_PASSING: Final = 100
"""How many tokens and cookies are remembered as secrets."""


class Secrets:
    """What no message may show. Values are added as they become known and taken out of every text of the server."""

    def __init__(self) -> None:
        """Know none yet."""
        self._values: set[str] = set()
        self._passing: dict[str, None] = {}
        """Among them, the oldest first, those that servers replace by others all the time."""

    def add(self, *values: str | None) -> None:
        """Hide these from now on."""
        self._values.update(value for value in values if value)

    def add_passing(self, value: str) -> None:
        """Hide this one, of a kind that servers may renew with every answer: the newest of them are hidden."""
        if value in self._passing:
            del self._passing[value]
        elif value in self._values:
            return
        self._passing[value] = None
        self._values.add(value)
        if len(self._passing) > MOST_PASSING:
            oldest = next(iter(self._passing))
            del self._passing[oldest]
            self._values.discard(oldest)

    def discard(self, value: str) -> None:
        """Forget one that is worth nothing any more."""
        self._values.discard(value)

    def found_in(self, text: str, also: Iterable[str] = ()) -> bool:
        """Whether there may be something to hide in this text."""
        return any(_known_by(value) in text for values in (self._values, also) for value in values)

    def hide(self, text: str, also: Iterable[str] = ()) -> str:
        """Return the text without secrets."""
        for value in sorted({*self._values, *also}, key=len, reverse=True):
            if len(value) >= 8:
                text = _without(text, value)
            else:  # a short one is hidden where it stands alone, or half the words would go with it
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", "***", text)
        return text


def _known_by(value: str) -> str:
    """What shows that a text has something of a secret: servers that find a cookie too long quote its beginning."""
    return value[:_BEGINNING] if len(value) >= 2 * _BEGINNING else value


def _without(text: str, value: str) -> str:
    """Return the text without this secret, and without as much of it as a text has that begins it."""
    text = text.replace(value, HIDDEN)
    beginning = _known_by(value)
    while beginning != value and (start := text.find(beginning)) >= 0:
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(text[start:], value, strict=False))
        text = text[:start] + HIDDEN + text[start + len(list(alike)) :]
    return text
