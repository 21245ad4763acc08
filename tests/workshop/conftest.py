"""Which of these tests belong to which Python.

The import rules read the integration's sources, and only Home Assistant's Python knows their syntax. Everything else
needs the project installed, which it never is beside Home Assistant.
"""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
READS_ALL_SOURCES = {"test_imports.py"}

collect_ignore: list[str] = []
if sys.version_info < (3, 14):
    collect_ignore += READS_ALL_SOURCES
if importlib.util.find_spec("aiopbx") is None:
    collect_ignore += [path.name for path in HERE.glob("test_*.py") if path.name not in READS_ALL_SOURCES]
