#!/usr/bin/env python3
"""Write docs/mqtt-schema.json, the JSON Schema of what a bridge publishes and is asked. A test holds it current.

.venv-lib/bin/python scripts/make_mqtt_schema.py
"""

import json
from pathlib import Path

from aiopbx.mqtt.topics import schema

PATH = Path(__file__).resolve().parents[1] / "docs" / "mqtt-schema.json"


def text() -> str:
    """Return the file as it should be."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
    print(f"wrote {PATH.name}")
