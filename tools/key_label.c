/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key_label.h"

#include <stdlib.h>
#include <string.h>

#include "provider/hsm/uri.h"
#include "tools/options.h"

/* Whether there is nothing else in it; *written receives what it would be then. */
static bool is_label_only(const struct hsm_uri *uri, char **written)
{
    char *whole = hsm_uri_write(uri);
    bool only = false;

    *written = hsm_uri_format(NULL, ska_span_of(&uri->object), ska_span(NULL, 0), uri->type);
    only = whole != NULL && *written != NULL && strcmp(whole, *written) == 0 &&
           (uri->type == HSM_OBJECT_ANY || uri->type == HSM_OBJECT_PRIVATE) && uri->pin == NULL &&
           uri->ignored == NULL;
    free(whole);
    return only;
}

/* A label of a request is text without a NUL. */
static bool has_label(const struct hsm_uri *uri)
{
    return uri->object.length > 0 && memchr(uri->object.data, 0, uri->object.length) == NULL;
}

static bool check_label(struct tool *tool, const struct hsm_uri *uri)
{
    char *written = NULL;
    bool done = has_label(uri);

    if (!done)
        return options_wrong(tool, "--key: the URI has no label of a key (object=)");
    done = is_label_only(uri, &written) ||
           options_wrong(tool,
                         "--key: an approval is bound to the label of a key, and nothing else of "
                         "this URI could be compared: leave out everything but the label, as in %s",
                         written == NULL ? "ska:object=LABEL" : written);
    free(written);
    return done;
}

bool key_label_take(struct tool *tool, const char **key, char **owned)
{
    struct hsm_uri *uri = NULL;
    bool done = false;

    *owned = NULL;
    if (*key == NULL || !hsm_uri_is_ours(*key))
        return true;
    if (!hsm_uri_parse(*key, &uri, &tool->errors))
        return false;
    done = check_label(tool, uri);
    if (done) {
        *owned = strdup((const char *)uri->object.data);
        *key = *owned;
        done = *owned != NULL || ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a label");
    }
    hsm_uri_free(uri);
    return done;
}
