"""What the views show, without a widget in it: plain objects that can be tested and used without a browser."""

from .board import BoardModel, BoardRow, Sort

__all__ = ["BoardModel", "BoardRow", "Sort"]
