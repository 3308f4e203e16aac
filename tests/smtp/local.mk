# SPDX-License-Identifier: GPL-3.0-or-later
# Conversations: the file name is the behaviour, the dialogue is the test.
CONVERSATIONS = \
	tests/smtp/a-221-after-the-dot-may-have-delivered.conv \
	tests/smtp/a-235-before-scram-is-over-is-not-believed.conv \
	tests/smtp/a-250-in-place-of-354-sends-nothing.conv \
	tests/smtp/a-250-that-comes-with-the-354-is-not-the-verdict.conv \
	tests/smtp/a-354-after-all-recipients-were-refused-gets-no-content.conv \
	tests/smtp/a-500-to-a-pipelined-rcpt-is-not-about-the-recipient.conv \
	tests/smtp/a-530-without-a-user-asks-for-one.conv \
	tests/smtp/a-534-that-wants-an-app-password-says-so.conv \
	tests/smtp/a-550-that-takes-no-passwords-says-so.conv \
	tests/smtp/a-certificate-for-another-name-is-refused-before-ehlo.conv \
	tests/smtp/a-challenge-that-is-not-base64-is-cancelled.conv \
	tests/smtp/a-connection-lost-after-the-dot-may-have-delivered.conv \
	tests/smtp/a-failed-auth-that-left-the-session-in-order-ends-with-quit.conv \
	tests/smtp/a-fragment-after-the-reply-to-starttls-is-an-attack.conv \
	tests/smtp/a-greeting-of-221-is-no-greeting.conv \
	tests/smtp/a-greeting-of-421-is-temporary.conv \
	tests/smtp/a-greeting-of-554-is-a-refusal.conv \
	tests/smtp/a-greeting-of-several-lines-is-one-greeting.conv \
	tests/smtp/a-hold-longer-than-the-server-grants-is-refused.conv \
	tests/smtp/a-hold-that-is-not-offered-sends-nothing-now.conv \
	tests/smtp/a-long-initial-response-is-sent-in-two-steps.conv \
	tests/smtp/a-message-larger-than-the-limit-is-not-begun.conv \
	tests/smtp/a-message-refused-by-421-is-75.conv \
	tests/smtp/a-message-refused-by-451-is-75.conv \
	tests/smtp/a-message-refused-by-552-is-65.conv \
	tests/smtp/a-message-refused-by-554-is-69.conv \
	tests/smtp/a-message-without-auth-needs-two-flights-after-ehlo.conv \
	tests/smtp/a-recipient-refused-for-now-is-temporary.conv \
	tests/smtp/a-refused-null-sender-names-allow-from-override.conv \
	tests/smtp/a-refused-quit-changes-nothing.conv \
	tests/smtp/a-refused-sender-is-told-in-the-servers-words.conv \
	tests/smtp/a-reply-after-the-one-to-starttls-is-an-attack.conv \
	tests/smtp/a-sender-that-is-not-owned-is-told.conv \
	tests/smtp/a-temporary-auth-failure-is-not-a-wrong-password.conv \
	tests/smtp/a-time-to-hold-until-is-passed-on.conv \
	tests/smtp/a-wrong-password-is-told-with-its-source.conv \
	tests/smtp/an-auth-that-needs-encryption-is-not-a-wrong-password.conv \
	tests/smtp/an-ehlo-name-that-is-refused-names-domain.conv \
	tests/smtp/an-unfinished-250-after-the-dot-is-no-acceptance.conv \
	tests/smtp/an-unfinished-550-after-the-dot-is-no-refusal.conv \
	tests/smtp/auth-configured-but-not-offered-is-refused.conv \
	tests/smtp/auth-login-takes-its-own-round-trips.conv \
	tests/smtp/auth-mail-rcpt-and-data-share-one-flight.conv \
	tests/smtp/auth-offered-before-tls-waits-for-tls.conv \
	tests/smtp/auth-on-prefers-scram-to-plain.conv \
	tests/smtp/auth-pipelining-off-gives-auth-a-flight-of-its-own.conv \
	tests/smtp/bcc-fields-do-not-reach-the-wire.conv \
	tests/smtp/bdat-refused-is-a-refusal-of-the-message.conv \
	tests/smtp/chunking-is-not-used-unless-it-is-asked-for.conv \
	tests/smtp/chunking-on-sends-the-content-by-bdat.conv \
	tests/smtp/control-characters-of-the-server-are-escaped.conv \
	tests/smtp/data-accepted-after-a-failed-auth-gets-no-dot.conv \
	tests/smtp/data-refused-is-69.conv \
	tests/smtp/dots-at-line-beginnings-are-doubled.conv \
	tests/smtp/dsn-is-asked-for-where-it-is-offered.conv \
	tests/smtp/dsn-strict-fails-where-dsn-is-not-offered.conv \
	tests/smtp/dsn-that-is-not-offered-is-left-out.conv \
	tests/smtp/eight-bit-content-is-declared-where-8bitmime-is-offered.conv \
	tests/smtp/helo-is-not-tried-where-auth-is-wanted.conv \
	tests/smtp/helo-is-not-tried-where-tls-is-wanted.conv \
	tests/smtp/helo-is-tried-where-neither-tls-nor-auth-is-wanted.conv \
	tests/smtp/keywords-of-ehlo-count-in-any-case.conv \
	tests/smtp/lmtp-answers-for-each-recipient.conv \
	tests/smtp/mail-auth-names-who-submitted-first.conv \
	tests/smtp/mail-refused-again-in-step-is-final.conv \
	tests/smtp/mail-refused-by-503-after-auth-is-sent-again-in-step.conv \
	tests/smtp/mail-refused-by-530-after-auth-is-sent-again-in-step.conv \
	tests/smtp/mailmax-leaves-the-rest-for-another-day.conv \
	tests/smtp/more-recipients-than-rcptmax-are-refused-as-one.conv \
	tests/smtp/no-common-mechanism-names-what-the-server-has.conv \
	tests/smtp/nonsense-after-the-dot-may-have-delivered.conv \
	tests/smtp/one-refused-recipient-in-step-stops-before-data.conv \
	tests/smtp/one-refused-recipient-means-nobody-gets-it.conv \
	tests/smtp/pipelining-off-is-obeyed-although-the-server-offers-it.conv \
	tests/smtp/plain-text-between-tls-records-is-refused.conv \
	tests/smtp/priority-deadline-and-hold-are-asked-for.conv \
	tests/smtp/replies-251-and-252-accept-a-recipient.conv \
	tests/smtp/require-tls-is-asked-for-where-it-is-offered.conv \
	tests/smtp/require-tls-is-not-given-up-silently.conv \
	tests/smtp/require-tls-without-tls-is-refused.conv \
	tests/smtp/rmqs-asks-the-server-to-flush-its-queue.conv \
	tests/smtp/seven-bit-content-is-not-declared-8bitmime.conv \
	tests/smtp/sigterm-before-the-content-kills-and-nothing-is-sent.conv \
	tests/smtp/silence-after-auth-in-one-packet-names-auth-pipelining.conv \
	tests/smtp/smtputf8-is-asked-for-when-an-address-needs-it.conv \
	tests/smtp/smtputf8-needed-but-not-offered-is-65.conv \
	tests/smtp/starttls-is-followed-by-a-second-ehlo.conv \
	tests/smtp/starttls-refused-for-good-is-fatal.conv \
	tests/smtp/starttls-refused-for-now-is-temporary.conv \
	tests/smtp/starttls-that-is-not-offered-is-fatal.conv \
	tests/smtp/the-null-sender-is-an-empty-path.conv \
	tests/smtp/the-reply-to-quit-is-not-waited-for.conv \
	tests/smtp/the-server-that-waits-for-tls-gets-a-hint.conv \
	tests/smtp/the-size-is-declared-where-size-is-offered.conv \
	tests/smtp/what-was-offered-before-tls-is-forgotten.conv \
	tests/smtp/with-partial-delivery-nothing-follows-a-refused-auth.conv \
	tests/smtp/with-partial-delivery-rcptmax-splits-the-recipients.conv \
	tests/smtp/with-partial-delivery-the-accepted-get-it.conv \
	tests/smtp/with-partial-delivery-too-many-recipients-go-in-a-second-transaction.conv \
	tests/smtp/without-partial-delivery-too-many-recipients-is-temporary.conv \
	tests/smtp/without-pipelining-each-command-waits.conv
TEST_EXTENSIONS += .conv
CONV_LOG_DRIVER = $(LOG_DRIVER)
CONV_LOG_COMPILER = $(RUN_PYTHON) $(top_srcdir)/tests/smtp/play.py
EXTRA_DIST += $(CONVERSATIONS) tests/smtp/play.py \
	tests/lib/certs.py tests/lib/onehop.py tests/lib/smtpserver.py
TESTS += $(CONVERSATIONS) tests/smtp/outcomes.py \
	tests/smtp/endless.py \
	tests/smtp/waiting.py
