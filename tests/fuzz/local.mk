# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzz targets. "make check" replays their corpora, whatever the compiler;
# "make fuzz TARGET=address" looks for more with clang's libFuzzer, for
# FUZZ_SECONDS. What it finds lies in fuzz/address/ of the build directory;
# what is worth keeping goes to tests/fuzz/corpus/address/.
FUZZ_TARGETS = \
	tests/fuzz/address \
	tests/fuzz/header \
	tests/fuzz/idna \
	tests/fuzz/import \
	tests/fuzz/dns \
	tests/fuzz/proxy \
	tests/fuzz/reply \
	tests/fuzz/encode \
	tests/fuzz/entry \
	tests/fuzz/netrc \
	tests/fuzz/sasl \
	tests/fuzz/message \
	tests/fuzz/certificate \
	tests/fuzz/config \
	tests/fuzz/session \
	tests/fuzz/order \
	tests/fuzz/aliases \
	tests/fuzz/downgrade \
	tests/fuzz/log \
	tests/fuzz/override \
	tests/fuzz/pins \
	tests/fuzz/records \
	tests/fuzz/escape \
	tests/fuzz/options \
	tests/fuzz/server \
	tests/fuzz/stream \
	tests/fuzz/wire
if TOKEN
FUZZ_TARGETS += tests/fuzz/token
tests_fuzz_token_LDADD = tests/libtest.a src/token/libtoken.a $(TOKEN_LINK)
FUZZ_TOKEN_FILES = $(TOKEN_FILES)
else
EXTRA_DIST += tests/fuzz/token.c
endif
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/all.sh

FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined

fuzz:
	@test -f '$(srcdir)/tests/fuzz/$(TARGET).c' || { \
		echo 'usage: make fuzz TARGET=NAME, one of:' \
			$(FUZZ_TARGETS:tests/fuzz/%=%) >&2; exit 64; }
	@$(MKDIR_P) fuzz/$(TARGET)/corpus
	$(AM_V_CC)sources=; \
	for source in $(src_libonehop_a_SOURCES) \
		$(FUZZ_TOKEN_FILES); do \
		case $$source in \
		*.c) sources="$$sources $(srcdir)/$$source" ;; \
		esac; \
	done; \
	$(FUZZ_CC) -std=gnu99 $(FUZZ_CFLAGS) $(DEFS) -I. $(AM_CPPFLAGS) \
		$(GNUTLS_CFLAGS) $(GSASL_CFLAGS) $(IDN2_CFLAGS) $(TOKEN_CFLAGS) \
		-o fuzz/$(TARGET)/fuzz '$(srcdir)/tests/fuzz/$(TARGET).c' \
		$$sources $(LIBRARIES_LIBS) $(TOKEN_LIBS)
	cd fuzz/$(TARGET) && ./fuzz -max_total_time=$(FUZZ_SECONDS) \
		-timeout=10 -print_final_stats=1 corpus \
		'$(abs_srcdir)/tests/fuzz/corpus/$(TARGET)'

# All targets in turn, HOURS altogether, or SECONDS each; the table is
# fuzz/table.
HOURS = 1
SECONDS =
FUZZ_COMPILE = $(FUZZ_CC) -std=gnu99 -g -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined $(DEFS) \
	-I. $(AM_CPPFLAGS) $(GNUTLS_CFLAGS) $(GSASL_CFLAGS) $(IDN2_CFLAGS) \
	$(TOKEN_CFLAGS)
fuzz-all:
	@$(MKDIR_P) fuzz/objects; objects=; \
	for source in $(src_libonehop_a_SOURCES) $(FUZZ_TOKEN_FILES); do \
		case $$source in *.c) ;; *) continue ;; esac; \
		object=fuzz/objects/`echo $$source | tr / _`.o; \
		objects="$$objects $$object"; \
		$(FUZZ_COMPILE) -fsanitize=fuzzer-no-link -c -o $$object \
			$(srcdir)/$$source || exit 70; \
	done; \
	for target in $(FUZZ_TARGETS:tests/fuzz/%=%); do \
		$(MKDIR_P) fuzz/$$target; \
		$(FUZZ_COMPILE) -fsanitize=fuzzer -o fuzz/$$target/fuzz \
			$(srcdir)/tests/fuzz/$$target.c $$objects \
			$(LIBRARIES_LIBS) $(TOKEN_LIBS) || exit 70; \
	done
	@set -- $(FUZZ_TARGETS:tests/fuzz/%=%); \
	top_srcdir='$(abs_top_srcdir)' sh $(srcdir)/tests/fuzz/all.sh \
		$(or $(SECONDS),$$(($(HOURS) * 3600 / $$#))) "$$@"

clean-local-fuzz:
	rm -rf fuzz
clean-local: clean-local-fuzz
.PHONY: fuzz fuzz-all clean-local-fuzz
