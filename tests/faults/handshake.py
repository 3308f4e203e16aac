# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS handshakes, certificates and trust."""

import random

import certs
from plan import fault


HANDSHAKES = {
    "refused_plaintext": (b"220 mail.test ESMTP\r\n",),
    "alert_fatal": (b"\x15\x03\x03\x00\x02\x02\x28",),
    "garbage": (bytes(400), random.Random(1).randbytes(400)),
    "partial_record_fin":
        (b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(32),),
}


@fault(*HANDSHAKES, variants=(0, 1))
def spoil_handshake(plan):
    texts = HANDSHAKES[plan.row["fault"]]
    text = texts[plan.variant % len(texts)]

    def action(host, good):
        if plan.mode == "starttls":
            host.connection.pull(5)  # ClientHello; before it is injection
        host.connection.send_raw(text)
        host.connection.truncate()
    plan.at(action)


@fault("alert_warning_unrecognized_name")
def warn(plan):
    def action(host, good):
        host.connection.pull(5)
        host.connection.send_raw(b"\x15\x03\x01\x00\x02\x01\x70")
        host.start_tls()
    plan.at(action)


@fault("only_tls10_11", variants=("TLSv1", "TLSv1_1"))
def offer_obsolete_tls(plan):
    context = certs.context(*plan.authority.chain("good"))
    version = getattr(certs.ssl.TLSVersion, plan.variant)
    context.minimum_version = certs.ssl.TLSVersion.TLSv1
    context.maximum_version = version
    plan.certificate = context


CERTIFICATES = {
    "cert_expired": "expired", "cert_wrong_name": "wrong-name",
    "cert_cn_only": "no-names", "cert_wildcard_tld": "wildcard-tld",
    "cert_weak_key": "weak-key", "cert_sha1_sig": "sha1",
    "cert_client_purpose": "client-only",
}


@fault(*CERTIFICATES)
def show_bad_certificate(plan):
    plan.certificate = CERTIFICATES[plan.row["fault"]]


@fault("cert_self_signed")
def show_own_certificate(plan):
    plan.certificate = certs.context(*plan.authority.self_signed())


@fault("cert_missing_intermediate")
def show_leaf_only(plan):
    plan.certificate = certs.context(*plan.authority.make("good"))


@fault("cert_name_constraint_bomb")
def show_constraints(plan):
    plan.certificate = certs.context(*plan.authority.constrained())
    plan.seconds = 20


@fault("cert_wildcard_ok", variants=(("a.mail.test", 0),
                                     ("a.b.mail.test", 76)))
def show_wildcard(plan):
    plan.config["tls_host_override"], plan.exit = plan.variant
    plan.certificate = "wildcard"


@fault("cert_ip_literal")
def show_address(plan):
    del plan.config["tls_host_override"]
    plan.certificate = "ip"


@fault("cert_revoked_crl")
def revoke(plan):
    plan.certificate = "revoked"
    plan.config["tls_crl_file"] = plan.authority.crl("revoked")


@fault("fingerprint_mismatch")
def pin_another(plan):
    plan.config["tls_fingerprint"] = plan.authority.fingerprint(
        plan.authority.make("ip")[0])


@fault("trust_store_missing", variants=("/nonexistent", "/dev/null"))
def trust_nobody(plan):
    plan.config["tls_trust_file"] = plan.variant


@fault("client_key_unreadable_or_wrong_pass", variants=(
    "/nonexistent", "/dev/null"))
def lose_client_key(plan):
    plan.config.update(tls_key_file=plan.variant,
                       tls_cert_file=plan.authority.make("good")[0])
