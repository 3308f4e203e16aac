# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# What make install brings beside the program and its pages: each part goes to
# the directory that configure was told, or nowhere.
dist_doc_DATA = README NEWS COMPATIBILITY SECURITY contrib/config.example
exampledir = $(docdir)/examples
dist_example_DATA = \
	contrib/systemd/onehop-relay.socket \
	contrib/systemd/onehop-relay@.service \
	contrib/systemd/onehop-relay-flush.service \
	contrib/systemd/onehop-relay-flush.timer \
	contrib/systemd/onehop-all-users.service \
	contrib/systemd/onehop-all-users.timer
if INSTALL_BASH
bashcomp_DATA = contrib/completion/bash/onehop
endif
if INSTALL_ZSH
zshcomp_DATA = contrib/completion/zsh/_onehop
endif
if INSTALL_FISH
fishcomp_DATA = contrib/completion/fish/onehop.fish
endif
if INSTALL_VIM
vimsyntaxdir = $(vimdir)/syntax
vimsyntax_DATA = contrib/vim/syntax/onehop.vim
vimftdetectdir = $(vimdir)/ftdetect
vimftdetect_DATA = contrib/vim/ftdetect/onehop.vim
endif
if INSTALL_SYSTEMD
systemduserunit_DATA = onehop-flush.service \
	contrib/systemd/onehop-flush.timer
endif
if INSTALL_APPARMOR
apparmor_DATA = contrib/apparmor/onehop
endif

onehop-flush.service: contrib/systemd/onehop-flush.service
	$(AM_V_GEN)$(SED) 's|^ExecStart=onehop|ExecStart=$(bindir)/onehop|' \
		'$(srcdir)/contrib/systemd/onehop-flush.service' >$@
CLEANFILES += onehop-flush.service

# bash loads a completion by the name of the command. AppArmor's profile is
# loaded once somebody removes the link in disable.
install-data-hook:
if INSTALL_BASH
	cd '$(DESTDIR)$(bashcompdir)' && rm -f onehop-token && \
		$(LN_S) onehop onehop-token
endif
if INSTALL_APPARMOR
	$(MKDIR_P) '$(DESTDIR)$(apparmordir)/disable'
	cd '$(DESTDIR)$(apparmordir)/disable' && rm -f onehop && \
		$(LN_S) ../onehop onehop
endif

uninstall-hook:
if INSTALL_BASH
	rm -f '$(DESTDIR)$(bashcompdir)/onehop-token'
endif
if INSTALL_APPARMOR
	rm -f '$(DESTDIR)$(apparmordir)/disable/onehop'
endif

# A tarball depends on the commit alone: sorted, its time, nobody's names.
dist-hook: check-xz
	find '$(distdir)' -exec touch -h -d "@$${SOURCE_DATE_EPOCH:-`cd \
		'$(srcdir)' && git log -1 --format=%ct 2>/dev/null || \
		date +%s`}" {} +
check-xz:
	@xz --version >/dev/null 2>&1 || { \
		echo 'make dist needs xz: install xz-utils (Debian), xz' >&2; \
		exit 1; }
am__tar = LC_ALL=C $${TAR-tar} --format=ustar --sort=name --owner=0 \
	--group=0 --numeric-owner --mode=go=rX,u+rw,a-s -chof - "$$tardir"

# Debian packages, in deb/: contrib/debian is copied to debian in what make dist
# would pack.
deb:
	@command -v dh >/dev/null || { \
		echo 'make deb needs debhelper and the Build-Depends of' \
		'contrib/debian/control' >&2; exit 1; }
	rm -rf deb && $(MKDIR_P) deb
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir='deb/$(distdir)' \
		am__remove_distdir=:
	cp -R 'deb/$(distdir)/contrib/debian' 'deb/$(distdir)/debian'
	cd 'deb/$(distdir)' && dpkg-buildpackage -us -uc -b
clean-local: clean-local-deb
clean-local-deb:
	rm -rf deb
.PHONY: check-xz deb clean-local-deb
