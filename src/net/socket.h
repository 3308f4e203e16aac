/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transport over a connected socket. */
#ifndef ONEHOP_NET_SOCKET_H
#define ONEHOP_NET_SOCKET_H

#include "net/transport.h"

/* Makes the descriptor non-blocking and close-on-exec. */
void socket_prepare(int fd);

/* Makes a transport that owns the socket. Small segments are sent, and received
 * ones acknowledged, without delay. */
struct transport *socket_transport(int fd);

#endif
