#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A web server whose key never leaves the HSM: server.py PORT."""
import http.server
import ssl
import sys

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
# www.pem is not a key but a reference to one, made by:
# skatool pem --key 'ska:token=web;object=www' -o www.pem
context.load_cert_chain("/etc/ska/www.crt", "/etc/ska/www.pem")


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = b"Hello\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Server(http.server.ThreadingHTTPServer):
    def finish_request(self, request, client_address):
        """In the thread of the connection, so that a slow client holds up nobody else."""
        with context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)


Server(("localhost", int(sys.argv[1])), Hello).serve_forever()
