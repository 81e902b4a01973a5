#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='libjwt'
packages='libjwt-dev gcc libc6-dev'
commands='gcc'
works=full
keys='www rsa ordinary ordinary_rsa'
configuration() {
    cat <<'END'
jwt_set_alg(jwt, JWT_ALG_ES256, text_of_www_pem, length);
END
}
prepare() {
    cat >sign.c <<'END'
#include <jwt.h>
#include <stdio.h>
#include <string.h>
static size_t text_of(const char *name, unsigned char *text) {
    FILE *file = fopen(name, "r");
    size_t length = file == NULL ? 0 : fread(text, 1, 9998, file);
    text[length] = 0;
    return length;
}
int main(int argc, char **argv) {
    static unsigned char text[9999];
    jwt_alg_t algorithm = argc > 3 && strcmp(argv[3], "RS256") == 0 ? JWT_ALG_RS256 : JWT_ALG_ES256;
    jwt_t *jwt = NULL;
    char *token = NULL;
    size_t length = text_of(argv[1], text);
    if (jwt_new(&jwt) != 0 || jwt_add_grant(jwt, "iss", "x") != 0 || jwt_set_alg(jwt, algorithm, text, (int)length) != 0 ||
        (token = jwt_encode_str(jwt)) == NULL)
        return 1;
    length = text_of(argv[2], text);
    return jwt_decode(&jwt, token, text, (int)length) == 0 ? 0 : 2;
}
END
    gcc sign.c -o sign -ljwt 2>/dev/null || skip 'no libjwt-dev'
}
play() {
    local algorithm=ES256
    [[ $1 != *rsa ]] || algorithm=RS256
    succeeds ours ./sign "$1.pem" "$1.pub.pem" $algorithm
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
