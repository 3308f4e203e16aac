# SPDX-License-Identifier: GPL-3.0-or-later
# ONEHOP_NEED(VARIABLE, MODULE, DEBIAN, FEDORA, ARCH, ALPINE)
# Finds MODULE or says in one line what is missing and who brings it.
AC_DEFUN([ONEHOP_NEED],
[PKG_CHECK_MODULES([$1], [$2], [],
  [AC_MSG_ERROR([$2 is missing or too old: install $3 (Debian), $4 (Fedora), $5 (Arch) or $6 (Alpine)
pkg-config says: $$1[]_PKG_ERRORS])])])

AC_DEFUN([ONEHOP_LIBRARIES],
[AS_IF([test -z "$PKG_CONFIG"],
  [AC_MSG_ERROR([pkg-config is missing: install pkg-config (Debian), pkgconf (Fedora, Arch, Alpine)])])
ONEHOP_NEED([GNUTLS], [gnutls >= 3.7.4], [libgnutls28-dev], [gnutls-devel], [gnutls], [gnutls-dev])
ONEHOP_NEED([GSASL], [libgsasl >= 2.0.0], [libgsasl-dev], [libgsasl-devel], [gsasl], [gsasl-dev])
ONEHOP_NEED([IDN2], [libidn2 >= 2.3.0], [libidn2-dev], [libidn2-devel], [libidn2], [libidn2-dev])
])

# res_query and dn_expand are macros in places, and in libresolv in some.
AC_DEFUN([ONEHOP_RESOLVER],
[AC_MSG_CHECKING([for the library with res_query])
onehop_resolver=no
onehop_save_LIBS=$LIBS
for onehop_library in '' -lresolv
do
  LIBS="$onehop_library $onehop_save_LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>]],
    [[unsigned char a[1]; char b[1];
return res_query("", 1, 1, a, 1) + dn_expand(a, a, a, b, 1);]])],
    [onehop_resolver=${onehop_library:-libc}; break])
done
AS_IF([test "$onehop_resolver" = no], [LIBS=$onehop_save_LIBS])
AC_MSG_RESULT([$onehop_resolver])
AS_IF([test "$onehop_resolver" = no],
  [AC_MSG_ERROR([res_query and dn_expand are in neither libc nor libresolv])])
])

# libgnutls-dane is loaded when a config asks for it; to build only its header
# is needed, and without it all but tls_trust dane works.
AC_DEFUN([ONEHOP_DANE],
[AC_ARG_WITH([dane],
  [AS_HELP_STRING([--without-dane], [leave out tls_trust dane, which loads libgnutls-dane])],
  [], [with_dane=check])
AS_IF([test "$with_dane" != no],
  [onehop_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $GNUTLS_CFLAGS"
  AC_CHECK_HEADER([gnutls/dane.h], [with_dane=yes],
    [AS_IF([test "$with_dane" = yes],
      [AC_MSG_ERROR([gnutls/dane.h is missing: install libgnutls28-dev (Debian), gnutls-devel (Fedora)])])
    with_dane=no])
  CPPFLAGS=$onehop_save_CPPFLAGS])
AS_IF([test "$with_dane" = yes],
  [AC_SEARCH_LIBS([dlopen], [dl], [], [with_dane=no])])
AC_ARG_VAR([DANE_LIBRARY], [the name to load libgnutls-dane by])
AC_DEFINE_UNQUOTED([DANE_LIBRARY], ["${DANE_LIBRARY:-libgnutls-dane.so.0}"],
  [The name to load libgnutls-dane by])
AM_CONDITIONAL([DANE], [test "$with_dane" = yes])
])

# Which src/base/sandbox_*.c is compiled.
AC_DEFUN([ONEHOP_SANDBOX],
[onehop_sandbox=none
AC_CHECK_FUNCS([pledge unveil])
AS_IF([test "$ac_cv_func_pledge$ac_cv_func_unveil" = yesyes],
  [onehop_sandbox=pledge])
AC_CHECK_DECL([SYS_landlock_create_ruleset], [onehop_sandbox=landlock], [],
  [[#include <sys/syscall.h>]])
AM_CONDITIONAL([SANDBOX_LANDLOCK], [test $onehop_sandbox = landlock])
AM_CONDITIONAL([SANDBOX_PLEDGE], [test $onehop_sandbox = pledge])
])

# What differs between systems; src/base/platform.c is the one file that asks.
AC_DEFUN([ONEHOP_PLATFORM],
[AC_SEARCH_LIBS([pthread_create], [pthread])
AC_SEARCH_LIBS([getaddrinfo], [socket])
ONEHOP_RESOLVER
AC_CHECK_HEADERS([sys/prctl.h sys/auxv.h sys/syscall.h])
AC_CHECK_FUNCS([explicit_bzero memset_s getauxval issetugid close_range getpeereid])
ONEHOP_SANDBOX
AC_ARG_VAR([CA_BUNDLE], [file with the trusted certificates of this system, tried first])
AC_DEFINE_UNQUOTED([CA_BUNDLE], ["$CA_BUNDLE"],
  [File with the trusted certificates of this system, tried first; "" if none was named])
])
