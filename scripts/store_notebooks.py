"""Run the notebooks from top to bottom and store them with their outputs, as they are shown on GitHub.

    .venv-lib/bin/python scripts/store_notebooks.py [NAME …]

Live widgets do not survive in a file: their plain pictures (HTML and text) are kept. So are no times of execution and
nothing of this machine.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks_kit/notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
TIMEOUT = 120


def store(path: Path) -> None:
    """Run one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"].pop(WIDGET, None)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, indent=1)
    if str(ROOT) in text or str(Path.home()) + "/" in text:
        raise SystemExit(f"{path.name}: an output names a path of this machine.")
    path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Store the notebooks that were named, or all."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if len(sys.argv) < 2 or path.stem in sys.argv[1:]:
            print(path.stem, flush=True)
            store(path)


if __name__ == "__main__":
    main()
