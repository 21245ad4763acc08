"""``python -m aiopbx`` is the ``aiopbx`` command."""

from .cli import main

if __name__ == "__main__":
    main()
