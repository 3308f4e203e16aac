# SPDX-License-Identifier: GPL-3.0-or-later
# ONEHOP_TRY_CFLAG(FLAG, VARIABLE): adds FLAG to VARIABLE if the compiler takes it without a word.
AC_DEFUN([ONEHOP_TRY_CFLAG],
[AC_MSG_CHECKING([whether $CC takes $1])
onehop_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
  [AC_MSG_RESULT([yes]); $2="$$2 $1"], [AC_MSG_RESULT([no])])
CFLAGS=$onehop_save_CFLAGS])

AC_DEFUN([ONEHOP_TRY_LDFLAG],
[AC_MSG_CHECKING([whether the linker takes $1])
onehop_save_LDFLAGS=$LDFLAGS
LDFLAGS="$LDFLAGS $1"
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
  [AC_MSG_RESULT([yes]); $2="$$2 $1"], [AC_MSG_RESULT([no])])
LDFLAGS=$onehop_save_LDFLAGS])

AC_DEFUN([ONEHOP_HARDENING],
[AC_ARG_ENABLE([hardening],
  [AS_HELP_STRING([--disable-hardening], [build without the compiler's and linker's defences])],
  [], [enable_hardening=yes])
AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [make every compiler warning an error])],
  [], [enable_werror=no])
AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers], [build with address and undefined behaviour sanitizers])],
  [], [enable_sanitizers=no])
AC_ARG_ENABLE([coverage],
  [AS_HELP_STRING([--enable-coverage], [build with the counters of gcov])],
  [], [enable_coverage=no])

WARN_CFLAGS=
for flag in -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla -Wnull-dereference \
    -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
    -Wundef -Walloc-zero -Wimplicit-fallthrough
do
  ONEHOP_TRY_CFLAG([$flag], [WARN_CFLAGS])
done
AS_VAR_IF([enable_werror], [yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])

HARDENING_CFLAGS=
HARDENING_LDFLAGS=
onehop_hardening=no
onehop_sanitizers=no
AS_VAR_IF([enable_sanitizers], [yes],
  [onehop_sanitizers="address undefined"
  enable_hardening=no
  HARDENING_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
  HARDENING_LDFLAGS="-fsanitize=address,undefined"])
# tests/coverage.c has what the linker wraps.
AS_VAR_IF([enable_coverage], [yes],
  [enable_hardening=no
  HARDENING_CFLAGS="$HARDENING_CFLAGS --coverage -fprofile-update=atomic"
  HARDENING_LDFLAGS="$HARDENING_LDFLAGS --coverage"
  for call in _exit raise sigprocmask sandbox_confine
  do
    HARDENING_LDFLAGS="$HARDENING_LDFLAGS -Wl,--wrap=$call"
  done])
AM_CONDITIONAL([COVERAGE], [test "$enable_coverage" = yes])
AS_VAR_IF([enable_hardening], [no], [],
  [onehop_hardening=yes
  # _FORTIFY_SOURCE needs optimisation; with -O0 glibc warns on every file.
  AS_CASE([" $CFLAGS "], [*" -O0 "*|*-fsanitize=*], [],
    [ONEHOP_TRY_CFLAG([-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3], [HARDENING_CFLAGS])])
  for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
      -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
      -fstrict-flex-arrays=3 -fno-strict-aliasing -fno-strict-overflow \
      -fno-delete-null-pointer-checks -fPIE
  do
    ONEHOP_TRY_CFLAG([$flag], [HARDENING_CFLAGS])
  done
  for flag in -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code
  do
    ONEHOP_TRY_LDFLAG([$flag], [HARDENING_LDFLAGS])
  done])
ONEHOP_TRY_LDFLAG([-Wl,--as-needed], [HARDENING_LDFLAGS])
AM_CONDITIONAL([SANITIZERS], [test "$onehop_sanitizers" != no])
AC_SUBST([WARN_CFLAGS])
AC_SUBST([HARDENING_CFLAGS])
AC_SUBST([HARDENING_LDFLAGS])
])
