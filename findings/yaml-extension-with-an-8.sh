#!/usr/bin/env bash
# PyYAML writes the string "0089" without quotes, and every YAML 1.2 reader takes it for the number 89.
#
# What meets: PyYAML (YAML 1.1) as the writer, ruamel.yaml (YAML 1.2) as the reader, and back.
# Versions: PyYAML 6.0.4, ruamel.yaml 0.19.1, Python 3.11. (The npm packages yaml and js-yaml read the same values
# likewise.)
# One would guess: a serialiser quotes a string that looks like a number, so extension numbers survive from library to
# library.
# What happens: PyYAML quotes "0042" (octal in YAML 1.1) but not "0089" or "08", which are no octal numbers there and
# so plain strings. For YAML 1.2 they are decimal integers. So only extensions with an 8 or a 9 and a zero in front
# are lost. "12e3", the name of a terminal, becomes 12000.0, as YAML 1.1 floats need a full stop. The other way round,
# ruamel.yaml writes "10:30" plain (a string in 1.2), which PyYAML reads as sixty-based 630, and "yes" as true.
# Seen: PyYAML to ruamel.yaml: '0042' whole, '0089' -> 89, '08' -> 8, '12e3' -> 12000.0, '0o17' -> 15; ruamel.yaml to
# PyYAML: '0089' whole, '10:30' -> 630, 'yes' -> True.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'pyyaml==6.0.4' 'ruamel.yaml==0.19.1' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import io

import yaml
from ruamel.yaml import YAML

texts = ["0042", "0089", "08", "12e3", "0o17", "10:30", "yes"]


def ruamel_dump(data):
    stream = io.StringIO()
    YAML(pure=True).dump(data, stream)
    return stream.getvalue()


forth = dict(zip(texts, YAML(typ="safe", pure=True).load(yaml.safe_dump(texts)), strict=True))
back = dict(zip(texts, yaml.safe_load(ruamel_dump(texts)), strict=True))
for name, seen in {"PyYAML to ruamel.yaml": forth, "ruamel.yaml to PyYAML": back}.items():
    print(name, {text: value for text, value in seen.items() if text != value})
same = dict(zip(texts, texts, strict=True))
expected_forth = same | {"0089": 89, "08": 8, "12e3": 12000.0, "0o17": 15}
expected_back = same | {"10:30": 630, "yes": True}
raise SystemExit(forth != expected_forth or back != expected_back)
PYTHON
