/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/local_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/user_entry.h"
#include "base/xmalloc.h"
#include "format/domain.h"

/* The same path regardless of onehop's prefix. */
#define MAILNAME_FILE "/etc/mailname"

char *
local_host_user(void)
{
	const struct passwd *pw;
	struct error ignored = {0};

	if (user_entry_find(getuid(), &pw, &ignored) == 0 && pw != NULL &&
	    pw->pw_name[0] != '\0')
		return xstrdup(pw->pw_name);
	return xasprintf("uid%lu", (unsigned long)getuid());
}

int
local_host_check(const char *text, struct error *err)
{
	const struct passwd *pw;

	for (; (text = strchr(text, '%')) != NULL && text[1] != '\0';
	    text += 2)
		if (text[1] == 'U' || text[1] == 'u')
			return user_entry_find(getuid(), &pw, err);
	return 0;
}

static char *
host_name(void)
{
	char name[256];

	if (gethostname(name, sizeof(name)) != 0 || name[0] == '\0')
		return xstrdup("localhost");
	name[sizeof(name) - 1] = '\0';
	return xstrdup(name);
}

char *
local_host_name(void)
{
	char *name = host_name();
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	if (strchr(name, '.') != NULL && domain_is_ldh(name) &&
	    strcmp(name, "localhost.localdomain") != 0)
		return name;
	free(name);
	return NULL;
}

/* Returns the mail name of the machine, a Debian convention, owned; NULL if it
 * has none. */
static char *
mail_name(void)
{
	char line[256];
	FILE *file = fopen(MAILNAME_FILE, "re");

	if (file == NULL)
		return NULL;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, " \t\r\n")] = '\0';
	return line[0] != '\0' ? xstrdup(line) : NULL;
}

static int
is_mail_name(const char *domain)
{
	char *name = mail_name();
	int is = name != NULL && ascii_equal(domain, name);

	free(name);
	return is;
}

static int
is_mail_domain(const struct account *a, const char *domain)
{
	char *name = local_host_expand(a->maildomain, NULL);
	int is = name[0] != '\0' && ascii_equal(domain, name);

	free(name);
	return is;
}

/* Returns whether the text contains the word, ignoring case. */
static int
has_word(const char *text, const char *word)
{
	static const char blanks[] = " \t\r\n";

	for (text += strspn(text, blanks); *text != '\0';
	    text += strspn(text, blanks)) {
		size_t n = strcspn(text, blanks);

		if (ascii_equal_n(text, n, word))
			return 1;
		text += n;
	}
	return 0;
}

/* Returns whether a line of /etc/hosts names both. */
static int
hosts_file_has(const char *a, const char *b)
{
	char line[1024];
	FILE *file = fopen("/etc/hosts", "re");
	int has = 0;

	if (file == NULL)
		return 0;
	while (!has && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "#")] = '\0';
		has = has_word(line, a) && has_word(line, b);
	}
	fclose(file);
	return has;
}

int
local_host_is_this_host(const char *domain)
{
	char *name = host_name();
	int is = ascii_equal(domain, name) || ascii_equal(domain, "localhost")
	    || ascii_equal_n(name, strcspn(name, "."), domain) ||
	    hosts_file_has(name, domain);

	free(name);
	return is;
}

int
local_host_is_local(const struct account *a, const char *domain)
{
	for (size_t i = 0; i < a->local_domains.n; i++)
		if (ascii_equal(domain, a->local_domains.at[i]))
			return 1;
	return local_host_is_this_host(domain) || is_mail_domain(a, domain) ||
	    is_mail_name(domain);
}

/* Returns the mail name if it is a fully qualified domain name, else NULL. */
static char *
qualified_mail_name(void)
{
	char *name = mail_name();

	if (name != NULL && strchr(name, '.') != NULL && domain_is_ldh(name) &&
	    strcmp(name, "localhost.localdomain") != 0)
		return name;
	free(name);
	return NULL;
}

char *
local_host_mail_domain(const struct account *a)
{
	char *name;

	if (a->maildomain[0] != '\0')
		return local_host_expand(a->maildomain, NULL);
	name = qualified_mail_name();
	return name != NULL ? name : local_host_name();
}

/* RFC 5321 4.1.3. */
static char *
own_literal(int fd)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	char text[INET6_ADDRSTRLEN];
	const void *address;

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&own, &len) != 0)
		return NULL;
	if (own.ss_family == AF_INET)
		address = &((struct sockaddr_in *)&own)->sin_addr;
	else if (own.ss_family == AF_INET6)
		address = &((struct sockaddr_in6 *)&own)->sin6_addr;
	else
		return NULL;
	if (inet_ntop(own.ss_family, address, text, sizeof(text)) == NULL)
		return NULL;
	return xasprintf(own.ss_family == AF_INET ? "[%s]" : "[IPv6:%s]",
	    text);
}

char *
local_host_hello(const struct account *a, int socket)
{
	struct error ignored = {0};
	char *wanted, *name;

	if (a->domain[0] != '\0') {
		wanted = local_host_expand(a->domain, NULL);
		if (domain_to_ascii(wanted, &name, &ignored) == 0) {
			free(wanted);
			return name;
		}
		free(wanted);
	}
	name = local_host_name();
	if (name == NULL)
		name = own_literal(socket);
	return name != NULL ? name : xstrdup("localhost");
}

/* Returns the user's name as the name of a directory, owned. */
static char *
user_directory(void)
{
	char *name = local_host_user();

	if (name[0] != '.' && strchr(name, '/') == NULL)
		return name;
	free(name);
	return xasprintf("uid%lu", (unsigned long)getuid());
}

/* Returns the expansion of a pattern letter, owned; NULL for another letter. */
static char *
look_up(char letter, const char *header_from)
{
	char *name;

	switch (letter) {
	case 'U':
		return local_host_user();
	case 'u':
		return user_directory();
	case 'H':
		return host_name();
	case 'C':
		name = local_host_name();
		return name != NULL ? name : host_name();
	case 'M':
		name = mail_name();
		return name != NULL ? name : xstrdup("localhost");
	case 'F':
		return header_from != NULL ? xstrdup(header_from) : NULL;
	case '%':
		return xstrdup("%");
	default:
		return NULL;
	}
}

static char *
expand(const char *text, const char *letters, const char *header_from)
{
	struct buffer out = {0};

	for (; *text != '\0'; text++) {
		int is_pattern = text[0] == '%' && text[1] != '\0' &&
		    strchr(letters, text[1]) != NULL;
		char *value = is_pattern ? look_up(text[1], header_from)
		    : NULL;

		if (value == NULL) {
			buffer_add_char(&out, *text);
			continue;
		}
		buffer_add_string(&out, value);
		free(value);
		text++;
	}
	return buffer_string(&out);
}

char *
local_host_expand(const char *text, const char *header_from)
{
	return expand(text, "UHCMF%", header_from);
}

char *
local_host_expand_path(const char *path)
{
	return expand(path, "u%", NULL);
}
