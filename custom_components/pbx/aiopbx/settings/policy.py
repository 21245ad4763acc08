"""What may be dialled, as people write it."""

from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..errors import InvalidInput, PolicyViolation
from ..numbers import Number, NumberKind, Numbers, Pattern
from .base import Problem

_ANY: Final = ("*",)


class DialPolicy(BaseModel):
    """Which numbers may be dialled, redirected and forwarded to, and how many calls a minute.

    Patterns and numbers are read by the same rules: separators mean nothing, ``+`` and ``00`` are one, and a prefix
    that hides who calls is looked through. ``*`` stands for any digits and ``?`` for one, so a star that is dialled is
    written ``[*]``. ``denied`` wins over ``allowed``. Emergency numbers may always be dialled, unless ``denied`` names
    one without a wildcard. Where anything is ruled out, so is what cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: tuple[str, ...] = Field(default=_ANY, description="Numbers that may be dialled.")
    denied: tuple[str, ...] = Field(default=(), description="Numbers that may not.")
    calls_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="How many calls may be started in any minute, by everything on this machine; None is no limit.",
    )

    @field_validator("allowed", "denied")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                _pattern(text)
            except InvalidInput as error:
                raise Problem(error.problem, error.remedy or "", reason=error.reason, **error.words) from None
        return value

    @property
    def restricts(self) -> bool:
        """Whether there is any number that may not be dialled."""
        return bool(self.denied) or "*" not in self.allowed

    def check(self, number: str | Number, *, field: str = "number", numbers: Numbers | None = None) -> None:
        """Raise ``PolicyViolation`` if the number is not to be dialled, or cannot be read and anything is ruled out.

        ``numbers`` reads it by a plan; without, national numbers and those with the code of the country are not one.
        """
        if not self.restricts:
            return
        written: Any = number.shown if isinstance(number, Number) else number
        if not isinstance(number, Number):
            try:
                number = (numbers or _WITHOUT_PLAN).read(number, field=field)
            except InvalidInput as error:
                raise PolicyViolation(
                    field,
                    f"{error.problem} The dial policy allows only what can be read.",
                    remedy=error.remedy,
                    reason=error.reason,
                    **error.words,
                ) from None
        emergency = number.kind is NumberKind.EMERGENCY
        for text in self.denied:
            pattern = _pattern(text)
            if pattern.literal == number.key if emergency else pattern.matches(number.readings):
                raise PolicyViolation(
                    field,
                    f"{written} is denied by the dial policy ({text}).",
                    remedy="Choose another number, or change the policy's denied patterns.",
                    reason="policy_denied",
                    number=str(written),
                    pattern=text,
                )
        if not emergency and not any(_pattern(text).matches(number.spellings) for text in self.allowed):
            raise PolicyViolation(
                field,
                f"{written} is not among the numbers that the dial policy allows "
                f"({', '.join(self.allowed) or 'none'}).",
                remedy="Choose another number, or add a pattern to the policy's allowed ones.",
                reason="policy_not_allowed",
                number=str(written),
                allowed=", ".join(self.allowed),
            )


_pattern = lru_cache(1024)(Pattern)
_WITHOUT_PLAN: Final = Numbers()
