/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trust stores, and certificates as a server sends them. */
#include "fuzz.h"

#include <string.h>

#include "tls/pem.h"

static void
check_inside(struct span part, struct span whole)
{
	require(part.data >= whole.data && part.len <= whole.len &&
	    (size_t)(part.data - whole.data) <= whole.len - part.len,
	    "a part inside the whole");
}

/* The names of a certificate do not depend on how much of it is there. */
static void
check_names(struct span der)
{
	struct span issuer, subject, early, late;
	int found = pem_names(der, &issuer, &subject);

	if (found != 1)
		return;
	check_inside(issuer, der);
	check_inside(subject, der);
	der.len = (size_t)(subject.data + subject.len - der.data);
	require(pem_names(der, &early, &late) == 1 &&
	    early.data == issuer.data && early.len == issuer.len &&
	    late.data == subject.data && late.len == subject.len,
	    "the same names in the prefix that ends with them");
	der.len--;
	require(pem_names(der, &early, &late) == 0,
	    "no names before their end");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span whole = { data, size }, text = whole;
	struct pem_block block;
	unsigned char octets[1024];

	check_names(whole);
	while (pem_next(&text, &block)) {
		struct span der = { octets, 0 };

		check_inside(block.whole, whole);
		check_inside(block.base64, block.whole);
		der.len = pem_decode(&block, octets, sizeof(octets));
		require(der.len <= block.base64.len / 4 * 3 + 3,
		    "three octets of four digits");
		check_names(der);
	}
	require(text.len <= size, "text that gets shorter");
	return 0;
}
