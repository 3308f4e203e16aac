# SPDX-License-Identifier: GPL-3.0-or-later
# make install-sendmail: the names that callers of sendmail(8) use, as links to
# onehop, and what onehop-relay(8) and --all-users need: systemd's units, not
# enabled, and an example of the relay's configuration. The links never take the place of
# somebody else's: either all are made or none.
SENDMAIL_LINKS = $(sbindir)/sendmail $(prefix)/lib/sendmail \
	$(bindir)/mailq $(bindir)/newaliases
SENDMAIL_PAGE = $(mandir)/man8/sendmail.8
SYSTEM_UNITS = onehop-relay.socket onehop-relay@.service \
	onehop-relay-flush.service onehop-relay-flush.timer \
	onehop-all-users.service onehop-all-users.timer
RELAY_EXAMPLE = $(sysconfdir)/onehop/relay.example
systemdsystemunitdir = $(prefix)/lib/systemd/system
EXTRA_DIST += man/sendmail.8 contrib/relay.example

# Is the file another program's? Our links lead to onehop, and the page that
# is ours names it.
sendmail_is_foreign = \
	is_foreign () { \
		if test -L "$$1"; then \
			test "`readlink "$$1"`" != '$(bindir)/onehop'; \
		else \
			test -e "$$1" && { test "$$1" != \
			'$(DESTDIR)$(SENDMAIL_PAGE)' || \
			! grep 'onehop-config 5' "$$1" >/dev/null; }; \
		fi; \
	}

# What is installed already stays as it is: it may have been stripped.
install-sendmail: all
	@test -x '$(DESTDIR)$(bindir)/onehop' || $(MAKE) $(AM_MAKEFLAGS) install
	@$(sendmail_is_foreign); \
	for file in $(SENDMAIL_LINKS) $(SENDMAIL_PAGE); do \
		if is_foreign "$(DESTDIR)$$file"; then \
			echo "$(DESTDIR)$$file belongs to another program:" \
			"remove that first (dpkg -S or rpm -qf name its" \
			"package)" >&2; exit 1; \
		fi; \
	done
	@set -e; for link in $(SENDMAIL_LINKS); do \
		$(MKDIR_P) "$(DESTDIR)`dirname "$$link"`"; \
		rm -f "$(DESTDIR)$$link"; \
		ln -s '$(bindir)/onehop' "$(DESTDIR)$$link"; \
	done
	$(MKDIR_P) '$(DESTDIR)$(mandir)/man8'
	$(INSTALL_DATA) '$(srcdir)/man/sendmail.8' '$(DESTDIR)$(SENDMAIL_PAGE)'
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/onehop'
	$(INSTALL_DATA) '$(srcdir)/contrib/relay.example' \
		'$(DESTDIR)$(RELAY_EXAMPLE)'
if INSTALL_SYSTEMD
	$(MKDIR_P) '$(DESTDIR)$(systemdsystemunitdir)'
	@set -e; for unit in $(SYSTEM_UNITS); do \
		to="$(DESTDIR)$(systemdsystemunitdir)/$$unit"; \
		$(SED) -e 's|/usr/bin/onehop|$(bindir)/onehop|' \
			-e 's|/etc/onehop/|$(sysconfdir)/onehop/|' \
			"$(srcdir)/contrib/systemd/$$unit" >"$$to"; \
		chmod 644 "$$to"; \
	done
endif
	@test '$(sbindir)' = /usr/sbin || { \
		echo 'note: cron, at, mutt, PHP and others call' \
		'/usr/sbin/sendmail; they do not find' \
		'$(sbindir)/sendmail.  configure --prefix=/usr' \
		'--sysconfdir=/etc makes it theirs.'; }

uninstall-sendmail:
	@$(sendmail_is_foreign); \
	for file in $(SENDMAIL_LINKS) $(SENDMAIL_PAGE); do \
		is_foreign "$(DESTDIR)$$file" || rm -f "$(DESTDIR)$$file"; \
	done
	rm -f '$(DESTDIR)$(RELAY_EXAMPLE)'
if INSTALL_SYSTEMD
	cd '$(DESTDIR)$(systemdsystemunitdir)' 2>/dev/null || exit 0; \
		rm -f $(SYSTEM_UNITS)
endif
.PHONY: install-sendmail uninstall-sendmail
