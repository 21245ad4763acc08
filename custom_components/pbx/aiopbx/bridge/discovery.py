"""MQTT discovery of Home Assistant: sensors and switches for those who want no integration."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from ..model import Feature, LineSnapshot, LineState
from ..mqtt.topics import Topics
from .settings import BridgeSettings


def discovery_of(
    line: LineSnapshot, topics: Topics, settings: BridgeSettings, shard: str
) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads that describe a line: its state, the other party, and what waits for its user."""
    # The id of a line may hold what a topic of discovery may not.
    object_id = sha256(f"{topics.base}/{line.id}".encode()).hexdigest()[:16]
    device = {
        "identifiers": [f"aiopbx-bridge-{object_id}"],
        "name": line.name or line.number or line.id,
        "model": "Telephone line",
    }
    common: dict[str, Any] = {
        "device": device,
        "availability_topic": topics.worker(shard),
        "availability_template": "{{ value_json.status }}",
        "payload_available": "online",
        "payload_not_available": "offline",
        "state_topic": topics.line(line.id),
        "has_entity_name": True,
    }

    def made(component: str, key: str, **fields: Any) -> tuple[str, bytes]:
        unique = f"{object_id}_{key}"
        payload = {**common, "unique_id": unique, **fields}
        return f"{settings.discovery_prefix}/{component}/{unique}/config", msgspec.json.encode(payload)

    busy = "{% set calls = value_json.line.calls %}"
    state = busy + "{{ (calls | selectattr('state', 'eq', 'active') | list or calls or [{'state': 'idle'}])[0].state }}"
    yield made(
        "sensor",
        "state",
        name="State",
        device_class="enum",
        options=[one.value for one in LineState],
        value_template=state,
    )
    other = busy + "{% set party = calls[0].parties[0] if calls and calls[0].parties else none %}"
    other += "{{ (party.name or party.number or 'anonymous')[:250] if party else '' }}"
    yield made("sensor", "party", name="Other party", value_template=other)
    if Feature.COUNTERS in line.features:
        for key, name in (("missed_calls", "Missed calls"), ("voicemails", "Voicemails")):
            yield made(
                "sensor", key, name=name, value_template=f"{{{{ value_json.line.counters.{key} | default(0, true) }}}}"
            )
    if Feature.DO_NOT_DISTURB in line.features:
        value = "{{ 'ON' if value_json.line.routing and value_json.line.routing.do_not_disturb else 'OFF' }}"
        command = (
            '{"id": "ha-{{ now().timestamp() }}-{{ range(1000000, 9999999) | random }}", '
            '"issued_at": "{{ utcnow().isoformat() }}", '
            f'"line": {_plain(line.id)}, '
            '"method": "set_do_not_disturb", "arguments": {"on": {{ (value == "ON") | tojson }}}}'
        )
        yield made(
            "switch",
            "do_not_disturb",
            name="Do not disturb",
            value_template=value,
            command_topic=topics.command(shard, line.id),
            command_template=command,
            qos=1,
        )


def _plain(text: str) -> str:
    """An id as JSON in a template, in which nothing of it is a template."""
    return msgspec.json.encode(text).decode().replace("{", "\\u007b").replace("}", "\\u007d")
