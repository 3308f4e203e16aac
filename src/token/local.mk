# SPDX-License-Identifier: GPL-3.0-or-later
# onehop-token, a program of its own: of the folders of src/ it uses base/ and
# format/ only, and the table auth/providers.def.
TOKEN_FILES = \
	src/token/https.c \
	src/token/https.h \
	src/token/login.h \
	src/token/login_browser.c \
	src/token/login_device.c \
	src/token/object.c \
	src/token/object.h \
	src/token/oauth.c \
	src/token/oauth.h \
	src/token/oauth_config.c \
	src/token/oauth_config.h \
	src/token/oauth_providers.def \
	src/token/redirect.c \
	src/token/refresh.c \
	src/token/refresh.h \
	src/token/token.c \
	src/token/token.h \
	src/token/token_store.c \
	src/token/token_store.h
TOKEN_LINK = src/libonehop.a $(TOKEN_LIBS)
EXTRA_DIST += $(TOKEN_FILES) src/token/main.c man/onehop-token.1
if TOKEN
noinst_LIBRARIES += src/token/libtoken.a
src_token_libtoken_a_SOURCES = $(TOKEN_FILES)
src_token_libtoken_a_CFLAGS = $(AM_CFLAGS) $(TOKEN_CFLAGS)
bin_PROGRAMS += onehop-token
onehop_token_SOURCES = src/token/main.c
onehop_token_LDADD = src/token/libtoken.a $(TOKEN_LINK)
man1_MANS = man/onehop-token.1
endif
