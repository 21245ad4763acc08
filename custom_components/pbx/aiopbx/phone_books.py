"""Phone books in files: vCards and CSV, as telephones, mail programs and the simulator's friends write them."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from .clean_text import clean
from .errors import InvalidInput

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of a phone book, at most."""
SUFFIXES: Final = (".vcf", ".vcard", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and one of its numbers, as they stand in the file."""

    name: str
    number: str


def read_phone_book(path: Path, *, field: str = "contacts") -> tuple[Entry, ...]:
    """Read a phone book: vCards (``.vcf``) or CSV. Raises ``InvalidInput`` that says what is wrong with it. Blocks."""
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidInput(
            field,
            f"{path} is no phone book.",
            remedy="Its name must end in .vcf or .csv.",
            reason="phone_book",
            path=str(path),
        )
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise InvalidInput(
            field,
            f"there is no file {path}.",
            remedy="Give the path of a phone book.",
            reason="phone_book",
            path=str(path),
        ) from None
    except OSError as error:
        raise InvalidInput(
            field,
            f"{path} cannot be read ({error.strerror}).",
            remedy="Make it readable.",
            reason="phone_book",
            path=str(path),
        ) from None
    if len(content) > LARGEST:
        raise InvalidInput(
            field,
            f"{path} is larger than {LARGEST // 1024**2} MiB.",
            remedy="Divide it.",
            reason="phone_book",
            path=str(path),
        )
    text = _text(content)
    try:
        found = tuple(_cards(text) if path.suffix.lower() in (".vcf", ".vcard") else _rows(text))
    except (ValueError, csv.Error) as error:
        raise InvalidInput(
            field, f"{path} cannot be read: {error}.", remedy="Export it again.", reason="phone_book", path=str(path)
        ) from None
    if not found and text.strip():
        raise InvalidInput(
            field,
            f"{path} has no name with a number in it.",
            remedy="A CSV file begins with a line that names its columns, such as name,number.",
            reason="phone_book",
            path=str(path),
        )
    return found


def _text(content: bytes) -> str:
    """The text of a file that may be UTF-8, UTF-16 with a mark, or what old programs on Windows write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _entry(name: Any, number: Any) -> Entry | None:
    words = " ".join(clean(str(name or ""))[0].split())
    digits = clean(str(number or ""))[0].strip()
    return Entry(words, digits) if words and any(letter.isdigit() for letter in digits) else None


def _cards(text: str) -> Iterator[Entry]:
    # It takes a quarter of a second, and most programs have no phone book. It is untyped.
    vobject: Any = import_module("vobject")

    try:
        for card in vobject.readComponents(text, validate=False, allowQP=True, ignoreUnreadable=True):
            if card.name == "VCARD":
                name = _name_of(card)
                for line in card.contents.get("tel", ()):
                    if (entry := _entry(name, line.value)) is not None:
                        yield entry
    except vobject.base.VObjectError as error:
        raise ValueError(str(error) or "it is no vCard") from None


def _name_of(card: Any) -> str:
    for field in ("fn", "n", "org", "nickname"):
        for line in card.contents.get(field, ()):
            value = line.value
            if isinstance(value, list):
                value = " ".join(str(part) for part in value)
            elif field == "n":
                value = f"{value.given} {value.family}" if hasattr(value, "given") else str(value)
            if str(value).strip():
                return str(value)
    return ""


_NAMES: Final = (
    "name",
    "display name",
    "displayname",
    "full name",
    "fullname",
    "fn",
    "contact",
    "kontakt",
    "nom complet",
)
_FIRST: Final = ("first name", "firstname", "given name", "vorname", "prénom", "prenom")
_LAST: Final = ("last name", "lastname", "surname", "family name", "nachname", "nom")
_COMPANY: Final = ("company", "organization", "organisation", "organization name", "firma", "société")
_NUMBER: Final = re.compile(
    r"(?:.*\b)?(?:phone|telephone|number|tel|mobile|cell|fax|rufnummer|nummer|telefon|handy|téléphone|numéro)\b.*"
)
_NO_NUMBER: Final = re.compile(r".*\b(?:type|label|typ|fax)\b.*")


def _rows(text: str) -> Iterator[Entry]:
    sample = text[:4096]
    try:
        dialect: Any = csv.Sniffer().sniff(sample.splitlines()[0] if sample.strip() else ",", delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    head = [" ".join(cell.strip().lower().replace("_", " ").split()) for cell in next(rows, [])]
    whole = [at for at, cell in enumerate(head) if cell in _NAMES]
    first = [at for at, cell in enumerate(head) if cell in _FIRST]
    last = [at for at, cell in enumerate(head) if cell in _LAST]
    company = [at for at, cell in enumerate(head) if cell in _COMPANY]
    numbers = [
        at
        for at, cell in enumerate(head)
        if at not in (*whole, *first, *last, *company) and _NUMBER.fullmatch(cell) and not _NO_NUMBER.fullmatch(cell)
    ]
    if not numbers or not (whole or first or last or company):
        if len(head) < 2:
            return
        # No line of titles: a name and a number, in either order.
        at = next((place for place, cell in enumerate(head[:2]) if sum(map(str.isdigit, cell)) >= 2), None)
        if at is None:
            return
        whole, first, last, company, numbers = [1 - at], [], [], [], [at]
        rows = csv.reader(io.StringIO(text, newline=""), dialect)

    def cell_of(row: list[str], places: list[int]) -> str:
        return next((row[at].strip() for at in places if at < len(row) and row[at].strip()), "")

    for row in rows:
        name = cell_of(row, whole) or f"{cell_of(row, first)} {cell_of(row, last)}".strip() or cell_of(row, company)
        for at in numbers:
            # Several numbers of one kind are joined by some mail programs.
            for one in (row[at] if at < len(row) else "").split(":::"):
                if (entry := _entry(name, one)) is not None:
                    yield entry
