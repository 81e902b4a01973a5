/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver has answered, by this user's own history: a broker takes an answer without a
 * trace that it would show to the approver, and may ask for the same again, by another id too; and
 * an answer that was sent in a file is in no place where it could be looked for.
 */
#ifndef SKA_TOOLS_OWN_ANSWERS_H
#define SKA_TOOLS_OWN_ANSWERS_H

#include "provider/request/request.h"
#include "tools/document_folder.h"
#include "tools/tool.h"

struct own_rejection;

/* Starts as {0}; free with own_rejections_clear(). */
struct own_rejections {
    struct own_rejection *list;
    size_t count;
    /* A sentence: the history, or a line of it, cannot be read, so there may be more; NULL: none.
     * It says which, and what to do. */
    char *unread;
};

/*
 * Those after which this key (SubjectPublicKeyInfo) has not approved the same. What cannot be read
 * is a warning, too; false: out of memory, raised.
 */
bool own_rejections_read(struct tool *tool, struct ska_span public_key,
                         struct own_rejections *rejections) SKA_MUST_CHECK;
void own_rejections_clear(struct own_rejections *rejections);

/* Whether the task with this id is among them. */
bool own_rejections_have_task(const struct own_rejections *rejections, const char *id);
/* What may have been rejected. */
struct own_subject {
    const struct ska_request *request;
    struct document_folder *folder;  /* NULL: none */
    const struct document *document; /* which it is about, found in the folder; NULL: none */
};
/*
 * When the same was rejected, by whatever id: the same operation with the same key, and payload or
 * document. A document that is at hand is the same by any digest of it, in any form that may be
 * signed. NULL: it was not; "" where memory is out, so that nothing is taken for new.
 */
const char *own_rejections_time(const struct own_rejections *rejections, struct tool *tool,
                                const struct own_subject *subject);

/* ---- One answer ------------------------------------------------------------------------------ */

struct own_answer {
    bool found;
    bool refused;
    uint64_t seconds; /* of when */
};

/*
 * The last one by this key to what goes by this id: the task's or the requester's, or the first
 * digits of these, or the broker's id of the request where that was known then. That the history,
 * or a line of it, cannot be read is a warning.
 */
void own_answer_find(OSSL_LIB_CTX *libctx, struct ska_span public_key, const char *given,
                     struct own_answer *answer);

#endif
