"""Runs the fuzzer that scripts/fuzz describes: guided by coverage with atheris, else by mutations of our own."""

import argparse
import importlib.util
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PER_KILOBYTE = 0.05
LEFT = 256 * 1024
"""Bytes that may stay after many inputs: caches fill, and then grow no more."""


def guided(name: str, inputs: int, seed: int) -> None:
    """Run one target in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["aiopbx", "yaml", "tomllib", "json"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    folder = Path(tempfile.mkdtemp(prefix="aiopbx-fuzz-corpus-"))
    for number, one in enumerate(target.seeds):
        (folder / str(number)).write_bytes(one)

    def run(data: bytes) -> None:
        timed(target.read, data)

    options = [f"-runs={inputs}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", f"-seed={seed}"]
    atheris.Setup([sys.argv[0], *options, "-verbosity=0", f"-artifact_prefix={folder}/", str(folder)], run)
    atheris.Fuzz()


def timed(read: object, data: bytes) -> None:
    """Read it, and fail where that takes longer than its size allows, three times in turn."""
    for _ in range(3):
        began = time.process_time()
        read(data)  # type: ignore[operator]
        if time.process_time() - began <= PER_KILOBYTE * (1 + len(data) // 1024):
            return
    raise TimeoutError(f"{len(data)} bytes take too long")


def plain(name: str, inputs: int, seed: int) -> None:
    """Run one target with mutations of its seeds."""
    from tests.fuzz.mutations import Mutator
    from tests.fuzz.targets import TARGETS

    target, mutator = TARGETS[name], Mutator(TARGETS[name].seeds, seed)
    for number in range(inputs):
        data = mutator.next()
        try:
            timed(target.read, data)
        except BaseException:
            print(f"{name}: input {number} with seed {seed}: {data!r}", file=sys.stderr)
            raise


def kept(name: str, seed: int, inputs: int = 2000) -> int:
    """Bytes that stay of so many inputs, once as many have filled the caches."""
    from tests.fuzz.mutations import Mutator
    from tests.fuzz.targets import TARGETS

    mutator = Mutator(TARGETS[name].seeds, seed)
    data = [mutator.next() for _ in range(inputs)]
    for one in data:
        TARGETS[name].read(one)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for one in data:
        TARGETS[name].read(one)
    return tracemalloc.get_traced_memory()[0] - before


def one_target(job: tuple[str, int, int, str]) -> tuple[str, float, int, str]:
    """Run a target in processes of its own; return its name, seconds, exit code and what it wrote last."""
    name, inputs, seed, way = job
    began = time.monotonic()
    command = [sys.executable, __file__, "--target", name, "--inputs", str(inputs), "--seed", str(seed), "--way", way]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return name, time.monotonic() - began, ran.returncode, ran.stderr[-2000:]


def main() -> int:
    """Share the inputs among the targets, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="over all targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", help="this target; may be given several times")
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--target", help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=("guided", "plain"), help="guided if atheris is there")
    options = parser.parse_args()
    if options.target:
        (guided if options.way == "guided" else plain)(options.target, options.inputs, options.seed)
        return 0

    from tests.fuzz.targets import TARGETS

    way = options.way or ("guided" if importlib.util.find_spec("atheris") else "plain")
    names = options.only or list(TARGETS)
    each = -(-options.inputs // len(names))
    print(f"{way}: {each} inputs for each of {len(names)} targets, seed {options.seed}")
    failed = []
    with multiprocessing.Pool(options.processes) as pool:
        jobs = [(name, each, options.seed, way) for name in names]
        for name, seconds, code, said in pool.imap_unordered(one_target, jobs):
            stays = 0
            if code == 0:
                try:
                    stays = kept(name, options.seed)
                except Exception as error:
                    code, said = 1, repr(error)
            print(f"{name:18} {each:9} inputs {seconds:7.0f} s  {stays / 1024:6.0f} KiB stay  code {code}", flush=True)
            if code != 0 or stays > LEFT:
                failed.append(name)
                print(said)
    print("failed: " + ", ".join(failed) if failed else f"{each * len(names)} inputs, and nothing failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
