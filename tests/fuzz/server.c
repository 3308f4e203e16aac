/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole session of -bs: the input is all that the client says. No smarthost
 * can be reached, so no message is accepted, and every line that comes back is
 * a reply of one code without controls.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "server/smtp_server.h"

/* What fits into a pipe that nobody reads. */
#define INPUT_MAX 60000

static const char account[] =
	"account default\nsocket /nonexistent/socket\ntls off\nauth off\n"
	"from a@example.org\nsandbox off\ntimeout 5\n";

/* A file without a name with the text, at its beginning. */
static int
make_file(const void *data, size_t size)
{
	char name[] = "/tmp/fuzz-server-XXXXXX";
	int fd = mkstemp(name);

	require(fd >= 0 && unlink(name) == 0, "a temporary file");
	require(write(fd, data, size) == (ssize_t)size, "room for it");
	require(lseek(fd, 0, SEEK_SET) == 0, "its beginning");
	return fd;
}

static void
check_replies(int fd)
{
	struct buffer out = {0};
	char block[4096];
	ssize_t n;

	require(lseek(fd, 0, SEEK_SET) == 0, "its beginning");
	while ((n = read(fd, block, sizeof(block))) > 0)
		buffer_add(&out, block, (size_t)n);
	for (size_t i = 0; i < out.len;) {
		const char *line = out.data + i;
		const char *lf = memchr(line, '\n', out.len - i);
		size_t len = lf != NULL ? (size_t)(lf - line) : 0;

		require(lf != NULL && len > 4 && line[len - 1] == '\r',
		    "a line with its end");
		require(strchr("2345", line[0]) != NULL &&
		    strchr(" -", line[3]) != NULL, "a reply");
		require(len < 6 || memcmp(line, "250 2.0.0 Ok: queued", len <
		    20 ? len : 20) != 0, "nobody has accepted a message");
		for (size_t k = 0; k + 1 < len; k++)
			require(!ascii_is_control(line[k]), "no controls");
		i += len + 1;
	}
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int config = make_file(account, sizeof(account) - 1);
	int input = make_file(data, size < INPUT_MAX ? size : INPUT_MAX);
	int output = make_file("", 0), errors = open("/dev/null", O_WRONLY);
	char path[32];
	struct selection selection = { .config = path };
	struct request request = {0};
	struct smtp_server_options options = { &selection, &request, input,
		output, errors, -1 };
	struct error err = {0};

	require(fchmod(config, 0600) == 0, "a private file");
	snprintf(path, sizeof(path), "/dev/fd/%d", config);
	setenv("HOME", "/nonexistent", 1);
	(void)smtp_server_run(&options, &err);
	check_replies(output);
	close(config);
	close(input);
	close(output);
	close(errors);
	return 0;
}
