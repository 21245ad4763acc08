"""What may be dialled, as people write it."""

from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field

from ..errors import PolicyViolation
from ..policy import bare_number


class DialPolicy(BaseModel):
    """Which numbers may be dialled, redirected and forwarded to, and how many calls a minute.

    Patterns are compared with the number without spaces and punctuation; ``*`` stands for any digits and ``?`` for
    one, so a star that is dialled is written ``[*]``. ``denied`` wins over ``allowed``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: tuple[str, ...] = Field(default=("*",), description="Numbers that may be dialled.")
    denied: tuple[str, ...] = Field(default=(), description="Numbers that may not.")
    calls_per_minute: int | None = Field(
        default=None, ge=1, description="How many calls may be started in any minute; None is no limit."
    )

    def check(self, number: str, *, field: str = "number") -> None:
        """Raise ``PolicyViolation`` if the number is not to be dialled."""
        bare = bare_number(number)
        for pattern in self.denied:
            if fnmatchcase(bare, pattern):
                raise PolicyViolation(
                    field,
                    f"{number} is denied by the dial policy ({pattern}).",
                    remedy="Choose another number, or change the policy's denied patterns.",
                )
        if not any(fnmatchcase(bare, pattern) for pattern in self.allowed):
            raise PolicyViolation(
                field,
                f"{number} is not among the numbers that the dial policy allows ({', '.join(self.allowed) or 'none'}).",
                remedy="Choose another number, or add a pattern to the policy's allowed ones.",
            )
