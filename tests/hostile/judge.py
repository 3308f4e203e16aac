# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepted if and only if told: what a run claims against what the server has
truly said, and what must hold of any run."""

import base64
import unicodedata

from peer import MAYBE, NO, PASSWORD, YES

HARMLESS = "\n\t"
SANITIZED = 99          # the exit code of a sanitizer's complaint
UNHEARD = ("unknown", "queued")


class Told:
    """What a recipient's message came to on the wire."""

    def __init__(self):
        self.copies = []    # (verdict, code, surely heard?, too early?)

    def has(self, *verdicts):
        return any(copy[0] in verdicts for copy in self.copies)

    def surely(self):
        """Told so on a connection that nothing was wrong with."""
        return any(verdict == YES and heard for verdict, _, heard, _ in
                   self.copies)

    def late(self):
        """Told so when the content was there."""
        return any(verdict == YES and not early for verdict, _, _, early in
                   self.copies)

    def open(self):
        """The content came whole, and nobody said what became of it."""
        return any(verdict == NO and code // 100 not in (4, 5)
                   for verdict, code, _, _ in self.copies)


def tell(talks, whole):
    """Recipient -> Told, for the message with that content."""
    told = {}
    for talk in talks:
        for transaction in talk.done:
            if transaction.content != whole:
                continue
            number = transaction.first
            heard = not talk.broken
            for address, asked in transaction.recipients:
                if talk.verdict(asked)[0] == NO:
                    continue
                verdict, code = talk.verdict(number)
                if code == 221:     # goodbye is no acceptance
                    verdict = min(verdict, NO, key=(MAYBE, NO, YES).index)
                end = talk.end_of(number)
                early = end is not None and end <= transaction.sent_before
                told.setdefault(address, Told()).copies.append(
                    (verdict, code, heard, early))
                number += transaction.lmtp
                # after nonsense a client listens no more
                heard = heard and code // 100 in (2, 4, 5)
    # A client may have read what was sent ahead as the reply to a content
    # that never came here.
    for talk in talks:
        if talk.ahead and all(transaction.content != whole
                              for transaction in talk.done):
            for address in talk.peer.scene.recipients:
                told.setdefault(address, Told()).copies.append(
                    (MAYBE, 0, False, True))
    return told


def wrong_content(talks, wholes):
    """Contents that came whole and are of no message, or before they were
    due."""
    for talk in talks:
        yield from talk.faults
        for transaction in talk.done:
            if transaction.content not in wholes:
                yield ("the content is of no message: "
                       f"{transaction.content[:200]!r}...")
            if talk.peer.scene.mechanism:
                if transaction.auth is None or \
                        talk.verdict(transaction.auth)[0] == NO:
                    yield "content without authentication"
            if talk.is_glued(transaction):
                yield "a reply that came with the 354 was followed by content"
            if transaction.sender is None or \
                    talk.verdict(transaction.sender)[0] == NO:
                yield "content after MAIL was refused"
            if transaction.data is not None and \
                    talk.verdict(transaction.data)[1] != 354:
                yield "content without 354"
            refused = [address for address, number in transaction.recipients
                       if talk.verdict(number)[0] == NO]
            if refused and not talk.peer.scene.partial:
                yield f"content although {refused} were refused"


def forms(secret):
    """The secret as it is, and as base64 shows it in any alignment."""
    yield secret
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + secret)
        yield text[4 if shift else 0:-4]


def is_harmless(character):
    return character in HARMLESS or \
        unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp", "Cs")


def any_run(result, limit, places):
    """What must hold of any run; places: name -> octets that it left."""
    if result.hung:
        yield "it hangs"
    if result.status < 0:
        yield f"signal {-result.status}"
    if result.status == SANITIZED or b"Sanitizer" in result.stderr or \
            b"runtime error" in result.stderr:
        yield f"sanitizer: {result.stderr[-3000:].decode(errors='replace')}"
    if result.seconds > limit:
        yield f"time: {result.seconds:.1f} s, not {limit}"
    if result.orphans:
        yield "it left processes behind"
    if result.status != 0 and not result.stderr.strip():
        yield f"exit {result.status} without a word"
    for name, data in {"stdout": result.stdout, "stderr": result.stderr,
                       **places}.items():
        if any(form in data for form in forms(PASSWORD)):
            yield f"the password is in {name}"
    for name, data in (("stdout", result.stdout), ("stderr", result.stderr)):
        text = data.decode("utf-8", "surrogateescape")
        odd = sorted({c for c in text if not is_harmless(c)})
        if odd:
            yield f"{name} has {odd}"


def one_message(status, outcome, claimed, told, recipients):
    """A run that sent a message: claimed are the recipients that it says have
    it."""
    if (status == 0) != (outcome in ("accepted", "queued")):
        yield f"exit {status}, outcome {outcome}"
    for address in recipients:
        its = told.get(address)
        if address in claimed or outcome == "accepted":
            if its is None or not its.has(YES, MAYBE):
                yield f"{address}: accepted, and the server never said so"
        elif its is None:
            continue
        elif its.surely():
            yield f"{address}: accepted by the server, {outcome} by us"
        elif (its.late() or its.open()) and outcome not in UNHEARD:
            yield f"{address}: may have been accepted, {outcome} by us"


def outbox(promised, told, left):
    """left: what is in the outbox, message: "new" or "failed"; told: message:
    recipient -> Told; promised: message -> recipients."""
    for message, recipients in promised.items():
        for address in recipients:
            its = told.get(message, {}).get(address)
            given = its is not None and its.has(YES, MAYBE)
            if not given and message not in left:
                yield f"{message} for {address}: promised, and lost"
            if its is not None and sum(
                    heard and verdict == YES and not early
                    for verdict, _, heard, early in its.copies) > 1:
                yield f"{message} for {address}: sent again"
