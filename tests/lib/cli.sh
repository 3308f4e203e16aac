# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# For tests of what a user types and sees: sourced, not run.
#
#   exits STATUS COMMAND...   runs it; true if the exit status is that one
#   says WORDS...             the last command's stderr had these words
#   shows WORDS...            the last command's stdout had these words
#   is_silent                 the last command said nothing at all
#   start_sink                a smarthost; $sink_port, $sink/1, $sink/2, ...
#   arrived N                 that many messages have come, and no more
# shellcheck disable=SC2034
: "${top_srcdir:=.}" "${PYTHON=/usr/bin/python3}" "${ONEHOP:=build/onehop}"
# shellcheck source=tests/lib/tap.sh
. "$top_srcdir/tests/lib/tap.sh"
[ -x "$ONEHOP" ] || tap_skip_all "$ONEHOP is not there"
onehop=$ONEHOP
HOME=$scratch/home
export HOME
unset XDG_CONFIG_HOME XDG_STATE_HOME EMAIL SMTPSERVER CREDENTIALS_DIRECTORY
mkdir "$HOME"
config=$HOME/.config/onehop/config
sink=$scratch/sink

exits()
{
    wanted=$1
    shift
    "$@" >"$scratch/stdout" 2>"$scratch/stderr"
    status=$?
    [ "$status" -eq "$wanted" ] && return 0
    echo "exit status $status, not $wanted"
    cat "$scratch/stdout" "$scratch/stderr"
    return 1
}

# has FILE WORDS...
has()
{
    file=$1
    shift
    for words; do
        grep -qF -e "$words" "$file" || {
            echo "not there: $words"
            cat "$file"
            return 1
        }
    done
}

says()
{
    has "$scratch/stderr" "$@"
}

shows()
{
    has "$scratch/stdout" "$@"
}

is_silent()
{
    cat "$scratch/stdout" "$scratch/stderr"
    [ ! -s "$scratch/stdout" ] && [ ! -s "$scratch/stderr" ]
}

# One line, perhaps with a hint, and nothing on stdout.
is_one_line()
{
    cat "$scratch/stdout" "$scratch/stderr"
    [ ! -s "$scratch/stdout" ] &&
        [ "$(grep -vc '^hint: ' "$scratch/stderr")" -eq 1 ]
}

# write_config: the user's config file from stdin
write_config()
{
    mkdir -p "$(dirname "$config")"
    cat >"$config"
    chmod 600 "$config"
}

start_sink()
{
    [ -n "$PYTHON" ] || tap_skip_all 'python3 with aiosmtpd is not installed'
    mkdir "$sink"
    "$PYTHON" "$top_srcdir/tests/cli/sink.py" "$sink" &
    sink_pid=$!
    trap 'kill "$sink_pid" 2>/dev/null; rm -rf "$scratch"' EXIT
    tries=0
    until [ -s "$sink/port" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { echo 'Bail out! no sink'; exit 99; }
        sleep 0.1
    done
    sink_port=$(cat "$sink/port")
    write_config <<END
host 127.0.0.1
port $sink_port
maildomain example.com
END
}

# Messages are written before they are acknowledged, so no wait is needed.
arrived()
{
    count=0
    while [ -e "$sink/$((count + 1))" ]; do count=$((count + 1)); done
    echo "$count messages have come, not $1"
    [ "$count" -eq "$1" ]
}
