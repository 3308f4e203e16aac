#!/bin/sh
# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a test program of cmocka, whose releases before 1.1.6 call a test that
# was skipped "not ok".
#
# usage: run.sh PROGRAM [ARGUMENT...]
exec 3>&1
status=$({ {
    "$@" 4>&-
    echo $? >&4
} | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&3; } 4>&1)
exit "$status"
