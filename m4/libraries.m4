# SPDX-License-Identifier: GPL-3.0-or-later
# ONEHOP_NEED(VARIABLE, MODULE, DEBIAN, FEDORA, ARCH, ALPINE)
# Finds MODULE or says in one line what is missing and who brings it.
AC_DEFUN([ONEHOP_NEED],
[PKG_CHECK_MODULES([$1], [$2], [],
  [AC_MSG_ERROR([$2 is missing: install $3 (Debian), $4 (Fedora), $5 (Arch) or $6 (Alpine)])])])

AC_DEFUN([ONEHOP_LIBRARIES],
[AS_IF([test -z "$PKG_CONFIG"],
  [AC_MSG_ERROR([pkg-config is missing: install pkg-config (Debian), pkgconf (Fedora, Arch, Alpine)])])
ONEHOP_NEED([GNUTLS], [gnutls >= 3.7.0], [libgnutls28-dev], [gnutls-devel], [gnutls], [gnutls-dev])
ONEHOP_NEED([GSASL], [libgsasl >= 2.0.0], [libgsasl-dev], [libgsasl-devel], [gsasl], [gsasl-dev])
ONEHOP_NEED([IDN2], [libidn2 >= 2.3.0], [libidn2-dev], [libidn2-devel], [libidn2], [libidn2-dev])
])

# What differs between systems; src/platform.c is the one file that asks.
AC_DEFUN([ONEHOP_PLATFORM],
[AC_SEARCH_LIBS([pthread_create], [pthread])
AC_SEARCH_LIBS([getaddrinfo], [socket])
AC_CHECK_HEADERS([sys/prctl.h sys/auxv.h linux/landlock.h])
AC_CHECK_FUNCS([explicit_bzero memset_s getauxval issetugid close_range pledge unveil])
AC_ARG_VAR([CA_BUNDLE], [file with the trusted certificates of this system, tried first])
AC_DEFINE_UNQUOTED([CA_BUNDLE], ["$CA_BUNDLE"],
  [File with the trusted certificates of this system, tried first; "" if none was named])
])
