"""What bridge.yaml says: telephone systems, the broker, the shard. Errors name the field and the remedy."""

import asyncio
import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from ..errors import InvalidInput
from ..mqtt.broker import Address
from ..mqtt.topics import PREFIX
from ..settings.authorities import load_client_certificate, trusting
from ..settings.base import Checked, Problem
from ..settings.broker import split_address
from ..settings.connection import ConnectionSettings
from ..settings.files import read_file

_SHARD: Final = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


class BrokerSettings(Checked):
    """The broker that a bridge publishes to."""

    url: str = Field(description="Address, such as mqtts://broker.example.com: mqtts with TLS, mqtt without.")
    username: str | None = Field(default=None, description="Account of the bridge; left out with a certificate.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    password_file: Path | None = Field(default=None, description="A file that holds the password, instead of it.")
    ca_file: Path | None = Field(default=None, description="PEM file of the authority to trust, not the system's.")
    client_certificate: Path | None = Field(default=None, description="PEM file of the bridge's own certificate.")
    client_key: Path | None = Field(default=None, description="PEM file of its key, where it is another file.")
    keep_alive: int = Field(
        default=10, ge=2, le=600, description="Seconds; half as long again after it is gone, the broker says so."
    )
    timeout: float = Field(default=10.0, gt=0, le=600, description="Seconds to wait for the broker.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        scheme, host, port, levels = split_address(value)
        if levels:
            raise Problem("has a path.", "Say prefix and the names of the systems in their own fields.")
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise Problem("says the same as password.", "Leave one of them out.", field="broker.password_file")
        if (self.client_certificate or self.ca_file) and not self.url.startswith("mqtts:"):
            raise Problem("goes with TLS only.", "Write mqtts: in the url.", field="broker.client_certificate")
        if self.client_key is not None and self.client_certificate is None:
            raise Problem("is missing.", "Give the certificate of the key, too.", field="broker.client_certificate")
        return self

    def _load(self) -> Address:
        scheme, host, port, _ = split_address(self.url)
        password = None if self.password is None else self.password.get_secret_value()
        if self.password_file is not None:
            try:
                password = self.password_file.expanduser().read_text(encoding="utf-8").strip()
            except OSError as error:
                raise InvalidInput(
                    "broker.password_file", f"cannot be read ({error.strerror}).", remedy="Make it readable."
                ) from None
        context = None
        if scheme == "mqtts":
            try:
                context = ssl.create_default_context() if self.ca_file is None else trusting(self.ca_file)
                if self.client_certificate is not None:
                    load_client_certificate(context, self.client_certificate, self.client_key)
            except Problem as error:
                raise InvalidInput(f"broker.{error.field}", error.message, remedy=error.remedy) from None
            except InvalidInput as error:
                raise InvalidInput(f"broker.{error.field}", error.problem, remedy=error.remedy) from None
        return Address(
            host=host,
            port=port,
            username=self.username,
            password=password,
            tls=context,
            keep_alive=self.keep_alive,
            timeout=self.timeout,
        )

    async def load(self) -> Address:
        """Read the files, without blocking the loop. Raises ``InvalidInput``."""
        return await asyncio.get_running_loop().run_in_executor(None, self._load)


class HttpSettings(Checked):
    """Where metrics and health are to be read."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 in a container.")
    port: int = Field(default=9464, ge=0, le=65535, description="Port; 0 is any that is free.")


class BridgeSettings(Checked):
    """A worker of a bridge. Raises ``InvalidInput``."""

    broker: BrokerSettings = Field(description="The broker.")
    systems: dict[str, ConnectionSettings] = Field(
        min_length=1,
        description="Telephone systems by the name that their topics have, each as aiopbx.connect takes it.",
    )
    prefix: str = Field(default=PREFIX, description="What every topic begins with.")
    shard: str = Field(default="0/1", description="Which part of the lines this worker serves: I/N, from 0 on.")
    pulse_interval: float = Field(default=1.0, ge=0.05, le=60, description="Seconds between two signs of life.")
    command_max_age: float = Field(default=10.0, gt=0, le=600, description="Seconds; older commands are refused.")
    commands_at_once: int = Field(default=50, ge=1, le=1000, description="How many commands are carried out at a time.")
    publish_calls: bool = Field(default=True, description="Whether calls have topics of their own, too.")
    publish_routing: bool = Field(default=True, description="Whether the routing has a topic of its own, too.")
    publish_events: bool = Field(default=True, description="Whether events are published, too.")
    discovery_prefix: str | None = Field(
        default=None,
        description="Where Home Assistant looks for MQTT discovery, usually homeassistant; none if left out.",
    )
    http: HttpSettings | None = Field(default=None, description="Metrics and health; none if left out.")
    drain_timeout: float = Field(
        default=10.0, ge=0, le=600, description="Seconds that running commands may take at the end."
    )

    if not TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            """Check the values. Raises ``InvalidInput``."""
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise _explain(error) from None

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, shard: str | None = None) -> Self:
        """Read a YAML or TOML file. Relative paths in it are beside it. Raises ``InvalidInput``. Blocks."""
        place = Path(path)
        values = read_file(place)
        broker = values.get("broker")
        if isinstance(broker, dict):
            names = ("password_file", "ca_file", "client_certificate", "client_key")
            values["broker"] = {key: _beside(place, value) if key in names else value for key, value in broker.items()}
        systems = values.get("systems")
        if isinstance(systems, dict):
            values["systems"] = {name: _system(place, name, one) for name, one in systems.items()}
        if shard is not None:
            values["shard"] = shard
        return cls(**values)

    @property
    def part(self) -> tuple[int, int]:
        """Which shard of how many."""
        index, _, count = self.shard.partition("/")
        return int(index), int(count)

    @field_validator("prefix", "discovery_prefix")
    @classmethod
    def _check_prefix(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.strip("/") or value != value.strip("/") or any(letter in value for letter in "+#$\0 "):
            raise Problem("is no beginning of a topic.", "Such as pbx, or acme/telephony.")
        return value

    @field_validator("shard")
    @classmethod
    def _check_shard(cls, value: str) -> str:
        found = _SHARD.fullmatch(value.strip())
        if found is None or int(found[1]) >= int(found[2]):
            raise Problem("is no part of a whole.", "It is I/N, such as 0/4, 1/4, 2/4 and 3/4 for four workers.")
        return f"{int(found[1])}/{int(found[2])}"

    @field_validator("systems", mode="before")
    @classmethod
    def _check_systems(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise Problem("is no list of names.", "Write one `name:` for each, with its settings below.")
        for name, one in value.items():
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
                raise Problem(f"{name!r} cannot be a level of topics.", "Use letters, digits, -, _ and dots.")
            if isinstance(one, dict):
                try:
                    value = {**value, name: ConnectionSettings.make(**one)}
                except InvalidInput as error:
                    raise Problem(error.problem, error.remedy or "", field=f"systems.{name}.{error.field}") from None
        if any(getattr(one, "system", "") == "mqtt" for one in value.values()):
            raise Problem("is behind a bridge itself.", "Connect to the telephone system.")
        return value


def _beside(file: Path, value: Any) -> Any:
    if isinstance(value, str) and value and not Path(value).expanduser().is_absolute():
        return str(file.expanduser().parent / value)
    return value


def _system(file: Path, name: str, values: Any) -> Any:
    """The settings of a system, with its password from a file where that is named."""
    if not isinstance(values, dict):
        return values
    values = dict(values)
    if "ca_file" in values:
        values["ca_file"] = _beside(file, values["ca_file"])
    secret = values.pop("password_file", None)
    if secret is not None:
        try:
            values["password"] = Path(_beside(file, secret)).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, TypeError) as error:
            raise InvalidInput(
                f"systems.{name}.password_file", f"cannot be read ({error}).", remedy="Make it readable."
            ) from None
    return values


def _explain(error: ValidationError) -> InvalidInput:
    """Turn the first of pydantic's errors into ours."""
    errors = error.errors(include_url=False, include_input=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    name = ".".join(str(part) for part in first["loc"])
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, Problem):
        return InvalidInput(cause.field or name, cause.message, remedy=cause.remedy)
    if first["type"] == "missing":
        return InvalidInput(name, "is missing.", remedy="A bridge needs it: see docs/mqtt-topics.md.")
    if first["type"] == "extra_forbidden":
        model = (
            BrokerSettings if name.startswith("broker") else HttpSettings if name.startswith("http") else BridgeSettings
        )
        return InvalidInput(
            name, "there is no such setting.", remedy=f"The settings are: {', '.join(model.model_fields)}."
        )
    message = str(first["msg"])
    return InvalidInput(name, "cannot be used.", remedy=message[:1].upper() + message[1:] + ".")
