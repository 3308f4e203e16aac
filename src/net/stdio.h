/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transport over two descriptors that are not ours alone: a caller's pipes,
 * or a terminal. Their modes stay as they are. */
#ifndef ONEHOP_NET_STDIO_H
#define ONEHOP_NET_STDIO_H

#include "net/transport.h"

/* Reads input (-1: nobody will ever answer), writes output; close leaves both
 * open. */
struct transport *stdio_transport(int input, int output);

#endif
