#!/usr/bin/env bash
# hassil: "call 42" gives the float 42.0, "call forty two" the integer 42, and "call 0042" the same 42.0.
#
# What meets: extension numbers and hassil's range lists, the obvious slot for "dial {number}".
# Versions: hassil 3.12.1 (with unicode-rbnf 2.4.1), PyYAML 6.0.4, Python 3.11.
# One would guess: a range from 0 to 9999 gives an integer, and saying the number as words or as digits gives the same
# value.
# What happens: digits become a float, so the text that a template makes of the value is "42.0", which is no number to
# dial; words become an int. Zeros in front are lost (the text of the match still has them). Speech as people say
# extensions, digit by digit ("four two", "one oh one"), is never matched, and neither is a number with a plus or in
# groups.
# Seen: 'call 42' 42.0, 'call forty two' 42, 'call 0042' 42.0 (text '0042'); 'call four two', 'call one oh one', 'call
# +42' and 'call 20 42' nothing.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'hassil==3.12.1' 'unicode-rbnf==2.4.1' 'pyyaml==6.0.4' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from hassil import Intents, recognize_all

intents = Intents.from_dict(
    {
        "language": "en",
        "intents": {"Call": {"data": [{"sentences": ["call {number}"]}]}},
        "lists": {"number": {"range": {"from": 0, "to": 9999}}},
    }
)
expected = {
    "call 42": [("42.0", "42")],
    "call forty two": [("42", "forty two")],
    "call 0042": [("42.0", "0042")],
    "call four two": [],
    "call one oh one": [],
    "call +42": [],
    "call 20 42": [],
}
seen = {}
for text in expected:
    numbers = [result.entities["number"] for result in recognize_all(text, intents)]
    seen[text] = [(str(number.value), number.text) for number in numbers]
    print(f"{text!r}: {seen[text]}")
raise SystemExit(seen != expected)
PYTHON
