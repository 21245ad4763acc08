"""Numbers and lengths of time as people say them, and as speech-to-text writes them."""

import pytest

from custom_components.pbx.spoken import spoken_number, spoken_seconds

NUMBERS = {
    "1018": "1018",
    "1,018": "1018",
    "1.018": "1018",
    "10 18": "1018",
    "0018": "0018",
    "+49 30 123": "+4930123",
    "plus 49 30": "+4930",
    "*21#": "*21#",
    "one zero one eight": "1018",
    "One oh one eight.": "1018",
    "ten eighteen": "1018",
    "one thousand eighteen": "1018",
    "one thousand and eighteen": "1018",
    "extension one zero": "10",
    "double five one": "551",
    "triple zero": "000",
    "five five five zero one nine nine": "5550199",
    "twenty one": "21",
    "twenty twenty one": "2021",
    "two hundred five": "205",
    "hundred": "100",
    "nineteen ninety": "1990",
    "star two one hash": "*21#",
    "eins null eins acht": "1018",
    "Eins, zwo, drei": "123",
    "zehn achtzehn": "1018",
    "tausendachtzehn": "1018",
    "eintausendachtzehn": "1018",
    "zweiundvierzig": "42",
    "fünf fünf": "55",
    "dreißig": "30",
    "zwölfhundert": "1200",
    "hundertzwölf": "112",
    "un zéro un huit": "1018",
    "zéro un quarante-deux": "0142",
    "dix dix-huit": "1018",
    "mille dix-huit": "1018",
    "quatre-vingt-dix-huit": "98",
    "soixante et onze": "71",
    "soixante-dix-sept": "77",
    "quatre vingt": "80",
    "cent douze": "112",
    "septante deux": "72",
    "deux cents": "200",
    "cinq cinq cinq": "555",
    "Alice": None,
    "one direction": None,
    "Onesimus": None,
    "the number": None,
    "": None,
    "star": None,
}


@pytest.mark.parametrize(("said", "digits"), NUMBERS.items())
def test_numbers(said: str, digits: str | None) -> None:
    assert spoken_number(said) == digits


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("an hour", 3600),
        ("one hour", 3600),
        ("2 hours", 7200),
        ("half an hour", 1800),
        ("an hour and a half", 5400),
        ("a quarter of an hour", 900),
        ("twenty minutes", 1200),
        ("twenty five minutes", 1500),
        ("an hour and ten minutes", 4200),
        ("90 minutes", 5400),
        ("eine Stunde", 3600),
        ("zwei Stunden", 7200),
        ("eine halbe Stunde", 1800),
        ("eine Viertelstunde", 900),
        ("anderthalb Stunden", 5400),
        ("fünfundvierzig Minuten", 2700),
        ("une heure", 3600),
        ("une demi heure", 1800),
        ("une demi-heure", 1800),
        ("une heure et demie", 5400),
        ("un quart d'heure", 900),
        ("vingt minutes", 1200),
        ("ever", None),
        ("ten", None),
        ("0 minutes", None),
        ("", None),
        ("Tuesday at ten", None),
    ],
)
def test_lengths_of_time(said: str, seconds: int | None) -> None:
    assert spoken_seconds(said) == seconds
