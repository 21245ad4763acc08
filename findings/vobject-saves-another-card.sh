#!/usr/bin/env bash
# vobject rewrites the telephone number of the vCard standard's own example when it saves it, and drops nicknames.
#
# What meets: contacts as vCard 4.0 (RFC 6350) and 2.1, and vobject, the reader and writer that most Python address
# books use.
# Versions: vobject 0.9.9, Python 3.11.
# One would guess: what is read and written back is the same card; unknown things are kept.
# What happens: a value of type URI is never escaped, but vobject writes ";" in it as "\;", so the extension of the
# example in RFC 6350, section 6.4.1 (tel:+1-555-555-5555;ext=5555) is a wrong URI for everyone else. The example's
# TYPE="voice,home" is read as one type of that name. Of NICKNAME:Bob,Bobby only Bob is read, and so only Bob is
# saved. The bare parameters of vCard 2.1 (TEL;WORK;VOICE) can be read as singletonparams, and are not written.
# Seen: TEL;PREF=1;TYPE="voice,home";VALUE=uri:tel:+1-555-555-5555\;ext=5555; NICKNAME:Bob; TEL:+15550100.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'vobject==0.9.9' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import vobject


def card(version, *lines):
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", "FN:Ann Example", "N:Example;Ann;;;", *lines, "END:VCARD", ""])


four = vobject.readOne(card("4.0", 'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-555-555-5555;ext=5555', "NICKNAME:Bob,Bobby"))
two = vobject.readOne(card("2.1", "TEL;WORK;VOICE:+15550100"))
saved = [*four.serialize().splitlines(), *two.serialize().splitlines()]
seen = {
    "types": four.tel.params["TYPE"],
    "nickname": four.nickname.value,
    "bare parameters read": two.tel.singletonparams,
    "saved": [line for line in saved if line.startswith(("TEL", "NICKNAME"))],
}
for name, value in seen.items():
    print(f"{name}: {value}")
expected = {
    "types": ["voice,home"],
    "nickname": "Bob",
    "bare parameters read": ["WORK", "VOICE"],
    "saved": ["NICKNAME:Bob", 'TEL;PREF=1;TYPE="voice,home";VALUE=uri:tel:+1-555-555-5555\\;ext=5555', "TEL:+15550100"],
}
raise SystemExit(seen != expected)
PYTHON
