#!/bin/sh
# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# What a user sees who types a part of a command and presses the tab key, in
# bash, zsh and fish, each in a terminal of tmux.
. "${top_srcdir:-.}/tests/lib/cli.sh"
contrib=$(cd "$top_srcdir/contrib/completion" && pwd)
command -v tmux >/dev/null || tap_skip_all 'tmux is not installed'
bin=$scratch/bin
mkdir "$bin" "$scratch/rc"
program=$(cd "$(dirname "$ONEHOP")" && pwd)/$(basename "$ONEHOP")
# Of sendmail, too: the link leads to onehop.
for name in onehop sendmail mailq; do
    ln -s "$program" "$bin/$name"
done
token=$(dirname "$program")/onehop-token
[ ! -x "$token" ] || ln -s "$token" "$bin"
printf '%s\n' 'host 127.0.0.1' 'port 1' 'from me@example.org' 'account work' \
    'account home' | write_config
: >"$scratch/afile"
PATH=$bin:$PATH
export PATH

trap 'in_tmux kill-server >/dev/null; rm -rf "$scratch"' EXIT

in_tmux()
{
    tmux -S "$scratch/tmux-$shell" "$@" 2>&1
}

start_shell()
{
    case $1 in
    bash)
        printf '%s\n' "PS1='$ '" "bind 'set show-all-if-ambiguous on'" \
            "bind 'set bell-style none'" \
            "bind 'set completion-query-items 0'" \
            "bind 'set page-completions off'" \
            ". '$contrib/bash/onehop'" >"$scratch/rc/bashrc"
        set -- bash --rcfile "$scratch/rc/bashrc" --noprofile ;;
    zsh)
        printf '%s\n' "PS1='$ '" "fpath=('$contrib/zsh' \$fpath)" \
            'autoload -U compinit' "compinit -u -d '$scratch/rc/dump'" \
            'setopt no_beep' >"$scratch/rc/.zshrc"
        set -- env ZDOTDIR="$scratch/rc" zsh -d ;;
    fish)
        set -- fish --no-config -C "function fish_prompt; echo '$ '; end" \
            -C 'function fish_greeting; end' \
            -C "source '$contrib/fish/onehop.fish'" ;;
    esac
    in_tmux -f /dev/null new-session -d -x 120 -y 50 -c "$scratch" "$@"
    wait_for '^\$'
}

# wait_for PATTERN: until the screen has a line that matches, 10 seconds at most
wait_for()
{
    tries=0
    until in_tmux capture-pane -p >"$scratch/screen" &&
        grep -qE -e "$1" "$scratch/screen"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}

# Empties the line and the screen. An interrupt would empty what is typed next.
clear_line()
{
    in_tmux send-keys C-u
    in_tmux send-keys C-l
    tries=0
    until [ "$(in_tmux capture-pane -p | grep -v '^ *$')" = '$' ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        [ $((tries % 20)) -ne 0 ] || in_tmux send-keys C-l
        sleep 0.1
    done
}

# completes TYPED PATTERN [NOT]: what a tab adds; NOT must not be there
completes()
{
    clear_line
    in_tmux send-keys -l "$1"
    in_tmux send-keys Tab
    if ! wait_for "$2"; then
        in_tmux send-keys Tab
        wait_for "$2" || {
            cat "$scratch/screen"
            return 1
        }
    fi
    [ -z "${3-}" ] || ! grep -e "$3" "$scratch/screen"
}

for shell in bash zsh fish; do
    if ! command -v "$shell" >/dev/null; then
        tap_skip "$shell completes" "$shell is not installed"
        continue
    fi
    tap "$shell starts" start_shell "$shell"
    tap "$shell: an option" completes 'onehop --serveri' 'onehop --serverinfo'
    tap "$shell: in its other spelling" \
        completes 'onehop --set-from-h' '--set-from-header'
    tap "$shell: a mechanism" \
        completes 'onehop --auth=SCRAM-SHA-256-' '--auth=SCRAM-SHA-256-PLUS'
    tap "$shell: a value" completes 'onehop --tls=au' '--tls=auto'
    tap "$shell: an account" completes 'onehop -a wo' 'onehop -a work'
    tap "$shell: a file" completes 'onehop -C afi' 'onehop -C afile'
    tap "$shell: a word of -N" completes 'onehop -N suc' 'onehop -N success'
    tap "$shell: a verb" completes 'onehop --outbox ret' '--outbox retry'
    tap "$shell: by the name of sendmail" \
        completes 'sendmail --serveri' 'sendmail --serverinfo'
    if [ -x "$token" ]; then
        tap "$shell: an option of onehop-token" \
            completes 'onehop-token --logo' 'onehop-token --logout'
    else
        tap_skip "$shell: onehop-token" 'onehop-token is not built'
    fi
    tap "$shell: no word of the help text" \
        completes 'onehop --outbox show ' '--outbox show' 'the config'
    in_tmux kill-server >/dev/null
done
tap_done
