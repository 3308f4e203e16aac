#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The relay of onehop-relay(8): -bs behind a socket that systemd listens on.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/lib/cli.sh"
command -v systemd-socket-activate >/dev/null ||
    tap_skip_all 'systemd-socket-activate is not installed'
start_sink
relay=$scratch/relay
mkdir -p "$relay" "$(dirname "$config")"
listener=
trap 'kill "$sink_pid" $listener 2>/dev/null; rm -rf "$scratch"' EXIT

# relay_to PORT: what root writes
relay_to()
{
    printf '%s\n' 'host 127.0.0.1' "port $1" 'tls off' 'auth off' \
        'from *@example.org' 'maildomain example.org' 'outbox on' \
        >"$relay/config"
}

as_relay()
{
    HOME=$relay "$onehop" -C "$relay/config" "$@"
}

submit()
{
    echo 'hello' | "$onehop" -f alice@example.org bob@example.net
}

# The outbox is the relay's: the user has none.
waits_in_the_relay()
{
    exits 0 submit && is_silent && [ ! -e "$HOME/.local" ] &&
        exits 0 as_relay -bp && shows 'in 1 message' '<alice@example.org>'
}

printf '%s\n' "socket $relay/submit" 'tls off' 'auth off' \
    'maildomain example.org' >"$config"
chmod 600 "$config"
relay_to 1
systemd-socket-activate --accept --inetd -l "$relay/submit" \
    -E HOME="$relay" "$(realpath "$onehop")" -C "$relay/config" -bs \
    >"$scratch/listener" 2>&1 </dev/null &
listener=$!
tries=0
until [ -S "$relay/submit" ] || [ "$tries" -eq 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
done

tap 'a message waits in the outbox of the relay' waits_in_the_relay
relay_to "$sink_port"
tap 'a flush of the relay delivers it' as_relay -q
tap 'it arrives' arrived 1
tap 'with the network there, a message arrives at once' submit
tap 'at the smarthost, too' arrived 2
tap_done
