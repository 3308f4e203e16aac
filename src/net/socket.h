/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transport over a connected socket. */
#ifndef ONEHOP_NET_SOCKET_H
#define ONEHOP_NET_SOCKET_H

#include "net/transport.h"

/* Neither blocks nor survives exec. */
void socket_prepare(int fd);

/* Prepares the socket, which the transport owns from now on. Small pieces go
 * out at once, and what comes in is acknowledged at once. */
struct transport *socket_transport(int fd);

#endif
