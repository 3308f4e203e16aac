# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what was measured. Nothing else gets into it."""

import statistics

import clients


def count(value):
    return "%d" % value


def seconds(value):
    return "%.2f s" % value if value >= 10 else "%.3f s" % value


def milliseconds(value):
    return "%.1f ms" % (value * 1e3)


def millions(value):
    return "%.2f M" % (value / 1e6)


def mebibytes(value):
    return "%.1f MiB" % (value / (1 << 20))


def median(values):
    """Of the runs that worked; None if none did."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


class Want:
    """At most `limit`: of the figure itself, or of its ratio to a peer's."""

    def __init__(self, limit, peer=None, unit=None):
        self.limit = limit
        self.peer = peer
        self.unit = unit

    def text(self):
        if self.peer:
            return "%g of %s" % (self.limit, self.peer)
        return self.unit(self.limit)

    def is_met(self, figures):
        """None if the run does not tell."""
        value = figures.get("onehop")
        if self.peer:
            peer = figures.get(self.peer)
            value = value / peer if value is not None and peer else None
        return None if value is None else value <= self.limit


class Table:
    HEAD = ("what", "onehop", "msmtp", "curl", "/msmtp", "/curl",
            "wanted at most", "")

    def __init__(self):
        self._rows = []

    def add(self, what, unit, figures, *wants):
        """figures: of some clients; None is a client that failed. wants:
        Want, or a number that is an absolute one."""
        wants = [want if isinstance(want, Want) else Want(want)
                 for want in wants]
        for want in wants:
            want.unit = unit
        self._rows.append((what, unit, figures, wants))

    def _cells(self, what, unit, figures, wants):
        cells = [what]
        for client in clients.CLIENTS:
            if client not in figures:
                cells.append("")
            elif figures[client] is None:
                cells.append("fails")
            else:
                cells.append(unit(figures[client]))
        for peer in clients.CLIENTS[1:]:
            ours, other = figures.get("onehop"), figures.get(peer)
            cells.append("%.3f" % (ours / other)
                         if ours is not None and other else "")
        cells.append(", ".join(want.text() for want in wants))
        cells.append(self._verdict([want.is_met(figures) for want in wants]))
        return cells

    def _verdict(self, met):
        if False in met:
            return "MISSED"
        return "?" if None in met else "met" if met else ""

    def text(self):
        rows = [self.HEAD] + [self._cells(*row) for row in self._rows]
        widths = [max(len(row[i]) for row in rows)
                  for i in range(len(self.HEAD))]
        return "".join("  ".join(
            cell.ljust(width) if i in (0, 6, 7) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip() +
            "\n" for row in rows)
