# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers' side of SASL mechanisms, by Python's own hashes.

Each mechanism is a generator: it yields challenges, is sent responses, and
returns whether the client has proved who it is. A mechanism in which the
client speaks first yields b"" first, the place of the initial response.
"""

import base64
import ctypes
import hashlib
import hmac
import re

import smtpserver

SALT, NONCE = b"salt and more salt", b"SerVerNonce"
ITERATIONS = 4096


class Peer:
    """What the server knows of the client."""

    def __init__(self, user, secret, binding=None):
        self.user = user
        self.secret = secret    # password or token
        self.binding = binding  # (type, octets) of the TLS session


def plain(peer):
    response = yield b""
    return response == b"\0" + peer.user + b"\0" + peer.secret


def login(peer):
    user = yield b"Username:"
    password = yield b"Password:"
    return (user, password) == (peer.user, peer.secret)


def external(peer):
    response = yield b""
    return response in (b"", peer.user)


def scram(name, is_bound=False):
    """RFC 5802, the secret being ASCII."""
    def serve(peer):
        first = yield b""
        head, bare = re.fullmatch(rb"([^,]*,[^,]*,)(.*)", first).groups()
        wanted = b"n,,"
        bound = wanted
        if is_bound:
            wanted = b"p=" + peer.binding[0].encode() + b",,"
            bound = wanted + peer.binding[1]
        user, nonce = re.fullmatch(rb"n=([^,]*),r=(.*)", bare).groups()
        server_first = b"r=%s%s,s=%s,i=%d" % (
            nonce, NONCE, base64.b64encode(SALT), ITERATIONS)
        final = yield server_first
        without, proof = re.fullmatch(rb"(.*),p=([^,]*)", final).groups()
        key = hashlib.pbkdf2_hmac(name, peer.secret, SALT, ITERATIONS)
        message = b",".join([bare, server_first, without])
        client_key = hmac.digest(key, b"Client Key", name)
        stored = hashlib.new(name, client_key).digest()
        signature = hmac.digest(stored, message, name)
        good = bytes(a ^ b for a, b in zip(client_key, signature))
        if (head != wanted or user != peer.user
                or without != b"c=%s,r=%s%s" % (
                    base64.b64encode(bound), nonce, NONCE)
                or base64.b64decode(proof) != good):
            return False
        server_key = hmac.digest(key, b"Server Key", name)
        answer = yield b"v=" + base64.b64encode(
            hmac.digest(server_key, message, name))
        return answer == b""
    return serve


ERROR = b'{"status":"401","schemes":"bearer","scope":"mail"}'


def oauthbearer(peer):
    """RFC 7628."""
    response = yield b""
    head, *fields = response.split(b"\1")
    if (head == b"n,a=%s," % peer.user and fields[2:]
            == [b"auth=Bearer " + peer.secret, b"", b""]
            and fields[0].startswith(b"host=")
            and fields[1].startswith(b"port=")):
        return True
    assert (yield ERROR) == b"\1"
    return False


def xoauth2(peer):
    """As Google and Microsoft describe it."""
    response = yield b""
    if response == b"user=%s\1auth=Bearer %s\1\1" % (peer.user, peer.secret):
        return True
    assert (yield ERROR) == b""
    return False


def cram_md5(peer):
    """RFC 2195."""
    challenge = b"<1896.697170952@mail.test>"
    response = yield challenge
    return response == b"%s %s" % (peer.user, hmac.new(
        peer.secret, challenge, "md5").hexdigest().encode())


def digest_md5(peer):
    """RFC 2831, quality of protection auth."""
    def digest(*parts):
        return hashlib.md5(b":".join(parts)).hexdigest().encode()

    response = yield (b'realm="mail.test",nonce="abcdef",qop="auth",'
                      b"charset=utf-8,algorithm=md5-sess")
    given = {key: quoted or bare for key, quoted, bare in re.findall(
        rb'([a-z-]+)=(?:"([^"]*)"|([^,"]*))(?:,|$)', response)}
    first = hashlib.md5(b":".join([
        peer.user, given[b"realm"], peer.secret])).digest()
    first = digest(first, b"abcdef", given[b"cnonce"])
    rest = (b"abcdef", given[b"nc"], given[b"cnonce"], b"auth")
    if (given[b"username"] != peer.user
            or not given[b"digest-uri"].startswith(b"smtp/")
            or given[b"response"] != digest(first, *rest, digest(
                b"AUTHENTICATE", given[b"digest-uri"]))):
        return False
    answer = yield b"rspauth=" + digest(first, *rest, digest(
        b"", given[b"digest-uri"]))
    return answer == b""


def ntlm(peer):
    """The three messages; their DES is for a real server to check."""
    first = yield b""
    if not first.startswith(b"NTLMSSP\0\1\0\0\0"):
        return False
    target = "TEST".encode("utf-16-le")
    third = yield (
        b"NTLMSSP\0\2\0\0\0" + len(target).to_bytes(2, "little") * 2
        + (48).to_bytes(4, "little") + b"\5\2\2\0" + b"challeng"
        + bytes(16) + target)
    return (third.startswith(b"NTLMSSP\0\3\0\0\0")
            and peer.user.decode().encode("utf-16-le") in third)


MECHANISMS = {
    "PLAIN": plain,
    "LOGIN": login,
    "EXTERNAL": external,
    "SCRAM-SHA-1": scram("sha1"),
    "SCRAM-SHA-256": scram("sha256"),
    "SCRAM-SHA-1-PLUS": scram("sha1", True),
    "SCRAM-SHA-256-PLUS": scram("sha256", True),
    "OAUTHBEARER": oauthbearer,
    "XOAUTH2": xoauth2,
    "CRAM-MD5": cram_md5,
    "DIGEST-MD5": digest_md5,
    "NTLM": ntlm,
}


def binding_of(tls):
    """(type, octets) that bind to an ssl.SSLObject's session: RFC 9266 for
    TLS 1.3, which the ssl module has no call for, RFC 5929 for TLS 1.2."""
    if tls.version() != "TLSv1.3":
        return "tls-unique", tls.get_channel_binding("tls-unique")
    library, pointer = smtpserver.openssl_of(tls)
    label = b"EXPORTER-Channel-Binding"
    octets = ctypes.create_string_buffer(32)
    if library.SSL_export_keying_material(
            pointer, octets, ctypes.c_size_t(32), label,
            ctypes.c_size_t(len(label)), b"", ctypes.c_size_t(0), 1) != 1:
        raise RuntimeError("SSL_export_keying_material failed")
    return "tls-exporter", octets.raw
