#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gets a page and shows a certificate whose key never leaves the HSM: client.py URL."""
import ssl
import sys
import urllib.request

context = ssl.create_default_context(cafile="/etc/ska/ca.crt")
# client.pem is not a key but a reference to one, made by:
# skatool pem --key 'ska:token=web;object=client' -o client.pem
context.load_cert_chain("/etc/ska/client.crt", "/etc/ska/client.pem")

with urllib.request.urlopen(sys.argv[1], context=context) as answer:
    sys.stdout.write(answer.read().decode())
