/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/same_document.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/request/signed_content.h"
#include "provider/rule/window.h"

/* So many requests are looked at: nobody waits long only to be told this. */
#define LOOK_MOST 1000

/* Empty: what is signed is no document's digest. */
static struct ska_span document_digest(const struct ska_request *request)
{
    struct ska_span content = ska_span_of(&request->signed_content);
    struct ska_span digest = {NULL, 0};

    if (request->operation != SKA_OPERATION_SIGN)
        return digest;
    if (content.length == 0 && request->digest == SKA_DIGEST_NONE)
        content = ska_span_of(&request->payload);
    if (content.length > 0 && ska_content_document_digest(content, &digest))
        return digest;
    return ska_span_of(&request->digest_value);
}

static bool is_expired(const struct ska_request *request)
{
    char now[32];

    return request->not_after != NULL &&
           strcmp(request->not_after, ska_time_text((uint64_t)time(NULL), now)) < 0;
}

static bool is_of_same_document(const struct ska_request *other, const struct ska_request *request)
{
    struct ska_span digest = document_digest(request);

    return strcmp(other->id, request->id) != 0 && !is_expired(other) &&
           ska_span_equal(ska_span_of(&other->public_key), ska_span_of(&request->public_key)) &&
           strcmp(other->key_label, request->key_label) == 0 &&
           ska_span_equal(document_digest(other), digest);
}

static bool look_at(const struct ska_directory *directory, const char *id,
                    const struct ska_request *request)
{
    struct ska_request *other = NULL;
    uid_t owner = 0;
    bool same = false;

    if (!ska_directory_read(directory, id, &other, &owner, NULL))
        return false;
    same = owner == geteuid() && is_of_same_document(other, request);
    ska_request_free(other);
    return same;
}

bool ska_find_same_document(const struct ska_directory *directory,
                            const struct ska_request *request, char id[SKA_REQUEST_ID_LENGTH + 1])
{
    struct ska_directory_names names = {NULL, 0};
    size_t looked = 0;
    bool found = false;

    if (document_digest(request).length == 0 || !ska_directory_list(directory, &names, NULL))
        return false;
    for (size_t i = 0; i < names.count && looked < LOOK_MOST && !found; i++) {
        if (ska_file_kind_of(names.names[i]) != SKA_FILE_REQUEST)
            continue;
        memcpy(id, names.names[i], SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        looked++;
        found = look_at(directory, id, request);
    }
    ska_directory_names_free(&names);
    return found;
}

void ska_same_document_text(const struct ska_directory *directory,
                            const struct ska_request *request, struct ska_buffer *text)
{
    char id[SKA_REQUEST_ID_LENGTH + 1];

    if (ska_find_same_document(directory, request, id))
        ska_buffer_format(text,
                          "; request %.16s is open for the same document and key, too; skatool "
                          "withdraw --dir %s %.16s ends it if it is not wanted",
                          id, ska_directory_path(directory), id);
}
