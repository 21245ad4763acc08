"""Packages that import their modules when a name of them is used first: a notebook pays for the views that it shows."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_use(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package: ``modules`` has the names in each of its modules, between spaces."""
    places = {name: module for module, names in modules.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
