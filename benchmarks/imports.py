"""What starting costs: importing the client and running the command, as CPU time, against importing aiohttp.

    .venv-lib/bin/python benchmarks/imports.py [--rounds 11]
    .venv-lib/bin/python benchmarks/imports.py --notebooks [--other ../base]

With ``--notebooks`` it is the kit for Jupyter, against importing ipywidgets, which each notebook with widgets pays, and
beside the kit of another checkout. Every figure is user and system time of a whole process, the median of the rounds,
in which the programs take turns; the bare interpreter is subtracted. Read the ratios: absolute times differ from one
machine to another and from run to run.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = {
    "nothing": "pass",
    "aiohttp": "import aiohttp",
    "aiopbx": "import aiopbx",
    "aiopbx, settings": "import aiopbx; aiopbx.ConnectionSettings",
    "aiopbx, connected to O2G": "import aiopbx; aiopbx.ConnectionSettings; import aiopbx.o2g.system",
    "aiopbx --help": "import sys; sys.argv = ['aiopbx', '--help']; from aiopbx.cli import main; main()",
}

NOTEBOOKS = {
    "nothing": "pass",
    "ipywidgets": "import ipywidgets",
    "aiopbx": "import aiopbx",
    "notebooks_kit": "import notebooks_kit",
    "connect and a board": "from notebooks_kit import LineBoard, connect",
    "everything": "from notebooks_kit import *",
}
OTHER = {"the other": "from notebooks_kit import LineBoard, connect"}


def packages_of(checkout: Path, folder: Path) -> Path:
    """A folder from which client and kit of a checkout are imported, and nothing else that lies beside them."""
    for name, place in {"aiopbx": "custom_components/pbx/aiopbx", "notebooks_kit": "notebooks_kit"}.items():
        (folder / name).symlink_to(checkout.resolve() / place)
    return folder


def cpu(program: str, package: Path) -> float:
    """Seconds of CPU that a process with this program takes, which finds the packages in this folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(package)}
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True, env=environment, cwd=package)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a row for each program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--notebooks", action="store_true", help="the kit for Jupyter")
    parser.add_argument("--other", type=Path, help="a checkout of the build to compare the kit with")
    options = parser.parse_args()
    unit_of = "ipywidgets" if options.notebooks else "aiohttp"
    programs = dict(NOTEBOOKS if options.notebooks else PROGRAMS)
    if options.notebooks and options.other is not None:
        programs |= OTHER
    with tempfile.TemporaryDirectory() as this, tempfile.TemporaryDirectory() as that:
        here = packages_of(Path(__file__).parents[1], Path(this))
        other = packages_of(options.other, Path(that)) if options.other is not None else here
        taken: dict[str, list[float]] = {name: [] for name in programs}
        for turn in range(options.rounds + 1):
            for name, program in programs.items():
                seconds = cpu(program, other if name in OTHER else here)
                if turn:  # the first compiles what it imports
                    taken[name].append(seconds)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    bare = medians["nothing"]
    unit = medians[unit_of] - bare
    for name, seconds in medians.items():
        print(f"{name:28} {seconds * 1000:7.0f} ms   {(seconds - bare) / unit:5.2f} of {unit_of}")
    if "the other" in medians:
        print(f"\n{(medians['connect and a board'] - bare) / (medians['the other'] - bare):.2f} of the other")


if __name__ == "__main__":
    main()
