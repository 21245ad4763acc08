"""An answer that is a stream of bytes; every wire has them."""

from ..download import CHUNK, Download

__all__ = ["CHUNK", "Download"]
