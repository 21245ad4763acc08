"""How numbers are written and dialled where the system stands, as people set it."""

from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..numbers import country_of, known_country
from .base import Problem


class NumberPlan(BaseModel):
    """The numbering of the place and of the system. All of it may be left out, and numbers are sent as written then.

    With the country, national numbers and those with its code are one. With the prefix for an outside line, a number
    from the log can be called back: the prefix is put before every number that is not internal and has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str | None = Field(default=None, description="ISO 3166 code of the country, such as DE.")
    outside_prefix: str = Field(
        default="", description="What is dialled for an outside line, such as 0; empty where the system adds it."
    )
    international_prefix: str = Field(default="00", description="What is dialled before the code of a country.")
    national_prefix: str | None = Field(
        default=None, description="What is dialled before a national number; left out, it is what the country has."
    )
    internal_lengths: tuple[int, int] | None = Field(
        default=None, description="The least and the most digits of internal numbers, such as 3-4."
    )
    internal_ranges: tuple[tuple[str, str], ...] = Field(
        default=(), description="Ranges of internal numbers, such as 1000-1999; they alone decide where there are any."
    )
    hiding_prefixes: tuple[str, ...] = Field(
        default=("*31#", "#31#"), description="What is dialled before a number to hide who calls."
    )

    @classmethod
    def proposed(cls, internal: Iterable[str] = (), public: Iterable[str] = ()) -> Self:
        """A plan for a system with these numbers of lines, and these public numbers; what is not clear is left out."""
        lengths = {len(one) for one in internal if one.isascii() and one.isdigit()}
        countries = {country_of(one) for one in public if one.startswith("+")}
        country = countries.pop() if len(countries) == 1 else None
        return cls(
            country=country if country is not None and known_country(country) else None,
            internal_lengths=(min(lengths), max(lengths)) if lengths else None,
        )

    @field_validator("country", mode="before")
    @classmethod
    def _check_country(cls, value: Any) -> Any:
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not known_country(value.strip().upper()):
            raise Problem(f"{value!r} is no country.", 'Give the two letters of ISO 3166 as text, such as "DE".')
        return value.strip().upper()

    @field_validator("outside_prefix", "international_prefix", "national_prefix", mode="before")
    @classmethod
    def _check_prefix(cls, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            raise Problem(f"{value!r} is no text.", "Put it in quotes: a number without them loses its zeros.")
        if not set(value.strip()) <= set("0123456789*#"):
            raise Problem(f"{value!r} cannot be dialled.", "It is digits, * and #.")
        return value.strip()

    @field_validator("internal_lengths", mode="before")
    @classmethod
    def _check_lengths(cls, value: Any) -> Any:
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = (value, value)
        if isinstance(value, str):
            first, dash, last = value.partition("-")
            value = (first.strip(), last.strip() if dash else first.strip())
        try:
            least, most = (int(one) for one in value)
        except (TypeError, ValueError):
            raise Problem(f"{value!r} are no lengths.", "Give the least and the most digits, such as 3-4.") from None
        if not 1 <= least <= most <= 15:
            raise Problem(f"{value!r} are no lengths.", "Give the least and the most digits, such as 3-4.")
        return (least, most)

    @field_validator("internal_ranges", mode="before")
    @classmethod
    def _check_ranges(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple):
            raise Problem(f"{value!r} are no ranges.", _RANGES)
        ranges = []
        for one in value:
            if isinstance(one, str):
                first, dash, last = (part.strip() for part in one.partition("-"))
                pair = (first, last if dash else first)
            elif isinstance(one, list | tuple) and len(one) == 2:
                pair = (one[0], one[1])
            else:
                raise Problem(f"{one!r} is no range.", _RANGES)
            first, last = pair
            digits = all(isinstance(end, str) and end.isascii() and end.isdigit() for end in pair)
            if not digits or len(first) != len(last) or first > last:
                raise Problem(f"{one!r} is no range.", _RANGES)
            ranges.append(pair)
        return tuple(ranges)

    @field_validator("hiding_prefixes", mode="before")
    @classmethod
    def _check_hiding(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple) or not all(
            isinstance(one, str) and one and set(one) <= set("0123456789*#") for one in value
        ):
            raise Problem(f"{value!r} cannot be dialled.", "Give what is dialled before a number, such as *31#.")
        return tuple(value)


_RANGES = "Give ranges of numbers of equal length as text, such as 1000-1999."
