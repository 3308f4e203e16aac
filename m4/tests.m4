# SPDX-License-Identifier: GPL-3.0-or-later
# What only the tests need. Nothing here can stop a build.
AC_DEFUN([ONEHOP_TESTS],
[PKG_CHECK_MODULES([CMOCKA], [cmocka], [have_cmocka=yes], [have_cmocka=no])
AM_CONDITIONAL([HAVE_CMOCKA], [test "$have_cmocka" = yes])
AC_ARG_VAR([PYTHON], [python 3 with aiosmtpd, used by the tests and the demo; "no" skips the tests that need it])
# The first python3 in PATH may be one that cannot see the system's packages.
AC_MSG_CHECKING([for a python3 that has aiosmtpd])
AS_IF([test -z "$PYTHON"],
  [for candidate in /usr/bin/python3 python3 /usr/local/bin/python3 /opt/homebrew/bin/python3
  do
    AS_IF([$candidate -c 'import sys, ssl, aiosmtpd.smtp; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1],
      [PYTHON=$candidate; break])
  done],
  [test "$PYTHON" = no], [PYTHON=])
AC_MSG_RESULT([${PYTHON:-none}])
# Without one, each test in Python says that it is skipped.
AS_IF([test -n "$PYTHON"], [RUN_PYTHON='$(PYTHON)'],
  [RUN_PYTHON='$(SHELL) $(top_srcdir)/tests/lib/no-python.sh'])
AC_SUBST([RUN_PYTHON])
])
