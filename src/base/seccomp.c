/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/platform.h"

/* Numbers that headers may be too old for; the same on every machine. */
enum {
	NR_IO_URING_SETUP = 425,
	NR_IO_URING_ENTER = 426,
	NR_IO_URING_REGISTER = 427,
	NR_OPEN_TREE = 428,
	NR_MOVE_MOUNT = 429,
	NR_FSOPEN = 430,
	NR_FSCONFIG = 431,
	NR_FSMOUNT = 432,
	NR_FSPICK = 433,
	NR_CLONE3 = 435,
	NR_PIDFD_GETFD = 438,
	NR_PROCESS_MADVISE = 440,
	NR_MOUNT_SETATTR = 442,
	NR_QUOTACTL_FD = 443
};

/* The same on every machine but x86-64, which has others and more. */
enum {
	NR_KEXEC_FILE_LOAD = 294,
	NR_X86_64_KEXEC_FILE_LOAD = 320,
	NR_X86_64_IOPL = 172,
	NR_X86_64_IOPERM = 173
};

/* Namespaces of its own, in which a process is root (CLONE_NEW*). */
#define NAMESPACES (0x02000000u | 0x04000000u | 0x08000000u | 0x10000000u | \
	0x20000000u | 0x40000000u | 0x00020000u)

/* The other numbers of x86-64, for pointers of 32 bits. */
#define NR_X32 0x40000000u

/* Refused whatever their arguments are. */
static const uint32_t refused[] = {
	SYS_execve, SYS_execveat,
	/* sockets, files and programs without a call of their own */
	NR_IO_URING_SETUP, NR_IO_URING_ENTER, NR_IO_URING_REGISTER,
	/* the kernel's own keys and programs */
	SYS_add_key, SYS_request_key, SYS_keyctl, SYS_bpf, SYS_perf_event_open,
	SYS_userfaultfd,
	/* memory and descriptors of other processes */
	SYS_process_vm_readv, SYS_process_vm_writev, NR_PIDFD_GETFD,
	NR_PROCESS_MADVISE, SYS_kcmp, SYS_move_pages, SYS_migrate_pages,
	/* other views of the system */
	NR_OPEN_TREE, NR_MOVE_MOUNT, NR_FSOPEN, NR_FSCONFIG, NR_FSMOUNT,
	NR_FSPICK, NR_MOUNT_SETATTR,
	SYS_unshare, SYS_setns, SYS_chroot, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_name_to_handle_at, SYS_open_by_handle_at,
	SYS_fanotify_init,
	/* what root could do to the system */
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
	SYS_reboot, SYS_swapon, SYS_swapoff, SYS_sethostname,
	SYS_setdomainname, SYS_settimeofday, SYS_clock_settime,
	SYS_adjtimex, SYS_clock_adjtime, SYS_acct, SYS_quotactl,
	NR_QUOTACTL_FD, SYS_syslog, SYS_vhangup
};

/* Two steps for each of the list, and room for all others. */
#define STEPS (2 * sizeof(refused) / sizeof(refused[0]) + 64)

struct program {
	struct sock_filter at[STEPS];
	unsigned short n; /* one that has no room is counted, too */
};

static void
add(struct program *p, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	if (p->n < STEPS)
		p->at[p->n] = (struct sock_filter){ (uint16_t)code,
			(uint8_t)yes, (uint8_t)no, k };
	p->n++;
}

static void
load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The lower half: all that the kernel looks at of an int. */
static void
load_argument(struct program *p, unsigned argument)
{
	load(p, offsetof(struct seccomp_data, args) +
	    argument * sizeof(uint64_t));
}

static void
end(struct program *p, uint32_t result)
{
	add(p, BPF_RET | BPF_K, result, 0, 0);
}

static void
end_if(struct program *p, uint32_t value, uint32_t result)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	end(p, result);
}

/* A call with one of the bits in its argument. */
static void
end_if_bit(struct program *p, uint32_t call, unsigned argument, uint32_t bits,
    uint32_t result)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
	load_argument(p, argument);
	add(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	end(p, result);
	end(p, SECCOMP_RET_ALLOW);
}

/*
 * Processes and threads only in the namespaces of this one. The flags of
 * clone3() are out of reach: without it, the C library calls clone().
 */
static void
keep_namespaces(struct program *p, uint32_t refuse)
{
	end_if(p, NR_CLONE3, SECCOMP_RET_ERRNO | ENOSYS);
	end_if_bit(p, SYS_clone, 0, NAMESPACES, refuse);
}

/* Nothing can be typed into the terminal, for its shell to execute. */
static void
keep_from_typing(struct program *p, uint32_t refuse)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 6);
	load_argument(p, 1);
	end_if(p, TIOCSTI, refuse);
	end_if(p, TIOCLINUX, refuse);
	end(p, SECCOMP_RET_ALLOW);
}

/* With MSG_FASTOPEN, what sends also connects. */
static void
keep_from_connecting(struct program *p, uint32_t refuse)
{
	end_if(p, SYS_connect, refuse);
	end_if_bit(p, SYS_sendto, 3, MSG_FASTOPEN, refuse);
	end_if_bit(p, SYS_sendmsg, 2, MSG_FASTOPEN, refuse);
	end_if_bit(p, SYS_sendmmsg, 3, MSG_FASTOPEN, refuse);
}

/* Some of what root could do to the system has another number on x86-64, or
 * exists only there. */
static void
keep_from_machine(struct program *p, uint32_t machine, uint32_t refuse)
{
	if (machine != AUDIT_ARCH_X86_64) {
		end_if(p, NR_KEXEC_FILE_LOAD, refuse);
		return;
	}
	end_if(p, NR_X86_64_KEXEC_FILE_LOAD, refuse);
	end_if(p, NR_X86_64_IOPL, refuse);
	end_if(p, NR_X86_64_IOPERM, refuse);
}

int
seccomp_confine(const struct sandbox_needs *needs)
{
	const uint32_t refuse = SECCOMP_RET_ERRNO | EACCES;
	const uint32_t machine = platform_audit_machine();
	struct program p = { .n = 0 };
	struct sock_fprog filter = { .filter = p.at };

	if (machine == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	load(&p, offsetof(struct seccomp_data, arch));
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0);
	end(&p, refuse);
	load(&p, offsetof(struct seccomp_data, nr));
	add(&p, BPF_JMP | BPF_JGE | BPF_K, NR_X32, 0, 1);
	end(&p, refuse);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		end_if(&p, refused[i], refuse);
	if (!platform_traces_itself())
		end_if(&p, SYS_ptrace, refuse);
	if (!needs->network)
		keep_from_connecting(&p, refuse);
	keep_from_machine(&p, machine, refuse);
	keep_namespaces(&p, refuse);
	keep_from_typing(&p, refuse);
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0);
	end(&p, SECCOMP_RET_ALLOW);
	load_argument(&p, 2);
	end_if(&p, IPPROTO_SCTP, refuse); /* such a socket connects by itself */
	load_argument(&p, 0);
	end_if(&p, AF_INET, SECCOMP_RET_ALLOW);
	end_if(&p, AF_INET6, SECCOMP_RET_ALLOW);
	end_if(&p, AF_NETLINK, SECCOMP_RET_ALLOW);
	end(&p, refuse);
	if (p.n > STEPS)
		return -1;
	filter.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}
