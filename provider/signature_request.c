/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/signature_request.h"

#include <stdatomic.h>
#include <stdlib.h>

struct ska_prepared {
    atomic_uint references;
    struct ska_request *request;
    struct ska_bytes text;
};

bool ska_prepared_new(struct ska_request *request, struct ska_prepared **prepared,
                      const struct ska_errors *errors)
{
    struct ska_prepared *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        ska_request_free(request);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
    }
    atomic_init(&made->references, 1);
    made->request = request;
    if (!ska_request_print(request, &made->text, errors)) {
        ska_prepared_free(made);
        return false;
    }
    *prepared = made;
    return true;
}

struct ska_prepared *ska_prepared_up_ref(struct ska_prepared *prepared)
{
    if (prepared != NULL)
        atomic_fetch_add_explicit(&prepared->references, 1, memory_order_relaxed);
    return prepared;
}

void ska_prepared_free(struct ska_prepared *prepared)
{
    if (prepared == NULL ||
        atomic_fetch_sub_explicit(&prepared->references, 1, memory_order_acq_rel) != 1)
        return;
    ska_request_free(prepared->request);
    ska_bytes_free(&prepared->text);
    free(prepared);
}

const struct ska_request *ska_prepared_request(const struct ska_prepared *prepared)
{
    return prepared->request;
}

const char *ska_prepared_text(const struct ska_prepared *prepared)
{
    return (const char *)prepared->text.data;
}
