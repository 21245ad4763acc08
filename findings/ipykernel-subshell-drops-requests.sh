#!/usr/bin/env bash
# A subshell of ipykernel that is deleted takes the requests that it had accepted with it: no reply, no error, and "ok"
# for whoever deleted it.
#
# What meets: kernel subshells (the page's way to talk to widgets while a cell runs: JupyterLab makes one for a widget
# and deletes it when the widget is closed), and requests that still wait in one.
# Versions: ipykernel 7.4.0, jupyter_client 8.9.1, Python 3.11.
# One would guess: deleting waits for what was accepted, or what waited is answered with status "aborted", as after an
# error in a cell; or the deletion is refused while the subshell is busy.
# What happens: the thread's event loop is closed with the requests in it. The deletion says "ok", none of those that
# waited is answered, and an idle status never comes for them. Their only trace is asyncio's "Task was destroyed but it
# is pending!", which Python writes at some later time, so that it stands in the output of a cell that has nothing to do
# with it.
# Seen: subshell left alone: 6 of 6 answered; subshell deleted: 0 of 6 answered; deletion: ok (1 of 6 if the first had
# begun by then).
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'ipykernel==7.4.0' 'jupyter_client==8.9.1' || exit 3

timeout 90 "$folder/venv/bin/python" - "$folder" <<'PYTHON' || exit 1
import os
import queue
import sys
import time

# the kernel's own files, too, go where they are removed
os.environ |= {name: sys.argv[1] for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}

from jupyter_client.manager import start_new_kernel

REQUESTS = 6
manager, client = start_new_kernel(kernel_name="python3")


def control(kind, **content):
    asked = client.session.msg(kind, content)
    client.control_channel.send(asked)
    while True:
        answer = client.control_channel.get_msg(timeout=20)
        if answer["parent_header"].get("msg_id") == asked["header"]["msg_id"]:
            return answer["content"]


def ask(subshell, code):
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    asked = client.session.msg("execute_request", content)
    asked["header"]["subshell_id"] = subshell
    client.shell_channel.send(asked)
    return asked["header"]["msg_id"]


def answered(asked, seconds):
    found, end = set(), time.monotonic() + seconds
    while len(found) < len(asked) and time.monotonic() < end:
        try:
            message = client.shell_channel.get_msg(timeout=0.5)
        except queue.Empty:
            continue
        found.update({message["parent_header"].get("msg_id")} & set(asked))
    return len(found)


seen = {}
try:
    for deleted in (False, True):
        subshell = control("create_subshell_request")["subshell_id"]
        asked = [ask(subshell, "import time; time.sleep(0.3)") for _ in range(REQUESTS)]
        time.sleep(0.1)
        said = control("delete_subshell_request", subshell_id=subshell)["status"] if deleted else "-"
        seen[deleted] = answered(asked, 15)
        print(f"subshell {'deleted' if deleted else 'left alone'}: {seen[deleted]} of {REQUESTS} answered; deletion: {said}")
        if deleted and said != "ok":
            raise SystemExit(1)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
raise SystemExit(not (seen[False] == REQUESTS and seen[True] < REQUESTS))
PYTHON
