#!/usr/bin/env bash
# Jinja's native types make 42 of the feature code "42#", and drop the note behind a number.
#
# What meets: jinja2.nativetypes.NativeEnvironment (templates whose result is a Python value, as automation tools use
# it) and what telephones dial.
# Versions: Jinja2 3.1.6, Python 3.11.
# One would guess: at worst a number loses its plus or its zeros; text with a "#" cannot be a number and stays text.
# What happens: the rendered text goes through ast.literal_eval, for which "#" starts a comment. "42#" gives 42, so
# the code is dialled without its end. "0042" on the other hand stays text (not a Python number), but "00" is 0. Two
# numbers with a comma are a tuple, and "1_000" is 1000. Underscores, hexadecimal ("0x2042") and exponents ("7e3") go
# the same way.
# Seen: '42#' -> 42, '+15550100' -> 15550100, '5550100 # desk' -> 5550100, '5550100, 5550101' -> (5550100, 5550101),
# '(555)' -> 555, '00' -> 0, '7e3' -> 7000.0; '0042', '*21*42#' and '555-0100' stay as they are.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'jinja2==3.1.6' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from jinja2.nativetypes import NativeEnvironment

expected = {
    "42#": 42,
    "+15550100": 15550100,
    "5550100 # desk": 5550100,
    "5550100, 5550101": (5550100, 5550101),
    "(555)": 555,
    "00": 0,
    "7e3": 7000.0,
    "1_000": 1000,
    "0x2042": 8258,
    "0042": "0042",
    "*21*42#": "*21*42#",
    "555-0100": "555-0100",
}
template = NativeEnvironment().from_string("{{ number }}")
seen = {number: template.render(number=number) for number in expected}
for number, value in seen.items():
    print(f"{number!r} -> {value!r}")
raise SystemExit(seen != expected or isinstance(seen["42#"], str))
PYTHON
