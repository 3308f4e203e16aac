# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Nobody has built this yet: it is written from Homebrew's documentation.
class Onehop < Formula
  desc "Submit one mail message to one SMTP smarthost"
  url "file:///onehop-0.1.0.tar.xz"
  license "GPL-3.0-or-later"

  depends_on "pkgconf" => :build
  depends_on "gnutls"
  depends_on "gsasl"
  depends_on "jansson"
  depends_on "libidn2"
  uses_from_macos "curl", since: :ventura

  def install
    system "./configure", "--prefix=#{prefix}", "--sysconfdir=#{etc}",
           "--with-apparmor-dir=no", "--with-systemd-user-unit-dir=no"
    system "make", "install"
  end

  test do
    assert_match "onehop #{version}", shell_output("#{bin}/onehop --version")
  end
end
