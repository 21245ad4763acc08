"""From the answer of the login to online, with thousands of lines: this build beside another one, in turns.

The server is in a process of its own and the same for both. Each client runs in a process of its own, so that it
starts as an application does, and reports when the session was opened, when it was online, and how many requests the
server saw until then. The first lines of the office are in a call: their states are compared, so that "online" means
the same. Without a checkout of another build, the old way is measured with this one: every user read before being
online, twenty at a time, as it was done before.

    python benchmarks/start.py --lines 10000 --other ../base       (a worktree of the build to compare with)
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from office_server import serving

ROOT = Path(__file__).resolve().parents[1]

CLIENT = """
import asyncio, gc, json, resource, sys, time
from pathlib import Path

url, way = sys.argv[1:3]
sys.path.insert(0, sys.argv[3])
import aiopbx
assert Path(aiopbx.__file__).parent.parent == Path(sys.argv[3])
from aiopbx.loops import each
import aiopbx.settings.connection
from aiopbx.o2g.client import O2gClient

opened = [0.0]
open_session = O2gClient.open

async def noted(self):
    await open_session(self)
    opened[0] = time.perf_counter()

O2gClient.open = noted

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

async def main():
    gc.collect()
    imported = resident()
    computed = time.process_time()
    async with aiopbx.connect(url=url, username="admin", password="admin", sync_timeout=60) as pbx:
        if way == "names first":
            await each(list(pbx.lines), pbx.o2g.users.user)
        online = time.perf_counter()
        computed = time.process_time() - computed
        print(json.dumps({"online": online - opened[0], "computed": computed}), flush=True)
        sys.stdin.readline()
        right = sum(line.synced for line in pbx.lines.values())
        if way == "all":
            while not all(line.snapshot.described for line in pbx.lines.values()):
                await asyncio.sleep(0.5)
        gc.collect()
        print(json.dumps({"right": right, "memory": resident() - imported}), flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""


def measure(url: str, pipe, way: str, package: Path) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """One start: seconds from the login to online, requests until then, and whether every line was confirmed."""
    pipe.send("requests")
    pipe.recv()
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, url, way, str(package)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    result: dict[str, float] = json.loads(process.stdout.readline())
    pipe.send("requests")
    result["requests"] = pipe.recv()
    began = time.perf_counter()
    process.stdin.write("\n")
    process.stdin.flush()
    result |= json.loads(process.stdout.readline())
    result["known"] = time.perf_counter() - began
    process.stdin.write("\n")
    process.stdin.flush()
    process.wait(30)
    return result


def package_of(checkout: Path, folder: Path) -> Path:
    """A folder from which the client of a checkout is imported as ``aiopbx``, and nothing else that lies beside it."""
    folder.mkdir()
    (folder / "aiopbx").symlink_to(checkout.resolve() / "custom_components" / "pbx" / "aiopbx")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path, help="a checkout of the build to compare with")
    parser.add_argument("--known", action="store_true", help="also wait until everything is known, which takes minutes")
    options = parser.parse_args()
    old: list[dict[str, float]] = []
    new: list[dict[str, float]] = []
    with TemporaryDirectory() as folder, serving(options.lines) as (url, pipe):
        this = package_of(ROOT, Path(folder) / "this")
        other = package_of(options.other, Path(folder) / "other") if options.other is not None else this
        for number in range(options.rounds):
            for name, measured in (("old", old), ("new", new)):
                way = "names first" if name == "old" and other is this else ""
                one = measure(url, pipe, way, other if name == "old" else this)
                assert one["right"] == options.lines, "every line is confirmed once it is online"
                measured.append(one)
                print(
                    f"{number + 1}. {name}: {one['online']:6.2f} s to online ({one['computed']:.2f} s of them computed)"
                    f" after {one['requests']:.0f} requests"
                )
        ratios = [
            statistics.median(one[what] for one in new) / statistics.median(one[what] for one in old)
            for what in ("online", "computed")
        ]
        print(
            f"{options.lines} lines: {ratios[0]:.3f} of the old way's time, aim 0.1; "
            f"{ratios[1]:.3f} of what it computes"
        )
        if options.known:
            one = measure(url, pipe, "all", this)
            print(
                f"names and rights of all are known {one['known']:.0f} s after online; "
                f"memory {one['memory']:.1f} MiB, {one['memory'] / options.lines * 1024:.2f} KiB a line"
            )


if __name__ == "__main__":
    main()
