/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many_requests TEMPLATE DIRECTORY COUNT: as many requests as if so many documents were to be
 * signed, "Document 1", "Document 2", ..., each with a digest of SHA-256; all else is as in the
 * request TEMPLATE, which has no timestamp.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/request/approval_token.h"
#include "provider/request/request.h"

#define DIGEST_LENGTH 32

/* The one that the template has, without another digest in it. */
static bool make_request(struct ska_request *request, size_t number)
{
    struct ska_approval_token token = {.operation = SKA_OPERATION_SIGN, .has_payload = true};
    char document[64];
    int length = snprintf(document, sizeof(document), "Document %zu\n", number);

    if (request->payload.length != DIGEST_LENGTH || request->digest_value.length != DIGEST_LENGTH ||
        EVP_Q_digest(NULL, "SHA256", NULL, document, (size_t)length, request->payload.data, NULL) !=
            1)
        return false;
    memcpy(request->digest_value.data, request->payload.data, DIGEST_LENGTH);
    token.key_name = ska_span_text(request->key_label);
    token.payload = ska_span_of(&request->payload);
    ska_bytes_free(&request->approval_token);
    return ska_approval_token_encode(&token, &request->approval_token, NULL) &&
           ska_request_identify(request, NULL, NULL);
}

static bool write_request(const struct ska_request *request, const char *directory)
{
    struct ska_bytes text = {NULL, 0};
    char path[4096];
    FILE *file = NULL;
    bool done = ska_request_print(request, &text, NULL);

    snprintf(path, sizeof(path), "%s/%s.request.json", directory, request->id);
    file = done ? fopen(path, "wx") : NULL;
    done = file != NULL && fwrite(text.data, 1, text.length, file) == text.length;
    if (file != NULL)
        done = fclose(file) == 0 && done;
    ska_bytes_free(&text);
    return done;
}

int main(int argc, char **argv)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_request *request = NULL;
    size_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    bool done = count > 0 && ska_file_read(argv[1], SKA_JSON_LIMIT, &text, NULL) &&
                ska_request_parse(ska_span_of(&text), argv[1], &request, NULL);

    for (size_t i = 1; done && i <= count; i++)
        done = make_request(request, i) && write_request(request, argv[2]);
    ska_request_free(request);
    ska_bytes_free(&text);
    return done ? 0 : 1;
}
