"""Which telephone systems the demo shows, and how Home Assistant reaches them: what a user would enter."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from homeassistant.util import slugify
from office import people
from paths import Folder

type Json = dict[str, Any]
type System = Literal["o2g", "istra"]

SYSTEMS: Final[tuple[System, ...]] = ("o2g", "istra")
ENTERPRISE: Final = "example"
OFFICE: Final = "Office"
TELEPHONE: Final = "My telephone"
MESSAGES: Final = "My messages"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of Home Assistant: a choice of the menu, and what the form is filled in with."""

    kind: str
    title: str
    account: Json
    chooses_lines: bool

    @property
    def connection(self) -> str:
        """The entity that shows whether it is connected."""
        return f"binary_sensor.{slugify(self.title)}_connection"


def entries(system: System, folder: Folder, ports: dict[str, int]) -> list[Entry]:
    """Return the entries for a system: an administrator's for the office, and on Istra one person's own two."""
    certificate = {"security": {"tls": "own_ca", "ca_file": str(folder.certificate / "simulator.pem")}}
    url = f"https://127.0.0.1:{ports['pbx' if system == 'o2g' else 'pbx_istra']}"
    administrator = {"url": url, "username": "admin", "password": "admin", **certificate}
    if system == "o2g":
        return [
            Entry(kind="o2g_administrator", title=OFFICE, account=administrator | {"network": {}}, chooses_lines=True)
        ]
    me = next(person for person in people() if person.yours)
    user = {"url": url, "username": me.login, "password": "secret", **certificate}
    return [
        Entry(kind="myrcc", title=OFFICE, account=administrator | {"enterprise": ENTERPRISE}, chooses_lines=True),
        Entry(kind="mycrm", title=TELEPHONE, account=user, chooses_lines=True),
        Entry(kind="myistra", title=MESSAGES, account=user, chooses_lines=False),
    ]
