"""Where names for numbers come from."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ContactSettings(BaseModel):
    """Where names come from for numbers that the system does not name. Without any of it, calls are not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[Path, ...] = Field(default=(), description="Phone books: vCards (.vcf) or CSV.")
    directory: bool = Field(
        default=False, description="Whether unknown numbers are searched in the system's directory."
    )
    log: bool = Field(default=False, description="Whether names are remembered from calls and from the call log.")

    @field_validator("files", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value
