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


def rate(value):
    return "%.0f /s" % value


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
            value = value / peer if value is not None and \
                isinstance(peer, (int, float)) and peer else None
        return None if value is None else value <= self.limit


class AtLeast(Want):
    """The same for a figure that should be large."""

    def text(self):
        return "at least " + super().text()

    def is_met(self, figures):
        value = figures.get("onehop")
        other = figures.get(self.peer)
        if value is None or not isinstance(other, (int, float)):
            return None
        return value >= self.limit * other


class Table:
    """A column for each program, the first ours, and one for each ratio."""

    def __init__(self, programs=clients.CLIENTS):
        self._programs = programs
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
        for client in self._programs:
            if client not in figures:
                cells.append("")
            elif figures[client] is None:
                cells.append("fails")
            elif isinstance(figures[client], str):  # why there is none
                cells.append(figures[client])
            else:
                cells.append(unit(figures[client]))
        for peer in self._programs[1:]:
            ours, other = figures.get("onehop"), figures.get(peer)
            cells.append("%.3f" % (ours / other)
                         if ours is not None and
                         isinstance(other, (int, float)) and other else "")
        cells.append(", ".join(want.text() for want in wants))
        cells.append(self._verdict([want.is_met(figures) for want in wants]))
        return cells

    def _verdict(self, met):
        if False in met:
            return "MISSED"
        return "?" if None in met else "met" if met else ""

    def text(self):
        head = ("what", *self._programs,
                *("/" + peer for peer in self._programs[1:]),
                "wanted at most", "")
        rows = [head] + [self._cells(*row) for row in self._rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        left = (0, len(head) - 2, len(head) - 1)
        return "".join("  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip() +
            "\n" for row in rows)
