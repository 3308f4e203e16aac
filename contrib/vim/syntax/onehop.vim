" SPDX-License-Identifier: GPL-3.0-or-later
" Vim syntax for onehop's config file, onehop-config(5).
if exists('b:current_syntax')
  finish
endif

syntax region onehopString start='\s\zs"' skip='\\["\\]' end='"' oneline
syntax keyword onehopSwitch on off auto contained
syntax match onehopNumber '\<\d\+\>' contained
syntax match onehopValue '\s.*$' contained
    \ contains=onehopComment,onehopString,onehopSwitch,onehopNumber

" A line that begins with no key is an error.
syntax match onehopStart '^' skipwhite nextgroup=@onehopWord
syntax cluster onehopWord contains=onehopSection,onehopKey,onehopVerbatim,
    \onehopObsolete,onehopUnknown,onehopComment
syntax match onehopUnknown '\S\+' contained
syntax match onehopComment '\(^\|\s\)\@<=#.*$' contained
syntax keyword onehopSection account defaults include contained
    \ nextgroup=onehopValue
syntax keyword onehopKey contained nextgroup=onehopValue
    \ host port srv_targets socket address_family source_ip proxy_host
    \ proxy_port proxy_type proxy_user timeout deadline
    \ protocol domain auth user password_credential ntlmdomain
    \ tls tls_starttls
    \ tls_trust tls_trust_file tls_crl_file tls_fingerprint tls_key_file
    \ tls_cert_file tls_certcheck tls_min_dh_prime_bits tls_priorities
    \ tls_host_override from from_full_name allow_from_override
    \ set_from_header set_date_header set_msgid_header set_to_header
    \ remove_bcc_headers dsn_return dsn_notify logfile
    \ logfile_time_format log_format syslog aliases local_domains
    \ auto_from maildomain
    \ partial_delivery pipelining auth_pipelining chunking require_tls
    \ dsn_strict mt_priority deliver_by hold_for hold_until mail_auth
    \ tempfail_exit sandbox outbox outbox_notify outbox_max_messages
    \ outbox_max_size outbox_patience outbox_first outbox_report
    \ relay_users relay_from

" The rest of the line as it is: "#" begins no comment in it.
syntax match onehopRest '\s.*$' contained
syntax keyword onehopVerbatim contained nextgroup=onehopRest
    \ eval password passwordeval proxy_password connect_command
    \ tls_key_passwordeval

" Of older msmtp.
syntax keyword onehopObsolete contained nextgroup=onehopValue
    \ connect_timeout undisclosed_recipients add_missing_from_header
    \ add_missing_date_header keepbcc tls_nocertcheck tls_nostarttls
    \ tls_force_sslv3 tls_resume

highlight default link onehopComment Comment
highlight default link onehopKey Keyword
highlight default link onehopNumber Number
highlight default link onehopObsolete WarningMsg
highlight default link onehopRest String
highlight default link onehopSection Structure
highlight default link onehopString String
highlight default link onehopSwitch Boolean
highlight default link onehopUnknown Error
highlight default link onehopVerbatim Keyword

let b:current_syntax = 'onehop'
