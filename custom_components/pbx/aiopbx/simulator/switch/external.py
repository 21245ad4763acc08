"""The world outside: numbers that answer, are busy, or do not exist."""

from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """What happens when an external number is called. Times are seconds; ``None`` is never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring_after: float = Field(default=0.0, ge=0, description="Dialling until it rings, or until the tone.")
    answer_after: float | None = Field(default=None, ge=0, description="Ringing until it is answered.")
    hang_up_after: float | None = Field(default=None, gt=0, description="Talking until the other side hangs up.")
    busy: bool = Field(default=False, description="The busy tone.")
    invalid: bool = Field(default=False, description="The tone for a number that does not exist.")
    congested: bool = Field(default=False, description="The tone for trunks that are all busy.")
    name: str | None = Field(default=None, description="Name of the party, if the network shows it.")

    @property
    def tone(self) -> str | None:
        """The cause of the tone that the caller gets instead of ringing."""
        if self.busy:
            return "BUSY"
        if self.invalid:
            return "INVALID_NUMBER"
        return "ALL_TRUNK_BUSY" if self.congested else None


class ExternalWorld:
    """Behaviours by number; ``*`` in a pattern stands for any digits. Other numbers just ring."""

    def __init__(self) -> None:
        """Start without behaviours."""
        self._behaviours: dict[str, Behaviour] = {}
        self.default = Behaviour()

    def set(self, pattern: str, behaviour: Behaviour) -> None:
        """Set the behaviour of numbers that match this pattern. The longest matching pattern wins."""
        self._behaviours[pattern] = behaviour

    def clear(self) -> None:
        """Forget all behaviours but the default."""
        self._behaviours.clear()

    def of(self, number: str) -> Behaviour:
        """Return the behaviour of this number."""
        exact = self._behaviours.get(number)
        if exact is not None:
            return exact
        fitting = [pattern for pattern in self._behaviours if fnmatchcase(number, pattern)]
        return self._behaviours[max(fitting, key=len)] if fitting else self.default
