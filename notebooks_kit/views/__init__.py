"""Widgets that mirror a model, each usable alone."""

from .board import LineBoard
from .connection import ConnectionPanel
from .view import View

__all__ = [
    "ConnectionPanel",
    "LineBoard",
    "View",
]
