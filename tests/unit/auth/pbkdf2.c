/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "auth/pbkdf2.h"

/* RFC 6070, and the same passwords under SHA-256 (RFC 7914 11 has more). */
static const struct {
	enum scram_hash hash;
	const char *password, *salt;
	unsigned iterations;
	const char *key;
	size_t len;
} vectors[] = {
	{ SCRAM_SHA1, "password", "salt", 1,
	    "\x0c\x60\xc8\x0f\x96\x1f\x0e\x71\xf3\xa9"
	    "\xb5\x24\xaf\x60\x12\x06\x2f\xe0\x37\xa6", 20 },
	{ SCRAM_SHA1, "password", "salt", 4096,
	    "\x4b\x00\x79\x01\xb7\x65\x48\x9a\xbe\xad"
	    "\x49\xd9\x26\xf7\x21\xd0\x65\xa4\x29\xc1", 20 },
	{ SCRAM_SHA256, "password", "salt", 1,
	    "\x12\x0f\xb6\xcf\xfc\xf8\xb3\x2c\x43\xe7\x22\x52\x56\xc4\xf8\x37"
	    "\xa8\x65\x48\xc9\x2c\xcc\x35\x48\x08\x05\x98\x7c\xb7\x0b\xe1\x7b",
	    32 },
	{ SCRAM_SHA256, "password", "salt", 4096,
	    "\xc5\xe4\x78\xd5\x92\x88\xc8\x41\xaa\x53\x0d\xb6\x84\x5c\x4c\x8d"
	    "\x96\x28\x93\xa0\x01\xce\x4e\x11\xa4\x96\x38\x73\xaa\x98\x13\x4a",
	    32 },
};

static void
keys_are_those_of_the_standard(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buffer salt = {0};
		struct buffer key = { .kind = BUFFER_SECRET };

		buffer_add_string(&salt, vectors[i].salt);
		assert_int_equal(pbkdf2_derive(&key, vectors[i].hash,
		    vectors[i].password, &salt, vectors[i].iterations), 0);
		assert_int_equal(key.len, vectors[i].len);
		assert_memory_equal(key.data, vectors[i].key, key.len);
		buffer_free(&salt);
		buffer_free(&key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
