"""Numbers and lengths of time as they are spoken in English, German and French, made into digits and seconds.

Speech-to-text writes "1018", "10 18", "one zero one eight" or "ten eighteen" for the same telephone. Nothing here is a
range for hassil: that loses zeros at the beginning, gives 1018.0, and blocks for seconds at 10,000.
"""

import re
import unicodedata
from typing import Final

_DIGITS: Final = {
    "zero": 0, "oh": 0, "o": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "niner": 9,
    "null": 0, "ein": 1, "eins": 1, "eine": 1, "einer": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "funf": 5,
    "fuenf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9,
}  # fmt: skip
_TEENS: Final = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "zehn": 10, "elf": 11, "zwolf": 12, "zwoelf": 12, "dreizehn": 13, "vierzehn": 14, "funfzehn": 15, "fuenfzehn": 15,
    "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19,
    "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
    "zwanzig": 20, "dreissig": 30, "vierzig": 40, "funfzig": 50, "fuenfzig": 50, "sechzig": 60, "siebzig": 70,
    "achtzig": 80, "neunzig": 90,
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70,
    "huitante": 80, "octante": 80, "nonante": 90,
}  # fmt: skip
_SCALES: Final = {
    "hundred": 100, "hundert": 100, "cent": 100, "cents": 100, "thousand": 1000, "tausend": 1000, "mille": 1000,
}  # fmt: skip
_SIGNS: Final = {"plus": "+", "star": "*", "stern": "*", "etoile": "*", "hash": "#", "pound": "#", "raute": "#",
                 "diese": "#"}  # fmt: skip
_TIMES: Final = {"double": 2, "doppel": 2, "triple": 3}
_FILLERS: Final = {
    "and", "und", "et", "dash", "strich", "tiret", "the", "number", "extension", "die", "nummer", "durchwahl", "le",
    "numero", "poste",
}  # fmt: skip

# The words of a compound, such as the German "zweiundvierzig", the longest first.
_PARTS: Final = sorted({*_DIGITS, *_TEENS, *_TENS, *_SCALES, "und"} - {"o", "oh"}, key=len, reverse=True)


def folded(text: str) -> str:
    """Return a text without accents and capitals, as speech is compared."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def spoken_number(text: str) -> str | None:
    """Return the digits that a text says, as to be dialled; None where it says anything else.

    Digits one by one, in pairs and as whole numbers, and mixed with those that were written.
    """
    out: list[str] = []
    group = _Group()
    times = 1
    words = _words(text)
    for word in words:
        if word in _FILLERS:
            continue
        if word in _TIMES:
            times = _TIMES[word]
            continue
        if word in _SIGNS or not word.isalpha():
            out += [group.taken(), _SIGNS.get(word, word) * times]
        else:
            parts = _compound(word)
            if parts is None:
                return None
            for part in parts:
                if not group.takes(part):
                    out.append(group.taken())
                    group.takes(part)
            if times > 1:
                out.append(group.taken() * times)
        times = 1
    out.append(group.taken())
    digits = "".join(out)
    return digits if any(letter.isdigit() for letter in digits) else None


def spoken_seconds(text: str) -> int | None:
    """Return the seconds of "an hour", "eine halbe Stunde", "20 minutes"; None where it says anything else."""
    seconds = 0.0
    amount: float | None = None
    for word in _words(text):
        if word in ("half", "halbe", "halben", "demi", "demie"):
            # "an hour and a half" and "half an hour"
            if seconds:
                seconds, amount = seconds + 1800, None
            else:
                amount = 0.5
        elif word in ("a", "an") and amount is None:
            amount = 1.0
        elif word in ("a", "an") or word in _FILLERS or word in ("for", "fur", "pour", "pendant"):
            continue
        elif word in ("quarter", "viertelstunde", "quart"):
            seconds += 900
            amount = None
        elif word == "anderthalb":
            amount = 1.5
        elif word in ("of", "d'heure"):
            continue
        elif (unit := _unit(word)) is not None:
            if not (unit == 3600 and amount == 1.0 and seconds == 900):  # "a quarter of an hour" is no hour more
                seconds += (1.0 if amount is None else amount) * unit
            amount = None
        elif (digits := spoken_number(word)) is not None and digits.isdigit():
            amount = (amount or 0) + int(digits) if amount and amount >= 20 else float(int(digits))
        else:
            return None
    return round(seconds) if seconds > 0 and amount is None else None


def _unit(word: str) -> int | None:
    for words, seconds in (
        (("minute", "minutes", "minuten", "min"), 60),
        (("hour", "hours", "stunde", "stunden", "heure", "heures", "h"), 3600),
    ):
        if word in words:
            return seconds
    return None


def _words(text: str) -> list[str]:
    """Return the words of a text; what was written in digits comes as digits, without what groups them."""
    plain = folded(text)
    plain = re.sub(r"(?<=\d)[.,'\u2019\u202f\u00a0](?=\d{3}(?!\d))", "", plain)  # 1,018 and 1.018
    return re.findall(r"[a-z]+(?:'[a-z]+)?|[+*#]?\d[\d*#]*|[+*#]", plain)


def _compound(word: str) -> list[str] | None:
    """Return the number words that a word is made of; None where there is anything else in it."""
    if word in _DIGITS or word in _TEENS or word in _TENS or word in _SCALES:
        return [word]
    found: list[str] = []
    rest = word
    while rest:
        part = next((one for one in _PARTS if rest.startswith(one)), None)
        if part is None:
            return None
        found.append(part)
        rest = rest[len(part) :]
    return _turned(found)


def _turned(parts: list[str]) -> list[str]:
    """Put "zwei und vierzig" into the order of the digits."""
    out: list[str] = []
    index = 0
    while index < len(parts):
        if index + 2 < len(parts) and parts[index + 1] == "und" and parts[index + 2] in _TENS:
            out += [parts[index + 2], parts[index]]
            index += 3
        else:
            if parts[index] != "und":
                out.append(parts[index])
            index += 1
    return out


class _Group:
    """Number words that make one number, such as "quatre vingt dix huit" and "one thousand eighteen"."""

    def __init__(self) -> None:
        self._total = 0
        self._part: int | None = None
        self._scale = 10_000
        self._last = 0

    def takes(self, word: str) -> bool:
        """Whether a word belongs to the number so far; if so, it is added."""
        if word in _SCALES:
            scale = _SCALES[word]
            if scale >= self._scale or (self._part or 1) > 99 or self._part == 0:
                return False
            self._total += (1 if self._part is None else self._part) * scale
            self._part, self._scale, self._last = None, scale, scale
            return True
        value = _DIGITS.get(word, _TEENS.get(word, _TENS.get(word, 0)))
        if self._part is None:
            if self._total and value == 0:
                return False
            self._part, self._last = value, value
            return True
        if word in ("vingt", "vingts") and self._part == 4:
            self._part, self._last = 80, 80
            return True
        # A ten takes a unit; sixty and eighty of the French take a teen, and ten takes seven, eight and nine.
        french = self._last in (60, 80) and 10 <= value < 20 and word in _FRENCH_TEENS
        ten = self._last == 10 and word in ("sept", "huit", "neuf")
        if (self._last in range(20, 100, 10) and 0 < value < 10) or french or ten:
            self._part, self._last = self._part + value, value if value == 10 and french else 1
            return True
        return False

    def taken(self) -> str:
        """Return the number so far, and begin again."""
        nothing = self._part is None and not self._total
        text = "" if nothing else str(self._total + (self._part or 0))
        self.__init__()  # type: ignore[misc]
        return text


_FRENCH_TEENS: Final = {"dix", "onze", "douze", "treize", "quatorze", "quinze", "seize"}
