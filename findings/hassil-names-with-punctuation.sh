#!/usr/bin/env bash
# hassil: a spoken name with a full stop, comma, colon or brackets is not recognised as it is written.
#
# What meets: names of a telephone directory and hassil (Home Assistant's sentence matcher), which takes them as a
# slot list.
# Versions: hassil 3.12.1, PyYAML 6.0.4, Python 3.11.
# One would guess: the sentence "call Dr. Bob" matches the value "Dr. Bob"; if punctuation is stripped, then on both
# sides.
# What happens: punctuation goes from the sentence and stays in the value, so "Dr. Bob", "Smith, Jane" and "B3: lab"
# match neither as written nor without it. Values are templates, too: "(...)" is a group, so the name with brackets
# matches only when it is spoken without them; "[...]" is optional and "|" separates choices, so that the department
# "Sales|Support" is two names. R&D, O'Neil and Jean-Luc match as written.
# Seen: 'call Dr. Bob' and 'call Dr Bob' nothing; 'call Front desk (ground floor)' nothing, 'call front desk ground
# floor' found; 'call Anna' finds 'Anna [Sales]' with the value 'Anna '; 'call Sales' finds 'Sales|Support' with the
# value 'Sales'.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'hassil==3.12.1' 'pyyaml==6.0.4' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from hassil import Intents, recognize_all

NAMES = ["Dr. Bob", "Smith, Jane", "B3: lab", "Front desk (ground floor)", "Anna [Sales]", "Sales|Support", "R&D", "O'Neil"]
intents = Intents.from_dict(
    {
        "language": "en",
        "intents": {"Call": {"data": [{"sentences": ["call {name}"]}]}},
        "lists": {"name": {"values": NAMES}},
    }
)
expected = {
    "call Dr. Bob": [],
    "call Dr Bob": [],
    "call Smith, Jane": [],
    "call Smith Jane": [],
    "call B3: lab": [],
    "call B3 lab": [],
    "call Front desk (ground floor)": [],
    "call front desk ground floor": ["front desk ground floor"],
    "call Anna [Sales]": [],
    "call Anna": ["Anna "],
    "call Sales|Support": [],
    "call Sales": ["Sales"],
    "call R&D": ["R&D"],
    "call O'Neil": ["O'Neil"],
}
seen = {text: [result.entities["name"].value for result in recognize_all(text, intents)] for text in expected}
for text, values in seen.items():
    print(f"{text!r}: {values}")
raise SystemExit(seen != expected)
PYTHON
