"""Text made clean at the border: what servers send and no text should hold costs those characters, and nothing else.

Bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD, one each. Control characters (but for tab and the
ends of lines), NUL among them, and the marks that reverse the direction of all that follows are taken out. The decoders
of both wires ask ``unclean`` before they decode, which costs next to nothing, and read what is with ``read_json``.
"""

import json
import re
from typing import Any, Final, NoReturn

from .wire import whole_characters

_CONTROL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_DIRECTION: Final = "\u202a-\u202e\u2066-\u2069"
_UNWANTED: Final = re.compile(f"[{_CONTROL}{_DIRECTION}]")
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_ESCAPED: Final = re.compile(rb"\\(?:u(?:00(?:[01][0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])|20(?:2[a-eA-E]|6[6-9]))|[bf])")
_WRITTEN: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_REPLACED: Final = "\ufffd"


def unclean(body: bytes) -> bool:
    """Whether there may be characters in this JSON that a strict decoder accepts and no text should hold.

    What strict decoders refuse by themselves is not looked for: broken UTF-8, raw control characters, halves of pairs.
    """
    if b"\\" in body and _ESCAPED.search(body) is not None:
        return True
    if b"\x7f" in body:
        return True
    if body.isascii():
        return False
    return (b"\xe2\x80" in body or b"\xe2\x81" in body or b"\xc2" in body) and _WRITTEN.search(body) is not None


def clean(text: str) -> tuple[str, int]:
    """The text without what none should hold, and how many characters that has cost."""
    made, removed = _UNWANTED.subn("", text)
    if not made.isascii():
        made, halves = _HALF.subn(_REPLACED, made)
        removed += halves
    return made, removed


def decoded(body: bytes) -> tuple[str, int]:
    """Bytes as text, without a byte-order mark, and how many characters could not be read."""
    body, halves = _whole(body)
    try:
        return body.decode("utf-8-sig"), halves
    except UnicodeDecodeError:
        text = body.decode("utf-8-sig", "replace")
        return text, halves + text.count(_REPLACED) - body.count(_REPLACED.encode())


def read_json(body: bytes) -> tuple[Any, int]:
    """Read JSON whose texts may hold anything, and say how many characters that has cost. Raises ``ValueError``."""
    text, lost = decoded(body)
    try:
        value = _DECODER.decode(text)
        return clean_values(value, lost)
    except RecursionError:
        raise ValueError("too deep") from None


def clean_values(value: Any, lost: int = 0) -> tuple[Any, int]:
    """Plain data with every text in it made clean, and ``lost`` with what that has cost added."""
    if isinstance(value, str):
        text, removed = clean(value)
        return text, lost + removed
    if isinstance(value, dict):
        made = {}
        for name, inner in value.items():
            name, lost = clean_values(name, lost)
            made[name], lost = clean_values(inner, lost)
        return made, lost
    if isinstance(value, list):
        items = []
        for inner in value:
            item, lost = clean_values(inner, lost)
            items.append(item)
        return items, lost
    return value, lost


def _whole(body: bytes) -> tuple[bytes, int]:
    whole = whole_characters(body)
    if whole is body or whole == body:
        return body, 0
    mark = rb"\ufffd"
    return whole, whole.count(mark) - body.count(mark)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(strict=False, parse_constant=_no_number)
