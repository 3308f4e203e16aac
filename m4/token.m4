# SPDX-License-Identifier: GPL-3.0-or-later
# ONEHOP_TOKEN: whether onehop-token is built, which needs libcurl and jansson.
AC_DEFUN([ONEHOP_TOKEN],
[AC_ARG_WITH([token],
  [AS_HELP_STRING([--without-token], [do not build onehop-token, which needs libcurl and jansson])],
  [], [with_token=auto])
AS_IF([test "$with_token" != no],
  [PKG_CHECK_MODULES([TOKEN], [libcurl >= 7.85.0 jansson >= 2.11], [with_token=yes],
    [AS_IF([test "$with_token" = yes],
      [AC_MSG_ERROR([libcurl or jansson is missing: install libcurl4-openssl-dev libjansson-dev (Debian), libcurl-devel jansson-devel (Fedora), curl jansson (Arch) or curl-dev jansson-dev (Alpine)])])
    with_token=no])])
AS_IF([test "$with_token" = yes], [AC_SEARCH_LIBS([dlopen], [dl])])
AC_ARG_VAR([CURL_LIBRARY], [the name to load libcurl by])
AC_DEFINE_UNQUOTED([CURL_LIBRARY], ["${CURL_LIBRARY:-libcurl.so.4}"],
  [The name to load libcurl by])
AC_ARG_VAR([GNUTLS_LIBRARY], [the name by which onehop-token loads GnuTLS])
AC_DEFINE_UNQUOTED([GNUTLS_LIBRARY], ["${GNUTLS_LIBRARY:-libgnutls.so.30}"],
  [The name by which onehop-token loads GnuTLS])
AM_CONDITIONAL([TOKEN], [test "$with_token" = yes])
])
