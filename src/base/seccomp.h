/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A filter of system calls for Linux, besides Landlock, which sees neither
 * sockets in the file system nor calls of another kind. It lists what is
 * refused: the calls that the C library, GnuTLS and the modules of NSS use
 * change with each version, so a list of what is allowed would break them.
 */
#ifndef ONEHOP_BASE_SECCOMP_H
#define ONEHOP_BASE_SECCOMP_H

#include "base/sandbox.h"

/*
 * From here on this thread, and all that it starts, executes nothing, types
 * nothing into a terminal, makes no sockets but those of IP and netlink,
 * connects none unless needs lists the network, reads no memory of other
 * processes and makes no namespaces. The rings and the interfaces of the kernel
 * that would lead around this, and calls of another machine's kind, are refused
 * too. 0; -1 where the kernel has no filters or socket calls cannot be told
 * apart.
 */
int seccomp_confine(const struct sandbox_needs *needs);

#endif
