# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that meets what never ends: it ends at its limit or at a signal."""

import time

from onehop import Run, is_sanitized

LIMIT = 2          # seconds of the limit under test
# and those that may follow it; sanitizers make it slower, not endless
MARGIN = 10 if is_sanitized() else 2
PATIENCE = 20      # before a run counts as one that hangs


def judge(config, how, codes, wrapper=(), begun=lambda: time.sleep(1)):
    """how: a line that limits the run, or a signal, sent once begun() is over.
    codes: the exit codes of a run that was limited, or that ended before the
    signal came."""
    by_line = isinstance(how, str)
    run = Run(config + [how] if by_line else config)
    run.start(["you@example.net"], b"Subject: s\n\nx\n", wrapper)
    run.process.stdin.write(run.stdin)
    run.process.stdin.close()
    run.process.stdin = run.stdin = None
    began = time.monotonic()
    if not by_line:
        begun()
        run.signal(how)
        began = time.monotonic() - LIMIT
    result = run.finish(PATIENCE)
    seconds = time.monotonic() - began
    run.clean()
    if result.hung:
        yield "it hangs"
    if seconds > LIMIT + MARGIN:
        yield f"{seconds:.1f} s"
    if result.status not in (codes if by_line else (-how, *codes)):
        yield f"exit {result.status}: {result.stderr!r}"
    if not result.stderr.strip() and result.status > 0:
        yield "without a word"
    if result.orphans:
        yield "it left processes behind"
