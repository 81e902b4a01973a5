#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# vsftpd, whose handshakes are made by a process without rights in an empty root directory: with
# load = early it serves, with a PIN file of root's; without it says why not.
. "$(dirname "$0")/../lib.sh"
needs vsftpd
[ "$(id -u)" -eq 0 ] || skip 'vsftpd changes its root directory, which only root can'
authority
guarded_key www p256 server.json
chown root pin
chmod 600 pin

# The simulator is no HSM in the network: its files are in that directory, too, under the same path.
mkdir -p "empty${work%/*}"
ln -s / "empty$work"
ln -s / empty/empty
mv tokens empty/tokens
ln -s "$work/empty/tokens" tokens
sed -i "s|= .*/tokens|= $work/empty/tokens|" softhsm2.conf
cp softhsm2.conf skasim.cnf empty
touch empty/calls.log
rm -f calls.log
ln -s "$work/empty/calls.log" calls.log
hand_over empty/tokens empty/calls.log

port=$(free_port)
serve() {
    example vsftpd/vsftpd.conf | sed "s|^listen_port=.*|listen_port=$port|
        s|/var/run/vsftpd/empty|$work/empty|" >vsftpd.conf
    echo "nopriv_user=$user" >>vsftpd.conf
    start vsftpd.log vsftpd "$work/vsftpd.conf"
    vsftpd=$server
    serving "$port" vsftpd.log
}

configure "log = $work/failures.log" 'load = early'
serve
connects -starttls ftp -tls1_2
turn block www
refuses -starttls ftp
within 5 'the log does not say why' grep -q "key is blocked: .*'www'" failures.log
turn unblock www
connects -starttls ftp
stop "$vsftpd"

configure "log = $work/failures.log"
: >failures.log
serve
refuses -starttls ftp
within 5 'the log does not say why' grep -q 'cannot open shared object file' failures.log
stop "$vsftpd"
pass
