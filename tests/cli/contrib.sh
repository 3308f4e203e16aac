#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What contrib says of keys and options is what keys.def says; what is for
# other programs is what they take.
: "${top_srcdir:=.}" "${ONEHOP:=build/onehop}"
. "$top_srcdir/tests/lib/tap.sh"
contrib=$top_srcdir/contrib

known_keys()
{
    sed -n 's/^KEY(\([a-z_0-9]*\),.*/\1/p' "$top_srcdir/src/config/keys.def"
    sed -n '/^} obsolete/,/^};/s/^	{ "\([a-z_0-9]*\)".*/\1/p' \
        "$top_srcdir/src/config/key.c"
    echo eval
}

# The words of the groups Key, Verbatim and Obsolete.
vim_keys()
{
    awk '/^syntax keyword/ { on = $3 ~ /(Key|Verbatim|Obsolete)$/; next }
        !/^ *\\/ { on = 0 }
        on { sub(/\\/, ""); for (i = 1; i <= NF; i++) print $i }' \
        "$contrib/vim/syntax/onehop.vim"
}

vim_knows_every_key_and_no_other()
{
    known_keys | sort >"$scratch/known"
    vim_keys | sort >"$scratch/vim"
    diff "$scratch/known" "$scratch/vim"
}

# offers_of_bash WORD...: what bash offers for the last word of the command line
offers_of_bash()
{
    COMPLETION=$contrib/completion/bash/onehop \
        XDG_CONFIG_HOME=$scratch bash -c '
        . "$COMPLETION"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _onehop "$1" "${COMP_WORDS[COMP_CWORD]}" \
            "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"' bash "$ONEHOP" "$@"
}

bash_offers()
{
    expected=$1
    shift
    offered=$(offers_of_bash "$@") || return
    echo "offered: $offered"
    [ "$offered" = "$expected" ]
}

bash_offers_an_option_for_every_key()
{
    offers_of_bash "--" | tr ' ' '\n' | sed -n 's/^--\(.*\)=$/\1/p' |
        sort >"$scratch/offered"
    sed -n '/, SECRET,/d;s/^KEY(\([a-z_0-9]*\),.*/\1/p' \
        "$top_srcdir/src/config/keys.def" | sort >"$scratch/keys"
    comm -23 "$scratch/keys" "$scratch/offered" >"$scratch/missing"
    cat "$scratch/missing"
    [ ! -s "$scratch/missing" ]
}

mkdir "$scratch/onehop"
printf 'account work\nhost h\naccount home : work\n' \
    >"$scratch/onehop/config"
# It looks for the program, too: that is to be the one under test.
systemd_takes_the_units()
{
    mkdir -p "$scratch/units" &&
        cp "$contrib/systemd/onehop-flush.timer" "$scratch/units" &&
        sed "s|^ExecStart=onehop|ExecStart=$(realpath "$ONEHOP")|" \
            "$contrib/systemd/onehop-flush.service" \
            >"$scratch/units/onehop-flush.service" || return 1
    XDG_RUNTIME_DIR=$scratch systemd-analyze --user verify --man=no \
        "$scratch/units/onehop-flush.service" \
        "$scratch/units/onehop-flush.timer" >"$scratch/said" 2>&1
    status=$?
    cat "$scratch/said"
    [ "$status" -eq 0 ] && [ ! -s "$scratch/said" ]
}

# The relay's units: each loads, and is exposed to less than 2.0 of 10.
systemd_confines_the_relay()
{
    mkdir -p "$scratch/relay" &&
        cp "$contrib"/systemd/onehop-relay* "$scratch/relay" || return 1
    for unit in "$scratch"/relay/*.service; do
        sed "s|/usr/bin/onehop|$(realpath "$ONEHOP")|" "$unit" >"$scratch/unit"
        cp "$scratch/unit" "$unit"
    done
    systemd-analyze verify --man=no "$scratch"/relay/* >"$scratch/said" 2>&1
    status=$?
    cat "$scratch/said"
    [ "$status" -eq 0 ] && [ ! -s "$scratch/said" ] || return
    for unit in "$scratch"/relay/*.service; do
        systemd-analyze security --no-pager --offline=true --threshold=20 \
            "$unit" || return
    done
}

tap 'vim knows every key and no other' vim_knows_every_key_and_no_other
tap_with bash 'bash offers an option for every key' \
    bash_offers_an_option_for_every_key
tap_with bash 'bash offers the values of a key' bash_offers 'on off' --tls = o
tap_with bash 'bash offers the accounts of the config file' \
    bash_offers 'work home' -a ''
tap_with bash 'bash offers nothing where it knows nothing' \
    bash_offers '' --host = x
tap_with zsh 'zsh can read its completion' \
    zsh -n "$contrib/completion/zsh/_onehop"
tap_with fish 'fish can read its completion' \
    fish -n "$contrib/completion/fish/onehop.fish"
tap_with apparmor_parser 'AppArmor takes the profile' \
    apparmor_parser -Q -K "$contrib/apparmor/onehop"
tap_with systemd-analyze 'systemd takes the units' systemd_takes_the_units
tap_with systemd-analyze 'systemd confines the relay' systemd_confines_the_relay
tap_done
