# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Nobody has built this yet: it is written from the manual of Nixpkgs.
{ pkgs ? import <nixpkgs> { } }:
pkgs.stdenv.mkDerivation {
  pname = "onehop";
  version = "0.1.0";
  src = pkgs.lib.cleanSource ../..;
  nativeBuildInputs = [ pkgs.autoreconfHook pkgs.pkg-config ];
  buildInputs = [
    pkgs.curl
    pkgs.gnutls
    pkgs.gsasl
    pkgs.jansson
    pkgs.libidn2
  ];
  configureFlags = [
    "--sysconfdir=/etc"
    "--with-apparmor-dir=no"
  ];
  meta = {
    description = "Submit one mail message to one SMTP smarthost";
    license = pkgs.lib.licenses.gpl3Plus;
    mainProgram = "onehop";
  };
}
