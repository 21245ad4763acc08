#!/usr/bin/env bash
# nbclient stores a notebook without anything that a task from an earlier cell did: not its output, not its widgets'
# values.
#
# What meets: a notebook that watches something (an asyncio task begun in one cell, which prints and sets widgets),
# and nbclient, which executes and stores it (for documentation, tests, jupyter execute).
# Versions: nbclient 0.11.0, nbformat 5.11.1, ipykernel 7.4.0, ipywidgets 8.1.9, Python 3.11.
# One would guess: the stored notebook shows what the page would show: what was printed by the time the next cells had
# run, and the widgets' last values - all the more if a later cell awaits the task.
# What happens: what a task sends belongs to the cell that began it. nbclient looks only at messages of the cell that
# it executes now, and drops the rest: the text is in no cell, what the task printed in an Output widget is not there,
# and the widget that the kernel itself says is at 42 is stored with 5. Nothing is said. A page shows all of it.
# Seen: value in the kernel 42, stored 5; Output widget "from the cell" only; "task says" in no cell.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'nbclient==0.11.0' 'nbformat==5.11.1' 'ipykernel==7.4.0' 'ipywidgets==8.1.9' || exit 3

timeout 60 "$folder/venv/bin/python" - "$folder" <<'PYTHON' || exit 1
import os
import sys

# the kernel's own files, too, go where they are removed
os.environ |= {name: sys.argv[1] for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}

import nbclient
import nbformat

CELLS = [
    """
import asyncio
import ipywidgets
calls, log = ipywidgets.IntText(5), ipywidgets.Output()
display(calls, log)
with log:
    print("from the cell")
""",
    """
next_cell = asyncio.Event()
async def watch():
    await next_cell.wait()
    print("task says")
    with log:
        print("from the task")
    calls.value = 42
task = asyncio.create_task(watch())
""",
    """
next_cell.set()
await task
print("in the kernel", calls.value)
""",
]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=50).execute()

texts = [output["text"] for cell in notebook.cells for output in cell.outputs if output["output_type"] == "stream"]
models = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
states = {model["model_name"]: model["state"] for model in models}
seen = {
    "printed in cells": texts,
    "stored value": states["IntTextModel"]["value"],
    "stored Output": [output["text"] for output in states["OutputModel"]["outputs"]],
}
for name, value in seen.items():
    print(f"{name}: {value}")
raise SystemExit(list(seen.values()) != [["in the kernel 42\n"], 5, ["from the cell\n"]])
PYTHON
