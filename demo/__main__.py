"""``python demo``: until there is anything to end in order, Ctrl-C simply ends, whatever is being imported."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)

from run import main  # noqa: E402 - the line above comes first

sys.exit(main())
