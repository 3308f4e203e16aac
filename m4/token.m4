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
AM_CONDITIONAL([TOKEN], [test "$with_token" = yes])
])
