/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/staple.h"

#include <gnutls/ocsp.h>
#include <time.h>

/* Clocks differ; staples are renewed before they are this old. */
#define SLOP (24 * 60 * 60)

static unsigned
judge(gnutls_ocsp_resp_t response)
{
	unsigned status;
	time_t since;

	if (gnutls_ocsp_resp_get_status(response) !=
	    GNUTLS_OCSP_RESP_SUCCESSFUL ||
	    gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL,
	    &status, &since, NULL, NULL, NULL) < 0)
		return 0;
	if (status == GNUTLS_OCSP_CERT_UNKNOWN)
		return STAPLE_UNKNOWN;
	return since != (time_t)-1 && since > time(NULL) + SLOP
	    ? STAPLE_EARLY : 0;
}

/* The staple of the certificate at that place of what the server sent. */
static unsigned
check_at(gnutls_session_t session, unsigned index)
{
	gnutls_ocsp_resp_t response;
	gnutls_datum_t der;
	unsigned result = 0;

	if (gnutls_ocsp_status_request_get2(session, index, &der) < 0 ||
	    gnutls_ocsp_resp_init(&response) < 0)
		return 0;
	if (gnutls_ocsp_resp_import(response, &der) >= 0)
		result = judge(response);
	gnutls_ocsp_resp_deinit(response);
	return result;
}

unsigned
staple_check(gnutls_session_t session)
{
	unsigned count = 0, result = 0;

	(void)gnutls_certificate_get_peers(session, &count);
	for (unsigned i = 0; i < count; i++)
		result |= check_at(session, i);
	return result;
}
