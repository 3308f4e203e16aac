# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion for onehop in bash: source it, or install it as "onehop" in
# /usr/share/bash-completion/completions. Options and their values are asked
# from "onehop --help", so that they are always those of the program.

# The argument that the option takes, as --help has it: "on|off|auto".
_onehop_argument()
{
    "$1" --help 2>/dev/null | sed -n \
        -e "s/^.* $2[= ]\([^ ]*\) .*/\1/p" \
        -e "s/^ *$2, --[a-z_]*=\([^ ]*\) .*/\1/p" | head -n 1
}

# The accounts of the user's file.
_onehop_accounts()
{
    sed -n 's/^[[:blank:]]*account[[:blank:]]*\([^:[:blank:]]*\).*/\1/p' \
        "${XDG_CONFIG_HOME:-$HOME/.config}/onehop/config" 2>/dev/null
}

_onehop_values()
{
    local word=$3 argument

    case $2 in
    -a | --account)
        mapfile -t COMPREPLY < <(compgen -W "$(_onehop_accounts)" -- "$word")
        return
        ;;
    esac
    argument=$(_onehop_argument "$1" "$2")
    case $argument in
    *FILE*)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    *[a-z]*) # words in capitals stand for something else
        mapfile -t COMPREPLY < <(compgen -W \
            "$(tr '|' '\n' <<<"$argument" | grep -v '[[:upper:]]')" \
            -- "$word")
        ;;
    esac
}

_onehop()
{
    local command=$1 word=$2 before=$3

    # "=" parts words for bash: --tls=o is "--tls" "=" "o"
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$command" --help \
            2>/dev/null | sed -n \
            's/^ .* \{0,1\}\(--[a-z_]*=\{0,1\}\).*/\1/p')" -- "$word")
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
        return
    fi
    COMPREPLY=()
    _onehop_values "$command" "$before" "$word"
} &&
    complete -F _onehop onehop
