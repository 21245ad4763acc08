"""Every notebook runs from top to bottom without hands, and is stored as GitHub shows it."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbconvert.preprocessors import ExecutePreprocessor

FOLDER = Path(__file__).parents[2] / "notebooks_kit/notebooks"
NAMES = (
    "first-call",
    "by-hand",
    "routing-and-presence",
    "on-the-wire",
    "a-week-of-calls",
    "call-centre",
    "routing-calls",
    "broken-network",
)
AT_ONCE = 3
"""Notebooks that run at the same time."""
LARGEST = 160_000
"""Bytes that a stored notebook has at most, each picture twice: it is looked at on a page, over a network."""
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
TELLS = {
    "first-call": ("closed: this is how it was", "20 lines, "),
    "by-hand": ("closed: this is how it was", "Noah Owusu"),
    "routing-and-presence": ("closed: this is how it was", "1 message"),
    "on-the-wire": (" steps", "makeCall"),
    "a-week-of-calls": ("calls",),
    "call-centre": ("closed: this is how it was",),
    "routing-calls": ("closed: this is how it was", "11 agents, ", "2 queues, "),
    "broken-network": ("closed: this is how it was", "<dt>Losses</dt><dd>4</dd>"),
}
"""What the stored widgets say in the end: what had happened, not an idle office."""
PATHS = [FOLDER / f"{name}.ipynb" for name in NAMES]
named = pytest.mark.parametrize("path", PATHS, ids=NAMES)


def test_these_are_the_notebooks() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)


def execute(path: Path) -> Any:
    """Run a notebook in a kernel of its own, and return it with its outputs. Each program has some of them."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(FOLDER)}}
    match path.stem:
        case "by-hand":
            return papermill.execute_notebook(
                path, None, kernel_name="python3", cwd=FOLDER, progress_bar=False, execution_timeout=60
            )
        case "routing-and-presence":
            ExecutePreprocessor(timeout=60, kernel_name="python3").preprocess(notebook, resources)
        case _:
            NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    return notebook


@pytest.fixture(scope="module")
def executed(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], Any]]:
    """Run the notebooks that are tested side by side, because they mostly wait; each is returned when it is done."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[Path, Future[Any]] = {}

        def result(path: Path) -> Any:
            if path not in running:
                running[path] = pool.submit(execute, path)
            return running[path].result()

        if "PYTEST_XDIST_WORKER" not in os.environ:  # there, other workers run the other tests
            for item in request.session.items:
                if isinstance(item, pytest.Function) and item.originalname == test_it_runs.__name__:
                    path = item.callspec.params["path"]
                    running[path] = pool.submit(execute, path)
        yield result
        pool.shutdown(cancel_futures=True)


@named
@pytest.mark.timeout(300)
def test_it_runs(path: Path, executed: Callable[[Path], Any]) -> None:
    notebook = executed(path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert outputs
    assert not [output for output in outputs if output.get("name") == "stderr"]
    # what was opened is closed: the last cell says so
    last = json.dumps([output.get("data", {}).get("text/plain") for output in notebook.cells[-1].outputs])
    assert "Status.CLOSED" in last
    assert "ONLINE" not in last


def texts(state: dict[str, Any]) -> str:
    """All that the stored widgets show."""
    return "\n".join(json.dumps(model["state"], ensure_ascii=False) for model in state.values())


def references(value: Any) -> Iterator[str]:
    """The models that a stored value refers to."""
    if isinstance(value, str) and value.startswith("IPY_MODEL_"):
        yield value.removeprefix("IPY_MODEL_")
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


@named
@pytest.mark.timeout(300)
def test_what_it_stores_is_what_had_happened(path: Path, executed: Callable[[Path], Any]) -> None:
    notebook = executed(path)
    state = notebook.metadata.widgets[STATE]["state"]
    shown = [
        output.data[VIEW]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if VIEW in output.get("data", {})
    ]
    assert shown
    missing = {view["model_id"] for view in shown} - set(state)
    assert not missing, "model not found"
    dangling = {each for model in state.values() for each in references(model["state"])} - set(state)
    assert not dangling
    said = texts(state)
    assert not [words for words in TELLS[path.stem] if words not in said]


@named
def test_it_is_stored_with_outputs_and_nothing_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < LARGEST
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    shown = [output.data for cell in code for output in cell.outputs if "data" in output]
    assert sum("text/html" in data or "image/png" in data for data in shown) >= 2
    assert not [data for data in shown if "<svg" in data.get("text/html", "")], "pages that do not trust it strip that"
    assert all("image/png" in data for data in shown if "image/svg+xml" in data)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert not [word for word in ("/home/", f"{Path.home()}/", "/Users/", "site-packages", "file://") if word in text]
    assert "widget-view" not in text, "a live widget does not survive in a file: scripts/store_notebooks.py"
    assert not [cell.source for cell in code if len(cell.source.splitlines()) > 18]


@named
def test_it_is_prose_with_code_in_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = notebook.cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[-2].source.startswith("## The end")
    for cell in cells:
        if cell.cell_type == "markdown":
            assert all(len(line) <= 120 for line in cell.source.splitlines())
    linked = [word.partition(")")[0] for cell in cells for word in cell.source.split("](")[1:]]
    assert not [link for link in linked if link.endswith(".ipynb") and not (FOLDER / link).exists()]
