"""What starting costs: importing the client and running the command, as CPU time, against importing aiohttp.

    .venv-lib/bin/python benchmarks/imports.py [ROUNDS]

Every figure is user and system time of a whole process, the median of the rounds, in which the programs take turns; the
bare interpreter is subtracted. Read the ratios: absolute times differ from machine to machine and from run to run.
"""

import resource
import statistics
import subprocess
import sys

PROGRAMS = {
    "nothing": "pass",
    "aiohttp": "import aiohttp",
    "aiopbx": "import aiopbx",
    "aiopbx, settings": "import aiopbx; aiopbx.ConnectionSettings",
    "aiopbx, connected to O2G": "import aiopbx; aiopbx.ConnectionSettings; import aiopbx.o2g.system",
    "aiopbx --help": "import sys; sys.argv = ['aiopbx', '--help']; from aiopbx.cli import main; main()",
}


def cpu(program: str) -> float:
    """Seconds of CPU that a process with this program takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int = 11) -> None:
    """Print a row for each program."""
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            taken[name].append(cpu(program))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    bare = medians["nothing"]
    unit = medians["aiohttp"] - bare
    for name, seconds in medians.items():
        print(f"{name:28} {seconds * 1000:7.0f} ms   {(seconds - bare) / unit:5.2f} of aiohttp")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
