/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/meta_data.h"

#include "provider/base/json.h"

static bool add_requester(cJSON *json, const struct ska_request *draft)
{
    cJSON *requester = cJSON_AddObjectToObject(json, "requester");

    return requester != NULL &&
           cJSON_AddNumberToObject(requester, "uid", (double)draft->requester_uid) != NULL &&
           ska_json_add_text(requester, "host", draft->requester_host) &&
           ska_json_add_text(requester, "program", draft->requester_program);
}

/* The digest of what is signed, as people compare it. */
static bool add_digest(cJSON *json, const struct ska_request *draft)
{
    cJSON *digest = NULL;

    if (draft->digest_value.length == 0)
        return true;
    digest = cJSON_AddObjectToObject(json, "digest");
    return digest != NULL &&
           ska_json_add_text(digest, "algorithm", ska_digest_name(draft->digest)) &&
           ska_json_add_hex(digest, "value", ska_span_of(&draft->digest_value));
}

static bool add_meta_members(cJSON *json, const struct ska_request *draft)
{
    struct ska_span content = ska_span_of(&draft->signed_content);

    return ska_json_add_text(json, "app", "ska-provider") &&
           ska_json_add_text(json, "time", draft->created) &&
           ska_json_add_text(json, "description", draft->description) && add_digest(json, draft) &&
           add_requester(json, draft) &&
           (content.length == 0 || content.length > SKA_META_CONTENT_LIMIT ||
            ska_json_add_base64(json, "signedContent", content));
}

bool ska_meta_data_make(const struct ska_request *draft, struct ska_bytes *text,
                        const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    bool done = (json != NULL && add_meta_members(json, draft)) ||
                ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");

    done = done && ska_json_print_line(json, text, errors);
    cJSON_Delete(json);
    return done;
}
