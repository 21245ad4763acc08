"""The telephones on a page: for people, and for tests with a browser."""

from .face import attach

__all__ = ["attach"]
