#!/usr/bin/env bash
# pandas.read_json turns telephone numbers that JSON says are strings into integers: "+15550100" into 15550100.
#
# What meets: a call log as JSON, numbers quoted, and pandas.read_json.
# Versions: pandas 3.1.1, Python 3.11.
# One would guess: CSV has no types and needs dtype=str, JSON has types, so a quoted value stays a string.
# What happens: read_json tries every column of strings as numbers. Where all of them look like numbers, the column is
# int64: zeros in front and the plus are gone. One withheld number (null) makes it float64, so that "0042" is 42.0;
# one entry that is not a number ("anonymous") brings all the strings back, so whether the numbers survive depends on
# who called that day. pandas.DataFrame(json.loads(text)) leaves them alone, and so does dtype=False.
# Seen: ['+15550100', '0042'] -> [15550100, 42]; with null -> [15550100.0, 42.0, nan]; with "anonymous" -> unchanged.
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
import io
import json

import pandas

cases = {
    "all numbers": ["+15550100", "0042"],
    "one withheld": ["+15550100", "0042", None],
    "one anonymous": ["+15550100", "0042", "anonymous"],
}
seen = {}
for name, numbers in cases.items():
    text = json.dumps([{"caller": number} for number in numbers])
    for how, frame in {
        "read_json": pandas.read_json(io.StringIO(text)),
        "dtype=False": pandas.read_json(io.StringIO(text), dtype=False),
        "DataFrame": pandas.DataFrame(json.loads(text)),
    }.items():
        seen[name, how] = [None if pandas.isna(value) else value for value in frame["caller"].tolist()]
        print(f"{name}, {how}: {frame['caller'].dtype} {seen[name, how]}")

expected = {(name, how): numbers for name, numbers in cases.items() for how in ("read_json", "dtype=False", "DataFrame")}
expected["all numbers", "read_json"] = [15550100, 42]
expected["one withheld", "read_json"] = [15550100.0, 42.0, None]
raise SystemExit(seen != expected or not isinstance(seen["one withheld", "read_json"][0], float))
PYTHON
