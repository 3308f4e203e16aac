# SPDX-License-Identifier: GPL-3.0-or-later
"""TAP for tests in Python."""

import sys
import traceback

import dispositions  # noqa: F401


class Tap:
    """Counts and prints; at the end `sys.exit(tap.done())`."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def check(self, name, faults):
        """faults: what is wrong, in words; empty if all is well."""
        self.number += 1
        faults = [faults] if isinstance(faults, str) else list(faults)
        print(("not ok" if faults else "ok") + f" {self.number} - {name}")
        for fault in faults:
            for line in str(fault).splitlines():
                print(f"# {line}")
        self.failed += bool(faults)
        sys.stdout.flush()

    def skip(self, name, reason):
        self.number += 1
        print(f"ok {self.number} - {name} # SKIP {reason}")

    def run(self, name, test, *args):
        """test yields faults; an exception is one."""
        faults = []
        try:
            for fault in test(*args):
                faults.append(fault)
        except Exception:  # pylint: disable=broad-except
            faults.append(traceback.format_exc())
        self.check(name, faults)

    def done(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)
