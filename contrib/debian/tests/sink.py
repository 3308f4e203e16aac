#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A smarthost without TLS that takes one message and ends: its port and the
message are files of the directory that the argument names."""

import asyncio
import functools
import os
import sys

from aiosmtpd.smtp import SMTP

SECONDS = 120


def write(name, content):
    path = os.path.join(sys.argv[1], name)
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


class Sink:
    def __init__(self):
        self.taken = asyncio.Event()

    async def handle_DATA(self, server, session, envelope):
        recipients = "".join(f"X-Recipient: {recipient}\n"
                             for recipient in envelope.rcpt_tos)
        write("message", recipients.encode() +
              envelope.original_content.replace(b"\r\n", b"\n"))
        self.taken.set()
        return "250 2.0.0 Ok"


async def main():
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(
        functools.partial(SMTP, sink, hostname="smarthost.example"),
        host="127.0.0.1", port=0)
    write("port", b"%d\n" % server.sockets[0].getsockname()[1])
    await asyncio.wait_for(sink.taken.wait(), SECONDS)
    await asyncio.sleep(0.5)  # for the reply to be read


if __name__ == "__main__":
    asyncio.run(main())
