"""Settings in files and in the environment, as they are written there, unchecked."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import InvalidInput
from .parsing import Unparsable, parse_toml

LARGEST: Final = 250_000
"""The most bytes that a settings file may have."""


def read_environment(prefix: str = "AIOPBX_", environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Collect settings from environment variables, unchecked. See ``ConnectionSettings.from_env``."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    given = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    file = given.pop("SETTINGS", None)
    if file:
        values = read_file(Path(file), field=f"{prefix}SETTINGS")
    for name, value in sorted(given.items()):
        first, *rest = name.lower().split("__")
        if not rest:
            values[first] = value
            continue
        inner = values.get(first)
        inner = dict(inner) if isinstance(inner, dict) else {}
        key = "__".join(rest)
        split = first == "dial_policy" and key in {"allowed", "denied"}
        if first == "contacts" and key in {"directory", "log"}:
            value = value.strip().lower()  # pydantic reads yes, on, true and 1
        inner[key] = [part.strip() for part in value.split(",") if part.strip()] if split else value
        values[first] = inner
    return values


def read_file(path: Path, *, field: str = "file") -> dict[str, Any]:
    """Read a YAML or TOML file. Raises ``InvalidInput`` for this field. Blocks."""
    kind = path.suffix.lower()
    if kind not in {".yaml", ".yml", ".toml"}:
        raise InvalidInput(field, f"{path} is neither YAML nor TOML.", remedy="Its name must end in .yaml or .toml.")
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise InvalidInput(field, f"there is no file {path}.", remedy="Give the path of a settings file.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidInput(field, f"{path} cannot be read ({why}).", remedy="Make it readable.") from None
    if len(content) > LARGEST:
        raise InvalidInput(field, f"{path} is larger than {LARGEST} bytes.", remedy="Is it a settings file?")
    try:
        text = content.decode()
        values = parse_toml(text) if kind == ".toml" else _parse_yaml(text)
    except Unparsable as error:
        # The line is named, and never what stands in it: that may be the password.
        where = f" in line {error.line}" if error.line is not None else ""
        remedy = "Mend it there, or shortly before."
        raise InvalidInput(field, f"{path} {error.problem}{where}.", remedy=remedy) from None
    except UnicodeDecodeError:
        raise InvalidInput(field, f"{path} is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    if values is None:
        values = {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InvalidInput(field, f"{path} holds no settings.", remedy="Write one `name: value` a line.")
    values = dict(values)
    _beside(path, values, ("ca_file", "client_certificate", "client_key"))
    for section in ("webhook", "tunnel"):
        if isinstance(values.get(section), dict):
            values[section] = dict(values[section])
            _beside(path, values[section], ("certificate", "key", "secret_file"))
    return values


def _parse_yaml(text: str) -> Any:
    from .yaml_loader import parse_yaml  # only those who have such a file need PyYAML

    return parse_yaml(text)[1]


def _beside(path: Path, values: dict[str, Any], names: tuple[str, ...]) -> None:
    """Let relative paths in a file be relative to it."""
    for name in names:
        given = values.get(name)
        if isinstance(given, str) and given and not Path(given).expanduser().is_absolute():
            values[name] = str(path.expanduser().parent / given)
