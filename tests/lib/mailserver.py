# SPDX-License-Identifier: GPL-3.0-or-later
"""A smarthost for many connections, and what they came to."""

import smtpserver
from smarthost import Smarthost


class Mailserver:
    """A smarthost on one address and port, for many connections."""

    def __init__(self, address, port, mode, context, mechanisms="PLAIN",
                 faults=None):
        self.mode = mode            # as Smarthost's
        self.context = context
        self.mechanisms = mechanisms
        self.faults = faults or {}  # as Smarthost's
        self.served = []
        self.server = smtpserver.Server(self._serve, address, port)

    def _serve(self, connection):
        host = Smarthost(self.mode, self.context)
        host.mechanisms = self.mechanisms
        host.faults = self.faults
        self.served.append(host)
        host.serve(connection)

    def saw(self):
        """How many clients came, how many messages were accepted, and all
        that was sent; forgets it."""
        data = b"".join(r.received() for r in self.server.records)
        count = len(self.server.records)
        self.server.records.clear()
        accepted = sum(host.accepted for host in self.served)
        self.served.clear()
        return count, accepted, data
