# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores the default action of signals that our caller ignored.

nohup and some build services start programs with SIGHUP or SIGINT ignored, and
every program under test would inherit that.
"""

import signal

for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
