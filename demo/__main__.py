"""``python demo``: until there is anything to end in order, Ctrl-C simply ends, whatever is being imported."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as where a shell runs this in the background
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from run import main

sys.exit(main())
