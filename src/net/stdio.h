/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transport over two descriptors that are shared with other processes: pipes
 * of a caller, or a terminal. Their file status flags are not changed. */
#ifndef ONEHOP_NET_STDIO_H
#define ONEHOP_NET_STDIO_H

#include "net/transport.h"

/*
 * Makes a transport that reads from input (-1 if there is none) and writes to
 * output. Closing it leaves both descriptors open. Unlike others, its write
 * waits for room by itself, for that many seconds or until a held signal comes,
 * and nothing is read meanwhile: a peer that does not read cannot send without
 * end.
 */
struct transport *stdio_transport(int input, int output, unsigned seconds);

#endif
