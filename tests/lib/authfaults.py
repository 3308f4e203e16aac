# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server may say instead of the reply to a step of AUTH."""

import base64

NOISE = base64.b64encode(b"\x80\xffnoise=,\"r=x,s=y,i=1")

# fault: (what the server says, or None, and the exit codes it may come to)
FAULTS = {
    "454": (b"454 4.7.0 later", {75}),
    "421": (b"421 4.7.0 closing", {75}),
    "535": (b"535 5.7.8 no", {77}),
    "504": (b"504 5.5.4 unknown mechanism", {69}),
    "354": (b"354 go on", {76}),
    "not a reply": (b"what?", {76}),
    "not base64": (b"334 !!!!", {76}),
    "an inner pad": (b"334 QQ==QQ==", {76}),
    "noise": (b"334 " + NOISE, {76, 77}),
    "a NUL": (b"334 " + base64.b64encode(b"a\0b"), {76}),
    "too long": (b"334 " + b"QUJD" * 4000, {76}),
    "235 too early": (b"235 2.7.0 welcome", {76}),
    "the same for ever": (None, {76, 77}),
    "the end": (None, {75}),
    "a reset": (None, {75}),
}

# No faults where the server only prompts: that may be in any words.
HARMLESS = {"not base64", "an inner pad", "noise", "a NUL"}
