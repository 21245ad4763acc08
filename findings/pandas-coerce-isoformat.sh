#!/usr/bin/env bash
# pandas.to_datetime(errors="coerce") loses every time of a log that isoformat() happened to write without a fraction.
#
# What meets: datetime.isoformat() and pandas.to_datetime.
# Versions: pandas 3.1.1, Python 3.11.
# One would guess: one writer, one standard (ISO 8601), so the column has one format, and "coerce" touches only
# garbage.
# What happens: isoformat() leaves the fraction out when the microseconds are 0. pandas guesses the format from the
# first value and holds all others to it: with errors="coerce" those without a fraction become NaT without a word -
# one in a thousand where times have milliseconds - or, when the first value is such a one, all the others do.
# format="ISO8601" reads all of them.
# Seen: of 1,000 times, one each millisecond: first with a fraction 1 NaT, first without 999 NaT, format="ISO8601" 0
# NaT.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'pandas==3.1.1' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from datetime import UTC, datetime, timedelta

import pandas


def lost(first_millisecond, **options):
    start = datetime(2026, 11, 28, 10, 0, 0, tzinfo=UTC) + timedelta(milliseconds=first_millisecond)
    times = [(start + timedelta(milliseconds=step)).isoformat() for step in range(1000)]
    return int(pandas.to_datetime(pandas.Series(times), errors="coerce", **options).isna().sum())


seen = {
    "first with a fraction": lost(1),
    "first without": lost(0),
    "ISO8601, first with": lost(1, format="ISO8601"),
    "ISO8601, first without": lost(0, format="ISO8601"),
}
for name, count in seen.items():
    print(f"{name}: {count} of 1000 lost")
raise SystemExit(list(seen.values()) != [1, 999, 0, 0])
PYTHON
