# SPDX-License-Identifier: GPL-3.0-or-later
"""What stderr must say, from the CSV's column stderr_must_say.

The column is prose with placeholders. Each line of TABLE turns what it
matches into regular expressions; where our wording differs from the prose,
the line says why.
"""

import re

TABLE = [
    (r"^\(", []),                        # "(debug only)": nothing is asked
    (r"^$", []),
    (r"^451 text", ["451 4.3.0 come back later"]),
    (r"^421 text", ["421 4.3.2 closing"]),
    (r"^554 text", ["554 "]),
    (r"^535 text", ["535 5.7.8 bad credentials", "account default"]),
    (r"^(\d\d\d) text", [r"\1 \\d\\.\\d"]),
    (r"^unexpected reply (\d+)", [r"unexpected reply \1"]),
    (r"^malformed", ["malformed", "reply"]),
    (r"^not an SMTP server", ["not an SMTP server"]),
    (r"^timed out while waiting", ["timed out while waiting for"]),
    (r"^timed out after the final dot|may have been accepted",
     ["may have been accepted"]),
    (r"^connection reset while", ["connection reset .*while waiting for"]),
    (r"^connection closed by server while", ["closed", "while waiting for"]),
    (r"^connection closed in the middle", ["in the middle of a reply"]),
    (r"^interrupted", ["interrupted"]),
    # What came too late to be seen as extra is the wrong answer instead.
    (r"^server spoke out of turn", ["unexpected reply|early"]),
    (r"^reply line too long", ["too long"]),
    (r"^reply has too many", ["too (many|much)"]),
    (r"^text with every control byte escaped", []),  # Plan.stderr has it
    (r"^cannot resolve <host>", ["cannot resolve .*temporary"]),
    (r"^host <host> not found", ["not found"]),
    (r"^resolver error", ["resolver error"]),
    (r"^every address tried", ["cannot connect"]),   # Plan.stderr names them
    (r"^gave up after N", ["gave up after"]),
    (r"^connection refused", ["refused"]),
    (r"^connect timed out", ["timed out"]),
    (r"^domain not valid after IDNA", ["exa"]),  # the offending word is quoted
    (r"^looks like TLS", ["looks like TLS", "implicit TLS"]),
    (r"^data after STARTTLS", ["data after STARTTLS|malformed"]),
    (r"^TLS handshake failed", ["TLS"]),
    (r"^TLS handshake timed out", ["TLS", "timed out"]),
    (r"^TLS handshake: closed", ["TLS", "closed|lost|ended|terminat"]),
    # Nobody can act on a missing close_notify: it is a lost connection.
    (r"^TLS connection truncated", ["truncated|closed by server"]),
    (r"^TLS decryption", ["TLS"]),
    (r"^TLS alert", ["TLS", "bad record mac"]),  # the one that we can send
    (r"^not TLS data", ["TLS"]),
    (r"^server does not speak TLS", ["TLS"]),
    (r"^server refused TLS", ["handshake failed|alert"]),
    (r"^server offers only obsolete", ["TLS"]),
    (r"^certificate expired", ["expired"]),
    (r"^issuer unknown", ["issuer|not trusted|self-signed|unknown"]),
    (r"^certificate is for other", ["other.test"]),
    (r"^certificate has no DNS", ["name"]),
    (r"^name mismatch", ["certificate is for|name"]),
    (r"^insecure algorithm", ["insecure|weak"]),
    (r"^wrong purpose", ["purpose|server"]),
    (r"^verification failed", ["certificate|verif"]),
    (r"^certificate revoked", ["revoked"]),
    (r"^fingerprint mismatch", ["fingerprint"]),
    (r"^no CA certificates", ["certificate|trust"]),
    (r"^cannot read TLS key", ["key"]),
    (r"^no usable mechanism", ["X-FOO"]),
    (r"^refusing to send password", ["without TLS"]),
    (r"^message of N bytes", ["exceeds", r"\b10\b"]),
    (r"^server lacks EHLO", ["EHLO", "TLS|AUTH"]),
    (r"^server text", []),               # Plan.stderr has the text
    (r"^535 \+ decoded", []),            # Plan.stderr has them
    (r"^server ended SCRAM early", ["early"]),
    (r"^invalid challenge", ["invalid challenge"]),
    (r"^challenge too long", ["too long|too large|too much"]),
    (r"^server asks for i=", ["iteration", "4294967295"]),
    (r"^iteration count 1 below", ["iteration", "4096"]),
    (r"^gsasl error text", ["SASLprep|characters"]),
    (r"^server lacks SMTPUTF8", ["SMTPUTF8"]),
    (r"^invalid (sender|recipient)", ["address|recipient|sender|expected"]),
    (r"^who got it|^all replies", []),   # Plan.stderr names them
    (r"^all recipients refused", ["550 5.1.1 unknown"]),
    (r"^closed while sending", ["while sending"]),
    (r"^broken pipe|^connection lost before", ["while sending"]),
    (r"^cannot read message", ["Is a directory"]),
    (r"^no recipient addresses", ["recipient"]),
    (r"^NUL byte in header", ["NUL"]),
    (r"^(cannot write log|warning)", ["log"]),
    (r"^452 text", ["452 4.3.1 full"]),
]


def wanted(row):
    """The regular expressions for a row; its own words by default."""
    text = row["stderr_must_say"]
    for pattern, expressions in TABLE:
        match = re.search(pattern, text)
        if match:
            return [match.expand(e) if "\\1" in e else e
                    for e in expressions]
    return [] if row["exit"] == "0" else [re.escape(text)]
