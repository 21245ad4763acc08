"""TOML, YAML and JSON that people write, made data of: nothing deep, no endless number, and no key twice.

The bounds are checked before a parser sees the text, or while it reads: parsers recurse for each level, take time that
grows with the square of a number's digits, and let the second of two equal keys win without a word.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

DEEPEST: Final = 50
"""How many lists and mappings may be inside one another."""
LONGEST_NUMBER: Final = 100
"""How many characters a number may have."""
DEEP: Final = f"is nested more than {DEEPEST} deep"
LONG: Final = f"has a number of more than {LONGEST_NUMBER} digits"
TWICE: Final = "has the same key twice"


class Unparsable(ValueError):
    """A text that is not what it should be. ``problem`` quotes nothing of it: that may be a password."""

    def __init__(self, problem: str, *, line: int | None = None, detail: str | None = None, bound: bool = True) -> None:
        """Say what is wrong, in which line, and for those who may see the text in more detail."""
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.detail = detail or problem
        self.bound = bound
        """Whether it could be parsed, and breaks one of the bounds."""


# ----------------------------------------------------------------------------------------------------------------- JSON

_JSON: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|"|[\[{]|[\]}]|,|[0-9][0-9.eE+\-]*+', re.DOTALL)


def parse_json(text: str | bytes) -> Any:
    """Read JSON. Raises ``Unparsable``."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise Unparsable("is not UTF-8 text", bound=False) from None
    _check_bounds(text, _JSON)
    try:
        # msgspec is strict where json is not (NaN, halves of surrogates), but says nothing of equal keys.
        value = msgspec.json.decode(text)
        json.loads(text, object_pairs_hook=_once)
    except UnicodeEncodeError:
        raise Unparsable("is not UTF-8 text", bound=False) from None
    except RecursionError:
        raise Unparsable(DEEP) from None
    except msgspec.DecodeError as error:
        raise Unparsable("cannot be parsed", detail=str(error), bound=False) from None
    return value


def check_keys(text: bytes) -> None:
    """Raise ``Unparsable`` where JSON that was decoded once already is deep, or has an equal key in an object."""
    if text.count(b"[") + text.count(b"{") > DEEPEST:
        _check_bounds(text.decode(), _JSON)
    # What msgspec wrote comes back as it was, unless one of two equal keys was lost on the way. That is four times as
    # fast as to look at every key, and recordings are long.
    if msgspec.json.encode(msgspec.json.decode(text)) != text.strip():
        json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Unparsable(TWICE)
    return values


# ----------------------------------------------------------------------------------------------------------------- TOML

_TOML: Final = re.compile(
    r'#[^\n]*+|"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}+|\'\'\'(?:[^\']++|\'(?!\'\'))*+\'{3,5}+'
    r'|"(?:[^"\\\n]++|\\.)*+"|\'[^\'\n]*+\'|["\']|[\[{]|[\]}]|[=,\n]|[A-Za-z0-9_+\-:.]++',
    re.DOTALL,
)


def parse_toml(text: str) -> dict[str, Any]:
    """Read TOML. Raises ``Unparsable``."""
    _check_bounds(text, _TOML)
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # also those of int() and datetime(), which tomllib lets through
        line = re.search(r"line (\d+)", str(error))
        raise Unparsable("cannot be parsed", line=int(line[1]) if line else None, bound=False) from None
    except RecursionError:
        raise Unparsable(DEEP) from None
    if not _is_shallow(values):
        raise Unparsable(DEEP)
    return values


def _is_shallow(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(value: Any) -> Iterator[Any]:
    """The lists and mappings in this one."""
    values = value.values() if isinstance(value, dict) else value
    yield from (one for one in values if isinstance(one, (dict, list)))


# ----------------------------------------------------------------------------------------------------------------- both


def _check_bounds(text: str, tokens: re.Pattern[str]) -> None:
    """Look at each token once. It ends where a string is not closed: there the parser ends, too."""
    depth = parts = 0
    for token in tokens.finditer(text):
        word = token[0]
        if word in ('"', "'"):
            return
        first = word[0]
        if first in "[{":
            depth, parts = depth + 1, 0
            if depth > DEEPEST:
                raise Unparsable(DEEP, line=_line_of(text, token))
        elif first in "]}":
            depth = max(depth - 1, 0)
        elif first in "=,\n":
            parts = 0
        elif first not in "#\"'":
            if len(word) > LONGEST_NUMBER and word.lstrip("+-")[:1].isdigit():
                raise Unparsable(LONG, line=_line_of(text, token))
            parts += word.count(".")  # of a key, in TOML: each is a level, and the levels before it are gone through
            if parts > DEEPEST:
                raise Unparsable(DEEP, line=_line_of(text, token))


def _line_of(text: str, token: re.Match[str]) -> int:
    return text.count("\n", 0, token.start()) + 1
