/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the servers of this folder have in common. */
#ifndef ONEHOP_HOSTILE_LISTEN_H
#define ONEHOP_HOSTILE_LISTEN_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Listens on a free port of loopback, and prints its number. Returns the
 * socket; exits with 71 if there is none. */
static inline int
listen_somewhere(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, len) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &len) != 0)
		exit(71);
	printf("%d\n", ntohs(here.sin_port));
	fflush(stdout);
	return fd;
}

#endif
