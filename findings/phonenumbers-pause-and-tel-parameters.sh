#!/usr/bin/env bash
# phonenumbers joins the digits after a pause ("p42") to the number, and refuses tel: URIs as carriers send them.
#
# What meets: numbers as address books keep them (a pause before the extension: "p", "w" or ","), tel: URIs with the
# parameters that networks add, and phonenumbers (libphonenumber).
# Versions: phonenumbers 9.0.43, Python 3.11.
# One would guess: letters it does not know make it fail; parameters of a tel: URI that it does not need are ignored.
# What happens: "," is understood, while "p" and "w" (the pause and wait that telephones store) vanish and their
# digits become part of the number. The result is usually too long; for a German number it is a valid one, another
# subscriber's. A parameter after the number (RFC 3966 allows any) raises: verstat (caller verified), cpc, tgrp and
# trunk-context, rn and npdi. A local number with a domain as phone-context, which RFC 3966 asks for, is taken for a
# national one. A prefix as phone-context, as in the RFC's own example, is glued to the front, so that the number is
# too long.
# Seen: +12015550123,,42 -> ext 42; +12015550123p42 -> +1201555012342 invalid; +493023125042p7 -> +4930231250427
# valid; tel:+12015550123;verstat=TN-Validation-Passed -> NumberParseException; tel:7042;phone-context=example.com ->
# +17042 (US); tel:863-1234;phone-context=+1-914-555 -> +19145558631234.
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
        number = phonenumbers.parse(text, "US")
    except NumberParseException:
        return "NumberParseException"
    form = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return form, number.extension, phonenumbers.is_valid_number(number)


expected = {
    "+12015550123,,42": ("+12015550123", "42", True),
    "+12015550123p42": ("+1201555012342", None, False),
    "+12015550123w42": ("+1201555012342", None, False),
    "+493023125042p7": ("+4930231250427", None, True),
    "tel:+1-201-555-0123;ext=42": ("+12015550123", "42", True),
    "tel:+12015550123;verstat=TN-Validation-Passed": "NumberParseException",
    "tel:+12015550123;ext=42;verstat=TN-Validation-Passed": "NumberParseException",
    "tel:+12015550123;cpc=ordinary": "NumberParseException",
    "tel:+12015550123;tgrp=out;trunk-context=example.com": "NumberParseException",
    "tel:+12015550123;npdi;rn=+12015559999": "NumberParseException",
    "tel:7042;phone-context=example.com": ("+17042", None, False),
    "tel:863-1234;phone-context=+1-914-555": ("+19145558631234", None, False),
}
seen = {text: read(text) for text in expected}
for text, value in seen.items():
    print(f"{text}: {value}")
raise SystemExit(seen != expected)
PYTHON
