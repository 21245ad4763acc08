#!/usr/bin/env bash
# phonenumbers dials the note behind a number: "+49 30 23125 042 fax" is the valid +493023125042329.
#
# What meets: numbers as people write them in contacts ("home", "fax", the word for an extension in their language),
# and phonenumbers (libphonenumber).
# Versions: phonenumbers 9.0.43, Python 3.11.
# One would guess: words behind the number are ignored, as they are in front of it, or raise; letters count for
# numbers like 1-800-FLOWERS.
# What happens: three letters or more anywhere behind the first digit make the whole text such a number, in every
# country: all letters become the digits of their keys ("fax" 329, "home" 4663). The words for an extension that it
# knows ("ext", "int", "anexo", "доб") are understood; French "poste", German "App.", Dutch "toestel", Polish "wew."
# and Swedish "ankn" are dialled, or make the number too long to be read. In Germany, where numbers have no fixed
# length, what comes out is often a valid number. In front of the number, and with two letters ("hq"), the same words
# are ignored.
# Seen: +49 30 23125 042 fax -> +493023125042329 valid; +49 30 23125 App. 042 -> +493023125277042 valid; 01 99 00 12
# 34 poste 42 (FR) -> +331990012347678342 invalid; +33 1 99 00 12 34 (home) -> +331990012344663 invalid; home +33 1 99
# 00 12 34 -> +33199001234 valid.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'phonenumbers==9.0.43' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def read(text):
    try:
        number = phonenumbers.parse(text, "FR")
    except NumberParseException:
        return "NumberParseException"
    form = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return form, number.extension, phonenumbers.is_valid_number(number)


expected = {
    "home +33 1 99 00 12 34": ("+33199001234", None, True),
    "+33 1 99 00 12 34 (hq)": ("+33199001234", None, True),
    "+33 1 99 00 12 34 (home)": ("+331990012344663", None, False),
    "+49 30 23125 042 fax": ("+493023125042329", None, True),
    "+49 30 23125 042 home": ("+4930231250424663", None, True),
    "+33 1 99 00 12 34 ext 42": ("+33199001234", "42", True),
    "01 99 00 12 34 poste 42": ("+331990012347678342", None, False),
    "+33 1 99 00 12 34 wew. 42": ("+3319900123493942", None, False),
    "+33 1 99 00 12 34 ankn 42": ("+33199001234265642", None, False),
    "+33 1 99 00 12 34 toestel 42": "NumberParseException",
    "+49 30 23125 App. 042": ("+493023125277042", None, True),
}
seen = {text: read(text) for text in expected}
for text, value in seen.items():
    print(f"{text}: {value}")
raise SystemExit(seen != expected)
PYTHON
