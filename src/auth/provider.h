/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Providers that do not publish their submission server in the DNS, and their
 * methods of authentication. */
#ifndef ONEHOP_AUTH_PROVIDER_H
#define ONEHOP_AUTH_PROVIDER_H

enum provider_login {
	LOGIN_PASSWORD,
	LOGIN_APP_PASSWORD, /* created on a page of the provider */
	LOGIN_TOKEN,        /* OAuth 2.0 only: passwords are refused */
	LOGIN_NONE          /* no submission server */
};

/* A row of providers.def. */
struct provider {
	const char *domains;     /* separated by one space */
	const char *exchangers;  /* domains of the mail exchangers, likewise */
	const char *host;
	unsigned port;
	int starttls;
	enum provider_login login;
	const char *page;        /* URL for app passwords; for LOGIN_NONE an
	                            explanation */
};

/* Return the provider of a mail domain, of a mail exchanger, or of a submission
 * server; NULL if none. */
const struct provider *provider_by_domain(const char *domain);
const struct provider *provider_by_exchanger(const char *host);
const struct provider *provider_by_host(const char *host);

#endif
