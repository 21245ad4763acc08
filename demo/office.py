"""Who is in the demo's office, as its scenario says."""

from dataclasses import dataclass

import yaml
from homeassistant.util import slugify
from paths import INTEGRATION

SCENARIO = "office"


@dataclass(frozen=True)
class Person:
    """A person of the office, and the ids of their entities in Home Assistant."""

    login: str
    number: str
    name: str
    department: str
    yours: bool

    def entity(self, domain: str, key: str) -> str:
        """Return the id of one of the line's entities."""
        return f"{domain}.{slugify(self.name)}_{key}"


TERMINAL = Person(login="", number="", name="SIP generic device", department="", yours=True)
"""The telephone of a person on myCrm, which names it after its model."""


def people() -> list[Person]:
    """Return all people, in the order of the scenario."""
    path = INTEGRATION / "aiopbx" / "simulator" / "scenarios" / f"{SCENARIO}.yaml"
    users = yaml.safe_load(path.read_text(encoding="utf-8"))["users"]
    return [
        Person(
            login=user.get("login", f"oxe{user['number']}"),
            number=str(user["number"]),
            name=user["name"],
            department=user.get("department", ""),
            yours=user.get("manual", False),
        )
        for user in users
    ]
