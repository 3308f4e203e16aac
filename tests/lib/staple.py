# SPDX-License-Identifier: GPL-3.0-or-later
"""OCSP responses (RFC 6960 4.2) that say what a test wants to hear.

The openssl command makes good ones only; so the DER is written here, and
openssl signs it.
"""

import subprocess
import time

DAY = 86400
SEQUENCE, INTEGER, BITS, OCTETS, ENUMERATED = 0x30, 0x02, 0x03, 0x04, 0x0a
TIME = 0x18
SHA1 = bytes.fromhex("300906052b0e03021a0500")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
OCSP_BASIC = bytes.fromhex("06092b0601050507300101")
GOOD, REVOKED, UNKNOWN = 0x80, 0xa1, 0x82
TRY_LATER = 3


def element(tag, *parts):
    """One DER element around the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def moment(days):
    """GeneralizedTime, that many days from now."""
    then = time.gmtime(time.time() + days * DAY)
    return element(TIME, time.strftime("%Y%m%d%H%M%SZ", then).encode())


def ask(certificate, what):
    """What openssl x509 says of the certificate."""
    done = subprocess.run(["openssl", "x509", "-noout", what,
                           "-in", certificate], check=True,
                          stdout=subprocess.PIPE)
    return done.stdout.decode()


def identity(certificate):
    """SHA-1 of a certificate's subject and of its key."""
    return [bytes.fromhex(line.split(":")[1].strip())
            for line in ask(certificate, "-ocspid").splitlines()]


def der(certificate):
    """The certificate, for those who do not have it."""
    done = subprocess.run(["openssl", "x509", "-outform", "DER",
                           "-in", certificate], check=True,
                          stdout=subprocess.PIPE)
    return done.stdout


def single(certificate, issuer, status, days):
    """SingleResponse: the certificate's status, valid from and to."""
    subject, key = identity(issuer)
    serial = ask(certificate, "-serial").strip().split("=")[1]
    number = bytes.fromhex(serial)
    if number[0] & 0x80:
        number = b"\0" + number
    return element(
        SEQUENCE,
        element(SEQUENCE, SHA1, element(OCTETS, subject),
                element(OCTETS, key), element(INTEGER, number)),
        element(status, moment(-2) if status == REVOKED else b""),
        moment(days[0]), element(0xa0, moment(days[1])))


def sign(data, key):
    """The signature as a BIT STRING."""
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key],
                          input=data, check=True, stdout=subprocess.PIPE)
    return element(BITS, b"\0", done.stdout)


def response(path, certificate, issuer, signer, status=GOOD, days=(-1, 7)):
    """Writes to path what the signer, a pair of certificate and key, says of
    the certificate. The path."""
    by, key = signer
    data = element(
        SEQUENCE, element(0xa2, element(OCTETS, identity(by)[1])),
        moment(days[0]),
        element(SEQUENCE, single(certificate, issuer, status, days)))
    basic = element(SEQUENCE, data, ECDSA_SHA256, sign(data, key),
                    element(0xa0, element(SEQUENCE, der(by))))
    with open(path, "wb") as file:
        file.write(element(
            SEQUENCE, element(ENUMERATED, b"\0"),
            element(0xa0, element(SEQUENCE, OCSP_BASIC,
                                  element(OCTETS, basic)))))
    return path


def unsuccessful(path, status=TRY_LATER):
    """Writes to path a response without an answer. The path."""
    with open(path, "wb") as file:
        file.write(element(SEQUENCE, element(ENUMERATED, bytes((status,)))))
    return path
