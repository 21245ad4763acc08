"""What settings have in common: they are frozen, strict, and every problem says what to do about it."""

from pydantic import BaseModel, ConfigDict


class Problem(ValueError):
    """A problem that a validator found, with its remedy."""

    def __init__(
        self, message: str, remedy: str, *, field: str | None = None, reason: str = "", **words: str | int
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field
        self.reason = reason
        self.words = words


class Checked(BaseModel):
    """Frozen, strict about unknown keys, and with ``InvalidInput`` for every error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)
