#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Where the config file is looked for, and which one is refused.
. "${top_srcdir:-.}/tests/lib/cli.sh"
echo hello >"$scratch/message"

# finds HOST COMMAND...: --pretend shows the config with that host
finds()
{
    host=$1
    shift
    exits 0 "$@" -P bob@example.net <"$scratch/message" && shows "host $host"
}

# fails WORDS COMMAND...: 78 in one line that has the words
fails()
{
    words=$1
    shift
    exits 78 "$@" -P bob@example.net <"$scratch/message" && is_one_line &&
        says "$words"
}

no_config_names_the_places()
{
    fails "$config" "$onehop"
}

# write_file PATH HOST: a config file
write_file()
{
    mkdir -p "$(dirname "$1")"
    printf 'host %s\nfrom a@example.org\n' "$2" >"$1"
    chmod 600 "$1"
}

in_an_xdg_directory()
{
    write_file "$scratch/xdg/onehop/config" xdg.example
    finds xdg.example env XDG_CONFIG_HOME="$scratch/xdg" "$onehop"
}

# As sudo and cron leave it: HOME is / or unset, or not a path.
without_a_usable_home()
{
    for home in / relative ''; do
        exits 78 env HOME="$home" "$onehop" -P bob@example.net \
            <"$scratch/message"
        grep -F -e ' /.config/' -e 'relative/' "$scratch/stderr" && return 1
    done
    return 0
}

a_relative_xdg_directory_does_not_count()
{
    finds home.example env XDG_CONFIG_HOME=relative "$onehop" &&
        finds home.example env XDG_CONFIG_HOME= "$onehop"
}

overrides_a_key()
{
    finds home.example "$onehop" --port=2525 && shows 'port 2525'
}

every_error_is_told_with_its_line()
{
    printf 'host x.example\nprot 25\ntls maybe\n' | write_config
    exits 78 "$onehop" -P bob@example.net <"$scratch/message" &&
        says "config:2: " 'did you mean "port"?' "config:3: " maybe
}

a_secret_for_everyone_is_refused()
{
    printf 'host x.example\nfrom a@x.org\nauth plain\nuser a\n%s\n' \
        'password sesame' | write_config
    finds x.example "$onehop" || return 1
    for mode in 640 604 660 620; do
        chmod "$mode" "$config"
        fails 'only its owner' "$onehop" || fails 'owner alone' "$onehop" ||
            return 1
        ! grep sesame "$scratch/stderr" || return 1
    done
}

a_file_without_secret_may_be_read()
{
    write_file "$config" home.example
    chmod 644 "$config"
    finds home.example "$onehop"
}

a_file_of_another_user_is_refused()
{
    chown nobody "$config" || return
    fails 'not of user' "$onehop"
    result=$?
    chown 0 "$config"
    return "$result"
}

# link_is_refused LINK: as on a disk that is not mounted; another file may lead
# elsewhere.
link_is_refused()
{
    mkdir -p "$scratch/links/.config/onehop" "$scratch/links/.config/msmtp"
    echo 'host other.example' >"$scratch/links/.config/msmtp/config"
    rm -rf "$scratch/links/$1"
    ln -s "$scratch/nowhere" "$scratch/links/$1"
    fails 'is a link to a file that does not exist' \
        env HOME="$scratch/links" "$onehop"
    result=$?
    rm -rf "$scratch/links"
    return "$result"
}

a_directory_is_no_config()
{
    fails "$HOME" "$onehop" -C "$HOME"
}

a_nul_is_refused()
{
    printf 'host x.example\n\000\n' >"$config"
    fails 'config:2: ' "$onehop"
}

a_huge_file_is_refused()
{
    head -c 1100000 /dev/zero | tr '\0' '#' >"$config"
    fails "$config" "$onehop"
}

no_secret_is_shown()
{
    printf 'host x.example\nfrom a@x.org\nauth plain\nuser a\n%s\n' \
        'password sesame' | write_config
    finds x.example "$onehop" && shows 'password ***' &&
        ! grep sesame "$scratch/stdout" "$scratch/stderr"
}

pretend_shows_the_message_as_it_would_go()
{
    printf 'From: a@x.org\nTo: bob@example.net\nBcc: eve@example.net\n\n.x\n' |
        exits 0 "$onehop" -P -t &&
        shows 'envelope from <a@x.org>' 'envelope to <bob@example.net>' \
            'envelope to <eve@example.net>' 'Message-ID: <' 'Date: ' '.x' &&
        ! grep -i '^bcc' "$scratch/stdout"
}

# follows LINE OTHER: OTHER comes right after LINE in what was shown
follows()
{
    grep -A1 -Fx -- "$1" "$scratch/stdout" | grep -Fqx -- "$2"
}

pretend_tells_where_each_value_comes_from()
{
    directory=$(dirname "$config")
    printf 'defaults\ntimeout 9\naccount p\nhost p.example\nport 465\n' \
        >"$directory/parent"
    printf 'account a : p\nuser u\ndomain d\n' >>"$directory/parent"
    printf 'include parent\naccount default : a\nfrom a@x.example\n' \
        >"$config"
    exits 0 "$onehop" -P --domain=x.example bob@example.net \
        <"$scratch/message" &&
        follows '# ~/.config/onehop/parent:2' 'timeout 9' &&
        follows '# ~/.config/onehop/parent:4' 'host p.example' &&
        follows '# ~/.config/onehop/parent:7' 'user u' &&
        follows '# ~/.config/onehop/config:3' 'from a@x.example' &&
        follows '# the command line' 'domain x.example' &&
        follows '# rule: off with port 465, else on' 'tls_starttls off' &&
        follows '# rule: on if there is a user' 'auth on' &&
        follows '# default' 'address_family any'
}

tap 'without a config: 78, and where it would be' no_config_names_the_places
write_file "$config" home.example
tap "the user's" finds home.example "$onehop"
tap 'XDG_CONFIG_HOME comes first' in_an_xdg_directory
tap 'one that is no absolute path does not count' \
    a_relative_xdg_directory_does_not_count
tap '-C comes before both' finds home.example env HOME=/ "$onehop" -C "$config"
tap 'a key on the command line comes last' overrides_a_key
tap '--host means that no file counts' \
    finds other.example "$onehop" --host=other.example --maildomain=x.org
tap 'an unusable HOME is not used' without_a_usable_home
tap 'each error with file and line' every_error_is_told_with_its_line
tap 'a secret that others may read: 78' a_secret_for_everyone_is_refused
tap 'a file without secret may be read' a_file_without_secret_may_be_read
if [ "$(id -u)" -eq 0 ]; then
    write_file "$config" home.example
    tap "another user's file: 78" a_file_of_another_user_is_refused
else
    tap_skip "another user's file: 78" 'needs root'
fi
for link in .config/onehop/config .config/onehop .config .msmtprc; do
    tap "$link, a link to nothing: 78" link_is_refused "$link"
done
tap 'a directory: 78' a_directory_is_no_config
tap 'a NUL: 78 with its line' a_nul_is_refused
tap 'more than 1 MiB: 78' a_huge_file_is_refused
tap '--pretend shows no secret' no_secret_is_shown
tap '--pretend shows the message as it would go' \
    pretend_shows_the_message_as_it_would_go
tap '--pretend tells where each value comes from' \
    pretend_tells_where_each_value_comes_from
tap_done
