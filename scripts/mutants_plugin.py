"""The half of scripts/mutants that runs inside pytest: it records which test reaches which line, and tries mutants.

pytest starts once. For every mutant it forks a child; the child puts the mutant's code in place of the original, runs
the tests that reach the changed statement, cheapest first, and leaves at the first failure. The parent notes how the
child ended. Nothing is written to the sources.

Most mutants change the inside of a function, and the code of a function can be exchanged after everything is imported.
A mutant of a table, a default or a class body cannot be: its child is forked before the tests are collected, and
imports the changed source. What the tests import of others is imported before the fork, and so are the modules of this
repository that do not depend on the changed one.

What to do comes in the file that ``MUTANTS_JOB`` names; see scripts/run_mutants.py.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.machinery
import importlib.util
import itertools
import json
import mmap
import os
import signal
import struct
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
JOB: dict[str, Any] = json.loads(Path(os.environ["MUTANTS_JOB"]).read_text(encoding="utf-8"))

TERMINAL = os.dup(2)
"""Where the progress is shown, also while pytest captures what is written."""

SURVIVED, KILLED, TIMEOUT, INVALID, LOST = "survived", "killed", "timeout", "invalid", "lost"
NAMED_BY_EXIT_CODE = {0: SURVIVED, 1: KILLED, 4: LOST}

# ----------------------------------------------------------------------------------------------------------- recording


class Recorder:
    """Notes for each test how long it takes and which lines of the sources it reaches."""

    def __init__(self) -> None:
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=JOB["sources"], messages=False)
        self.tests: dict[str, dict[str, Any]] = {}
        self.file: str | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        """Run one test in a coverage context of its own."""
        if self.file is None:
            self.file = file_of(item.nodeid)
            self.coverage.start()
        self.coverage.switch_context(item.nodeid)
        self.tests[item.nodeid] = {"passed": True, "lines": {}}
        started = time.perf_counter()
        try:
            return (yield)
        finally:
            self.tests[item.nodeid]["seconds"] = round(time.perf_counter() - started, 3)
            if nextitem is None or file_of(nextitem.nodeid) != self.file:
                self.coverage.stop()
                self.write()
                self.coverage.erase()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails without a mutant says nothing about one."""
        if not report.passed:
            self.tests[report.nodeid]["passed"] = False

    def write(self) -> None:
        """Add a line to the record for the test file that ended."""
        data = self.coverage.get_data()
        for path in data.measured_files():
            relative = Path(path).relative_to(ROOT).as_posix()
            reached: defaultdict[str, int] = defaultdict(int)
            for line, contexts in data.contexts_by_lineno(path).items():
                for context in contexts:
                    reached[context] |= 1 << line
            for nodeid, lines in reached.items():
                if nodeid in self.tests:
                    self.tests[nodeid]["lines"][relative] = f"{lines:x}"
        row = {"file": self.file, "state": JOB["states"][self.file], "tests": self.tests}
        with Path(JOB["record"]).open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")
        self.tests, self.file = {}, None


# -------------------------------------------------------------------------------------------------- putting mutants in


def own(code: types.CodeType) -> tuple[object, ...]:
    """Return what a code object does, without what the functions in it do and where it stands."""
    constants = tuple(type(c) if isinstance(c, types.CodeType) else (type(c), repr(c)) for c in code.co_consts)
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable)


def changed_functions(old: types.CodeType, new: types.CodeType) -> list[tuple[types.CodeType, types.CodeType]] | None:
    """Return the functions that differ, each with the ones around it; None if more than functions differ."""
    is_function = bool(old.co_flags & 0x2)  # CO_NEWLOCALS: neither a module nor a class body
    inside_old = [c for c in old.co_consts if isinstance(c, types.CodeType)]
    inside_new = [c for c in new.co_consts if isinstance(c, types.CodeType)]
    if len(inside_old) != len(inside_new):
        return [(old, new)] if is_function and old.co_freevars == new.co_freevars else None
    found = []
    for one, other in zip(inside_old, inside_new, strict=True):
        below = changed_functions(one, other)
        if below is None:
            return [(old, new)] if is_function and old.co_freevars == new.co_freevars else None
        found += below
    if own(old) != own(new):
        if not is_function or old.co_freevars != new.co_freevars:
            return None
        return [*found, (old, new)]
    return [*found, (old, new)] if found and is_function else found


@functools.cache
def original(path: str) -> types.CodeType:
    """Return the code of a source as it is."""
    return compile(Path(path).read_text(encoding="utf-8"), path, "exec", dont_inherit=True)


def loaded_functions(paths: set[str]) -> dict[tuple[str, str, int], list[types.FunctionType]]:
    """Return every function that came from some sources, by where it stands."""
    found: defaultdict[tuple[str, str, int], list[types.FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in paths:
            code = thing.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    return found


def imported_modules() -> dict[str, dict[str, list[str]]]:
    """Return the modules that the tests have imported, in this order, with the folders of the packages among them."""
    foreign: dict[str, list[str]] = {}
    own: dict[str, list[str]] = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is None or spec.name != name:
            continue
        path = Path(spec.origin or "built-in")
        if not path.is_relative_to(ROOT) or "site-packages" in path.parts:
            foreign[name] = []
        elif not path.name.startswith(("test_", "conftest.")) and "scripts" not in path.parts:
            own[name] = [*(spec.submodule_search_locations or ())]
    return {"foreign": foreign, "own": own}


def known_modules() -> dict[str, dict[str, list[str]]]:
    """Return what the tests imported the last time."""
    path = Path(JOB["modules"])
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"foreign": {}, "own": {}}


def import_own_without(source: str) -> None:
    """Import the modules of this repository that do not depend on a source, so that the children need not.

    The import of the source fails, and with it that of all who need it. Packages import much at once: they are first
    taken by bare ones, through which their modules can be imported, and then tried themselves, the innermost first.
    """
    own = known_modules()["own"]
    bare = {}
    for name, folders in own.items():
        if folders and name not in sys.modules:
            bare[name] = types.ModuleType(name)
            bare[name].__path__ = folders
    sys.modules.update(bare)
    with code_instead(source, None):
        import_all(name for name in own if name not in bare)
        for name in sorted(bare, key=len, reverse=True):
            del sys.modules[name]
            if import_all([name]):
                import_all(below for below in own if below.startswith(f"{name}."))
            else:
                sys.modules[name] = bare[name]
    for name, module in bare.items():
        if sys.modules[name] is module:
            del sys.modules[name]


def import_all(names: Iterable[str]) -> bool:
    """Import modules as far as they can be; return whether all could."""
    done = True
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # what a half-imported package makes others raise, whatever it is
            done = False
    return done


def bind_modules() -> None:
    """Make every module an attribute of its package, as if the package had been there when it was imported."""
    for name, module in list(sys.modules.items()):
        package, _, last = name.rpartition(".")
        if package in sys.modules and not hasattr(sys.modules[package], last):
            setattr(sys.modules[package], last, module)


@contextlib.contextmanager
def code_instead(path: str, code: types.CodeType | None) -> Iterator[None]:
    """Let the import of a source find other code, or fail."""
    get_code = importlib.machinery.SourceFileLoader.get_code

    def changed(self: importlib.machinery.SourceFileLoader, fullname: str) -> types.CodeType | None:
        if self.path != path:
            return get_code(self, fullname)
        if code is None:
            raise ImportError(path)
        return code

    importlib.machinery.SourceFileLoader.get_code = changed  # type: ignore[method-assign]
    yield
    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


# -------------------------------------------------------------------------------------------------------------- trying


def lines_of(mutant: dict[str, Any]) -> int:
    """Return the lines of a mutant's statement, one bit each."""
    return ((1 << (mutant["end"] + 1)) - 1) & ~((1 << mutant["line"]) - 1)


def file_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.split("::")[0]


class Tests:
    """Which tests are worth trying on a mutant, and in which order."""

    def __init__(self) -> None:
        self.by_path: defaultdict[str, list[tuple[str, float, int]]] = defaultdict(list)
        self.kills: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, float] = {}
        for text in Path(JOB["record"]).read_text(encoding="utf-8").splitlines():
            row = json.loads(text)
            if JOB["states"].get(row["file"]) != row["state"]:
                continue
            for nodeid, test in row["tests"].items():
                if test["passed"]:
                    self.seconds[nodeid] = test["seconds"]
                    for path, lines in test["lines"].items():
                        self.by_path[path].append((nodeid, test["seconds"], int(lines, 16)))

    def for_mutant(self, mutant: dict[str, Any]) -> list[str]:
        """Return tests in the order of their promise: those that reach the statement, killers of its neighbours first.

        Then come those that reach the file: what is remembered from one call to the next is recorded of one test only.
        For a table so do all others, which may use it without a step into its file.
        """
        path, function = mutant["path"], mutant["function"]
        wanted = lines_of(mutant)
        reaching = [(0 if lines & wanted else 1, nodeid, cost) for nodeid, cost, lines in self.by_path[path]]
        if mutant["table"]:
            there = {nodeid for _, nodeid, _ in reaching}
            reaching += [(1, nodeid, cost) for nodeid, cost in self.seconds.items() if nodeid not in there]
        reaching.sort(key=lambda test: (test[0], -self.kills[function, test[1]], -self.kills[path, test[1]], test[2]))
        chosen, seconds = [], 0.0
        for _, nodeid, cost in reaching:
            if chosen and seconds + cost > JOB["seconds"]:
                continue
            chosen.append(nodeid)
            seconds += cost
        return chosen

    def reach(self, mutant: dict[str, Any]) -> bool:
        """Say whether any test reaches a mutant's statement."""
        wanted = lines_of(mutant)
        return any(lines & wanted for _, _, lines in self.by_path[mutant["path"]])

    def killed(self, mutant: dict[str, Any], nodeid: str) -> None:
        """Remember a test that noticed."""
        self.kills[mutant["function"], nodeid] += 1
        self.kills[mutant["path"], nodeid] += 1


class Trial:
    """Tries the mutants of the job, one after the other."""

    def __init__(self) -> None:
        self.tests = Tests()
        self.chosen: list[str] = []
        self.progress = mmap.mmap(-1, 8)  # shared with the child: the number of the test that it runs
        self.in_child = False
        self.outcome = ""
        self.last = ""
        self.more = False
        self.trusted: set[str] = set()
        self.hot: list[dict[str, Any]] = []
        self.cold: list[dict[str, Any]] = []
        for mutant in JOB["mutants"]:
            self.sort(mutant)

    def sort(self, mutant: dict[str, Any]) -> None:
        """Find out whether a mutant can be put in after the import."""
        path = str(ROOT / mutant["path"])
        old = original(path)
        try:
            new = compile(mutant["code"], path, "exec", dont_inherit=True)
        except SyntaxError:
            self.note(mutant, INVALID, "", 0.0, 0)
            return
        mutant["functions"] = changed_functions(old, new)
        if mutant["functions"] == []:  # the compiler makes the same of it
            self.note(mutant, INVALID, "", 0.0, 0)
            return
        mutant["compiled"] = new
        # What no test reaches may have run at the import.
        mutant["table"] = mutant["functions"] is None or not self.tests.reach(mutant)
        if mutant["table"] == JOB["tables"]:
            (self.cold if mutant["table"] else self.hot).append(mutant)

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, args: list[str]) -> None:
        """Try the mutants that have to be imported, or collect the tests for the others."""
        if self.cold:
            import_all(known_modules()["foreign"])
        for path, group in itertools.groupby(
            sorted(self.cold, key=lambda mutant: str(mutant["path"])), key=lambda mutant: str(mutant["path"])
        ):
            mutants = list(group)
            for beforehand in (True, False):
                done = self.try_imported(path, mutants, args, beforehand)
                if self.in_child:
                    return
                if done:
                    break
        if not self.hot:
            os._exit(0)
        paths = {mutant["path"] for mutant in self.hot}
        args += sorted({file_of(nodeid) for path in paths for nodeid, _, _ in self.tests.by_path[path]})

    def try_imported(self, path: str, mutants: list[dict[str, Any]], args: list[str], beforehand: bool) -> bool:
        """Try the mutants of one source in a process of its own, which may import most of the rest beforehand.

        Return in the parent whether that could be done, and in each child for it to run tests.
        """
        process = os.fork()
        if process:
            return os.waitpid(process, 0)[1] == 0
        source = str(ROOT / path)
        if beforehand:
            import_own_without(source)
            mutants = [{**mutants[0], "id": "", "compiled": original(source)}, *mutants]
        gc.collect()
        gc.freeze()
        for mutant in mutants:
            parts = self.in_two(self.tests.for_mutant(mutant))
            for part in parts:
                self.chosen, self.more = part, part is not parts[-1]
                if self.fork(mutant):
                    code_instead(source, mutant["compiled"]).__enter__()  # until the child ends
                    args += sorted({file_of(nodeid) for nodeid in self.chosen})
                    return True
                if self.outcome != SURVIVED:
                    break
            if not mutant["id"] and self.outcome != SURVIVED:  # the source as it is has to pass
                os._exit(1)
        os._exit(0)

    @staticmethod
    def in_two(chosen: list[str]) -> list[list[str]]:
        """Return the tests of the most promising file alone, then the others: a file takes long to collect."""
        first = [nodeid for nodeid in chosen if file_of(nodeid) == file_of(chosen[0])]
        others = [nodeid for nodeid in chosen if nodeid not in first]
        return [first, others] if others else [first]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A mutant that breaks the import is noticed."""
        if report.failed:
            if self.in_child:
                os._exit(1)
            sys.stderr.write(str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the other mutants."""
        items = {item.nodeid: item for item in session.items}
        if self.in_child:
            bind_modules()
            self.run([items[nodeid] for nodeid in self.chosen if nodeid in items])
        Path(JOB["modules"]).write_text(json.dumps(imported_modules()), encoding="utf-8")
        functions = loaded_functions({str(ROOT / mutant["path"]) for mutant in self.hot})
        gc.collect()
        gc.freeze()
        for mutant in self.hot:
            while True:
                self.chosen = [nodeid for nodeid in self.tests.for_mutant(mutant) if nodeid in items]
                if self.fork(mutant):
                    self.put_in(mutant, functions)
                    self.run([items[nodeid] for nodeid in self.chosen])
                noticed = self.last if self.outcome in {KILLED, TIMEOUT} else ""
                if not noticed or self.passes(items[noticed]):
                    break
                del items[noticed]
        return True

    @staticmethod
    def put_in(mutant: dict[str, Any], functions: dict[tuple[str, str, int], list[types.FunctionType]]) -> None:
        """Put the changed functions in place of the loaded ones."""
        found = False
        for old, new in mutant["functions"]:
            for function in functions[old.co_filename, old.co_qualname, old.co_firstlineno]:
                function.__code__ = new
                found = True
        if not found:
            os._exit(4)

    def passes(self, item: pytest.Item) -> bool:
        """Say whether a test that has noticed a mutant passes without one, as things are now."""
        if item.nodeid not in self.trusted:
            self.chosen = [item.nodeid]
            if self.fork({"id": "", "function": "", "path": ""}):
                self.run([item])
            if self.outcome != SURVIVED:
                os.write(TERMINAL, f"\nleft out, because it does not pass now: {item.nodeid}\n".encode())
                return False
            self.trusted.add(item.nodeid)
        return True

    def run(self, items: list[pytest.Item]) -> None:
        """Run tests in the child until one fails. A test that takes much longer than it should ends the child."""
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            self.progress[:] = struct.pack("q", self.chosen.index(item.nodeid))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 6 + 8 * self.tests.seconds[item.nodeid])
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        os._exit(0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Leave at the first failure, before pytest describes it at length."""
        error = call.excinfo
        if not self.in_child or error is None or item.get_closest_marker("xfail"):
            return
        if not error.errisinstance(pytest.skip.Exception):
            os._exit(1)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Leave at a failure that only pytest sees."""
        if self.in_child and report.failed:
            os._exit(1)

    def fork(self, mutant: dict[str, Any]) -> bool:
        """Return True in the child; in the parent wait for it, note how it ended, and return False."""
        if not self.chosen:
            self.note(mutant, SURVIVED, "", 0.0, 0)
            return False
        self.progress[:] = struct.pack("q", -1)
        started = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.setsid()
            self.in_child = True
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            return True
        patience = time.monotonic() + 60 + 8 * sum(self.tests.seconds[nodeid] for nodeid in self.chosen)
        status = 0
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > patience:
                os.kill(child, signal.SIGALRM)
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):  # what the tests started and left behind
            os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(status)
        outcome = TIMEOUT if code == -signal.SIGALRM else NAMED_BY_EXIT_CODE.get(code, KILLED)
        (number,) = struct.unpack("q", self.progress[:])
        last = self.chosen[number] if number >= 0 else ""
        if outcome in {KILLED, TIMEOUT} and last:
            self.tests.killed(mutant, last)
        self.note(mutant, outcome, last, time.perf_counter() - started, number + 1)
        return False

    def note(self, mutant: dict[str, Any], outcome: str, test: str, seconds: float, ran: int) -> None:
        """Add a line to the results."""
        self.outcome, self.last = outcome, test
        if not mutant["id"] or (self.more and outcome == SURVIVED):  # a run without a mutant, or the first half of one
            return
        row = {
            "id": mutant["id"], "outcome": outcome, "test": test, "seconds": round(seconds, 2), "ran": ran,
            "limit": JOB["seconds"],
        }  # fmt: skip
        with Path(JOB["results"]).open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")
        os.write(TERMINAL, {SURVIVED: b"S", KILLED: b".", TIMEOUT: b"t", INVALID: b"-"}.get(outcome, b"?"))


def pytest_configure(config: pytest.Config) -> None:
    """Start recording, if that is the job."""
    if "mutants" not in JOB:
        config.pluginmanager.register(Recorder(), "mutants-recorder")


if "mutants" in JOB:
    _trial = Trial()
    # Module-level hooks, because conftest files are loaded before pytest_configure.
    pytest_load_initial_conftests = _trial.pytest_load_initial_conftests
    pytest_collectreport = _trial.pytest_collectreport
    pytest_runtestloop = _trial.pytest_runtestloop
    pytest_runtest_makereport = _trial.pytest_runtest_makereport
    pytest_runtest_logreport = _trial.pytest_runtest_logreport
