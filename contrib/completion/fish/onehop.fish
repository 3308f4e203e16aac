# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion for onehop in fish. Options and most values come from the program's
# --help.

function __onehop_accounts
    set -l directory $XDG_CONFIG_HOME
    test -n "$directory"; or set directory ~/.config
    sed -n 's/^[[:blank:]]*account[[:blank:]]*\([^:[:blank:]]*\).*/\1/p' \
        $directory/onehop/config 2>/dev/null
end

function __onehop_ids
    onehop --outbox list 2>/dev/null |
        string match -r -a '[0-9]{8}T[0-9]{6}Z-[0-9A-Za-z]+'
end

function __onehop_wants_id
    set -l words (commandline -opc)
    test (count $words) -ge 3
    and contains -- $words[-1] show retry remove
    and string match -q -- '--outbox*' $words[-2]
end

# The values of the option, one a line; "FILE" where files are wanted.
function __onehop_values --argument-names option argument
    switch $option
        case a account
            echo '(__onehop_accounts)'
            return
        case auth
            echo on off auto PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS \
                SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL GSSAPI OAUTHBEARER \
                XOAUTH2 CRAM-MD5 DIGEST-MD5 NTLM
            return
        case b
            echo m p s i
            return
        case B
            echo 7BIT 8BITMIME
            return
        case N dsn_notify
            echo never success failure delay
            return
        case outbox
            echo list show retry remove enable status on off first
            return
    end
    # Words in capitals stand for something else.
    string join ' ' (string split '|' -- $argument | string match -v -r '[A-Z]')
end

# _onehop_add COMMAND: one completion for each option of its --help
function __onehop_add --argument-names command
    $command --help 2>/dev/null | while read -l line
        set -l part (string match -r \
            '^ *(-[A-Za-z0-9]|)(?:, |)(--[a-z_]+|)[ =]?([^ ]*) +(.*)$' \
            -- $line)
        string match -q -r '^ *-' -- $line; or continue
        test (count $part) -eq 5; or continue
        for index in 2 3
            set -l name (string trim -l -c - -- $part[$index])
            test -n "$name"; or continue
            set -l names $name
            string match -q '*_*' -- $name
            and set -a names (string replace -a _ - -- $name)
            for spelling in $names
                set -l flags -l $spelling
                test $index -eq 2; and set flags -s $spelling
                if test -n "$part[4]"
                    set -l values (__onehop_values $name $part[4])
                    string match -q -r 'FILE|DIR' -- $part[4]
                    and set -a flags -r -F
                    or set -a flags -x
                    test -n "$values"; and set -a flags -a "$values"
                end
                complete -c $command $flags -d $part[5]
            end
        end
    end
end

for command in onehop onehop-token
    command -q $command; or continue
    complete -c $command -f
    __onehop_add $command
end
complete -c onehop -n __onehop_wants_id -f -a '(__onehop_ids)'
# By the names of sendmail another program may be installed.
for command in sendmail mailq
    set -l path (command -s $command)
    test -n "$path"; and test (basename (realpath $path)) = onehop
    and complete -c $command -w onehop
end
