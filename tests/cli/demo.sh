#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ./bootstrap demo shows the message arrive, and cleans up after itself.
: "${top_srcdir:=.}" "${PYTHON=/usr/bin/python3}" "${ONEHOP:=build/onehop}"
. "$top_srcdir/tests/lib/tap.sh"
[ -n "$PYTHON" ] || tap_skip_all 'python3 with aiosmtpd is not installed'
command -v openssl >/dev/null || tap_skip_all 'openssl is not installed'
TMPDIR=$scratch/tmp
export TMPDIR
mkdir "$TMPDIR"

demo()
{
    ONEHOP=$1 "$PYTHON" "$top_srcdir/tests/demo.py"
}

nothing_is_left()
{
    [ -z "$(ls -A "$TMPDIR")" ]
}

the_message_arrives()
{
    demo "$ONEHOP" | tee "$scratch/shown" | tail -n 1 | grep 'Both arrived'
}

# Programs that add a Message-ID with "bcc" in it, or keep the Bcc field.
cat >"$scratch/adds" <<'END'
#!/bin/sh
{ echo 'Message-ID: <9bcc0@example.org>'; cat; } | "$REAL" "$@"
END
cat >"$scratch/keeps" <<'END'
#!/bin/sh
exec "$REAL" --remove_bcc_headers=off "$@"
END
chmod +x "$scratch/adds" "$scratch/keeps"

a_message_id_with_bcc_in_it_is_no_fault()
{
    REAL=$ONEHOP demo "$scratch/adds" | tail -n 1 | grep 'Both arrived'
}

a_bcc_field_is_a_fault()
{
    REAL=$ONEHOP demo "$scratch/keeps" >"$scratch/shown" && return 1
    grep 'WRONG: the Bcc field was not removed' "$scratch/shown"
}

output_that_is_not_utf_8_is_no_fault()
{
    PYTHONIOENCODING=ascii demo "$ONEHOP" | tail -n 1 | grep 'Both arrived'
}

a_failure_is_told()
{
    demo false >"$scratch/shown" && return 1
    tail -n 1 "$scratch/shown" | grep 'The demo failed'
}

# A program that hangs, and a signal such as Ctrl-C sends.
cat >"$scratch/sleeper" <<END
#!/bin/sh
echo \$\$ >"$scratch/pid"
exec sleep 60
END
chmod +x "$scratch/sleeper"

wait_for_file()
{
    tries=0
    until [ -s "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || return 1
        sleep 0.1
    done
}

a_signal_stops_it()
{
    rm -f "$scratch/pid"
    ONEHOP=$scratch/sleeper "$PYTHON" "$top_srcdir/tests/demo.py" &
    demo_pid=$!
    wait_for_file "$scratch/pid" || return 1
    kill "-$1" "$demo_pid"
    wait "$demo_pid"
    [ $? -eq "$2" ] || return 1
    ! kill -0 "$(cat "$scratch/pid")" 2>/dev/null
}

tap 'the message arrives over both transports' the_message_arrives
tap 'and nothing is left behind' nothing_is_left
tap 'a Message-ID that holds "bcc" is no fault' \
    a_message_id_with_bcc_in_it_is_no_fault
tap 'a Bcc field is a fault' a_bcc_field_is_a_fault
tap 'output in ASCII is no fault' output_that_is_not_utf_8_is_no_fault
tap 'a failure is told' a_failure_is_told
tap 'and nothing is left behind' nothing_is_left
tap 'an interrupt stops it and onehop' a_signal_stops_it INT 130
tap 'and nothing is left behind' nothing_is_left
tap 'so does TERM' a_signal_stops_it TERM 143
tap 'and nothing is left behind' nothing_is_left
tap_done
