#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# make install-sendmail gives the names that callers use, and takes nobody's.
. "${top_srcdir:-.}/tests/lib/cli.sh"
: "${top_builddir:=build}"
[ -f "$top_builddir/Makefile" ] || tap_skip_all 'no Makefile'
root=$scratch/root
names='usr/sbin/sendmail usr/lib/sendmail usr/bin/mailq usr/bin/newaliases'

# Not what the make that runs us was told.
run_make()
{
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$top_builddir" \
        DESTDIR="$root" prefix=/usr bindir=/usr/bin sbindir=/usr/sbin \
        mandir=/usr/share/man sysconfdir=/etc "$@" >"$scratch/make" 2>&1
    status=$?
    cat "$scratch/make"
    return "$status"
}

links_to_onehop()
{
    for name in $names; do
        [ "$(readlink "$root/$name")" = /usr/bin/onehop ] || return 1
    done
    [ -x "$root/usr/bin/onehop" ]
}

installs_all_names()
{
    run_make install-sendmail && links_to_onehop
}

installs_the_page()
{
    grep -q onehop "$root/usr/share/man/man8/sendmail.8"
}

# Units for systemd that start the installed program, unless configure was told
# to install none.
installs_the_relay()
{
    grep -q '^host ' "$root/etc/onehop/relay.example" || return 1
    grep '^systemduserunitdir = .' "$top_builddir/Makefile" || return 0
    other=$scratch/other
    run_make install-sendmail DESTDIR="$other" bindir=/opt/bin \
        sysconfdir=/opt/etc || return 1
    for unit in onehop-relay@.service onehop-relay-flush.service; do
        grep '^ExecStart=-*/opt/bin/onehop -C /opt/etc/onehop/relay -' \
            "$other/usr/lib/systemd/system/$unit" || return 1
    done
    grep '^ExecStart=/opt/bin/onehop -q --all-users' \
        "$other/usr/lib/systemd/system/onehop-all-users.service" || return 1
    for unit in onehop-relay.socket onehop-relay-flush.timer \
        onehop-all-users.timer; do
        [ -f "$other/usr/lib/systemd/system/$unit" ] || return 1
    done
}

# A stripped program stays stripped, and callers that would not find the names
# are named.
leaves_the_program()
{
    echo 'as it was stripped' >"$root/usr/bin/onehop"
    run_make install-sendmail || return 1
    grep 'as it was' "$root/usr/bin/onehop"
}

names_who_finds_no_sendmail()
{
    run_make install-sendmail sbindir=/opt/sbin &&
        grep 'cron' "$scratch/make" && rm -r "$root/opt"
}

uninstalls_all_names()
{
    run_make uninstall-sendmail || return 1
    for name in $names usr/share/man/man8/sendmail.8; do
        [ ! -L "$root/$name" ] && [ ! -e "$root/$name" ] || return 1
    done
    [ -x "$root/usr/bin/onehop" ] &&
        [ ! -e "$root/etc/onehop/relay.example" ] &&
        ! find "$root" -name 'onehop-*' | grep systemd/system/
}

# refuses NAME: it belongs to somebody else, and nothing else is made
refuses()
{
    run_make install-sendmail && return 1
    grep -F "$1 belongs to another program" "$scratch/make" || return 1
    [ ! -e "$root/usr/bin/newaliases" ]
}

keeps_another_file()
{
    echo exim >"$root/usr/sbin/sendmail"
    refuses usr/sbin/sendmail && run_make uninstall-sendmail &&
        grep exim "$root/usr/sbin/sendmail"
    result=$?
    rm "$root/usr/sbin/sendmail"
    return "$result"
}

keeps_another_link()
{
    ln -s /etc/alternatives/mailq "$root/usr/bin/mailq"
    refuses usr/bin/mailq && run_make uninstall-sendmail &&
        [ -L "$root/usr/bin/mailq" ]
    result=$?
    rm "$root/usr/bin/mailq"
    return "$result"
}

keeps_another_page()
{
    echo '.Nm exim' >"$root/usr/share/man/man8/sendmail.8"
    refuses man8/sendmail.8
}

tap 'install-sendmail makes every name a link' installs_all_names
tap 'and installs the page' installs_the_page
tap 'and what the relay needs' installs_the_relay
tap 'a second time changes nothing' installs_all_names
tap 'an installed program stays as it is' leaves_the_program
tap 'callers that find no sendmail are named' names_who_finds_no_sendmail
tap 'uninstall-sendmail removes them' uninstalls_all_names
tap 'the file of another program stays' keeps_another_file
tap 'so does its link' keeps_another_link
tap 'and its page' keeps_another_page
tap_done
