# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ONEHOP_INSTALL_DIR(OPTION, VARIABLE, DEFAULT, WHAT)
# --with-OPTION-dir=DIR says where WHAT goes, "no" installs none of it.
AC_DEFUN([ONEHOP_INSTALL_DIR],
[AC_ARG_WITH([$1-dir],
  [AS_HELP_STRING([--with-$1-dir=DIR], [install $4 there, or "no"; by default $3])],
  [$2=$withval], [$2=yes])
AS_CASE([$$2], [yes], [$2='$3'], [no], [$2=])
AC_SUBST([$2])
])

AC_DEFUN([ONEHOP_INSTALL],
[ONEHOP_INSTALL_DIR([bash-completion], [bashcompdir], [${datadir}/bash-completion/completions], [the completion for bash])
ONEHOP_INSTALL_DIR([zsh-completion], [zshcompdir], [${datadir}/zsh/site-functions], [the completion for zsh])
ONEHOP_INSTALL_DIR([fish-completion], [fishcompdir], [${datadir}/fish/vendor_completions.d], [the completion for fish])
ONEHOP_INSTALL_DIR([vim], [vimdir], [${datadir}/vim/vimfiles], [syntax highlighting for vim])
ONEHOP_INSTALL_DIR([systemd-user-unit], [systemduserunitdir], [${prefix}/lib/systemd/user], [the units for systemd])
ONEHOP_INSTALL_DIR([apparmor], [apparmordir], [${sysconfdir}/apparmor.d], [the AppArmor profile, disabled])
AM_CONDITIONAL([INSTALL_BASH], [test -n "$bashcompdir"])
AM_CONDITIONAL([INSTALL_ZSH], [test -n "$zshcompdir"])
AM_CONDITIONAL([INSTALL_FISH], [test -n "$fishcompdir"])
AM_CONDITIONAL([INSTALL_VIM], [test -n "$vimdir"])
AM_CONDITIONAL([INSTALL_SYSTEMD], [test -n "$systemduserunitdir"])
AM_CONDITIONAL([INSTALL_APPARMOR], [test -n "$apparmordir"])
])
