/* SPDX-License-Identifier: Apache-2.0 */
/* What the HSM's formats have as containers of elements: approval tokens and their kin. */
#include <stdio.h>
#include <string.h>

#include "provider/base/wire.h"
#include "provider/request/approval.h"
#include "provider/request/approver_signature.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_text.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"
#include "tools/show/wire_dump.h"

/* Approvers of a group in words; below them all elements stand. */
#define NAMED_MOST 64

/* ---- Lines ----------------------------------------------------------------------------------- */

/* The elements, indented below a heading. */
static void add_elements(struct ska_buffer *text, const char *heading, struct ska_span container)
{
    struct ska_buffer lines = {0};
    bool start = true;

    ska_buffer_format(text, "%s\n", heading);
    wire_dump(container, &lines);
    for (size_t i = 0; i < lines.length; i++) {
        if (start)
            ska_buffer_text(text, "    ");
        ska_buffer_add(text, &lines.data[i], 1);
        start = lines.data[i] == '\n';
    }
    text->failed = text->failed || lines.failed;
    ska_buffer_free(&lines);
}

void inspect_add_token(struct ska_buffer *text, struct ska_span token)
{
    char heading[80];

    snprintf(heading, sizeof(heading), "Approval token, %zu bytes: what approvers sign",
             token.length);
    add_elements(text, heading, token);
}

/* ---- Kinds ----------------------------------------------------------------------------------- */

/* Each reads its kind strictly, raises a fault, and adds what else is to be said of it. */

static bool read_token(struct tool *tool, struct ska_span encoded,
                       struct verification *verification, const struct ska_errors *errors)
{
    struct ska_approval_token token;

    (void)tool;
    (void)verification;
    return ska_approval_token_decode(encoded, &token, errors);
}

static bool read_timestamp(struct tool *tool, struct ska_span encoded,
                           struct verification *verification, const struct ska_errors *errors)
{
    struct ska_timestamp timestamp;

    (void)tool;
    (void)verification;
    return ska_timestamp_decode(encoded, &timestamp, errors);
}

/* Nothing vouches for it here. */
static void add_words(const struct ska_rule *rule, const char *name,
                      struct verification *verification)
{
    struct ska_buffer words = {0};

    ska_rule_text(rule, NAMED_MOST, &words);
    verify_add(verification, VERIFY_NOTHING, "%s: %s", name, ska_buffer_string(&words));
    ska_buffer_free(&words);
}

static bool read_rule(struct tool *tool, struct ska_span encoded, struct verification *verification,
                      const struct ska_errors *errors)
{
    struct ska_rule rule;

    (void)tool;
    if (!ska_rule_decode(encoded, &rule, errors))
        return false;
    add_words(&rule, "rule", verification);
    ska_rule_clear(&rule);
    return true;
}

/* Those of its rules that only the device can read are no fault. */
static bool read_modify(struct tool *tool, struct ska_span encoded,
                        struct verification *verification, const struct ska_errors *errors)
{
    struct ska_modify modify;

    if (!ska_modify_decode(encoded, &modify, errors))
        return false;
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_rule rule;

        if (modify.rules[i].data == NULL || !ska_rule_decode(modify.rules[i], &rule, NULL))
            continue;
        add_words(&rule, ska_rule_names[i], verification);
        ska_rule_clear(&rule);
    }
    (void)tool;
    return true;
}

/* The parts of a serialized approval, in their order; false: something else is there. */
static bool take_approval(struct ska_span encoded, struct ska_span *token,
                          struct ska_span *signature, struct ska_approver *approver)
{
    struct ska_wire_reader reader;
    struct ska_span signer;

    if (!ska_wire_open(&reader, encoded) ||
        !ska_wire_take(&reader, SKA_WIRE_APPROVAL_TOKEN, token) ||
        !ska_wire_take(&reader, SKA_WIRE_SIGNATURE, signature))
        return false;
    approver->type = SKA_APPROVER_PUBLIC_KEY;
    if (!ska_wire_take(&reader, SKA_WIRE_PUBLIC_KEY, &signer)) {
        approver->type = SKA_APPROVER_CERTIFICATE;
        if (!ska_wire_take(&reader, SKA_WIRE_CERTIFICATE, &signer))
            return false;
    }
    return ska_wire_at_end(&reader) && ska_bytes_copy(&approver->data, signer, NULL);
}

static bool is_signed(OSSL_LIB_CTX *libctx, struct ska_span token, struct ska_span signature,
                      struct ska_approver *approver)
{
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;
    bool valid = ska_signature_from_der(signature, &digest, &plain, NULL) &&
                 ska_signature_verify(libctx, ska_span_of(&approver->public_key), digest,
                                      ska_span_of(&plain), token);

    ska_bytes_free(&plain);
    return valid;
}

static bool read_approval(struct tool *tool, struct ska_span encoded,
                          struct verification *verification, const struct ska_errors *errors)
{
    struct ska_approver approver = {.type = SKA_APPROVER_PUBLIC_KEY};
    struct ska_approval_token decoded;
    struct ska_span token = {NULL, 0};
    struct ska_span signature = {NULL, 0};
    bool done = take_approval(encoded, &token, &signature, &approver) ||
                ska_fail(errors, SKA_R_BAD_TOKEN,
                         "serialized approval: it is not token, signature, and key or certificate");

    done = done && ska_approver_identify(&approver, errors) &&
           ska_approval_token_decode(token, &decoded, errors);
    if (done && is_signed(tool->libctx, token, signature, &approver))
        verify_add(verification, VERIFY_OK, "signature: over the approval token in it");
    else if (done)
        verify_add(verification, VERIFY_WRONG, "signature: NOT over the approval token in it");
    ska_bytes_free(&approver.data);
    ska_bytes_free(&approver.public_key);
    return done;
}

#define MOST_ELEMENTS 12

/* By what their first element is; the others are those that may stand in them. */
static const struct kind {
    const char *name; /* "Approval token, 80 bytes: what approvers sign" */
    const char *what;
    bool (*read)(struct tool *tool, struct ska_span encoded, struct verification *verification,
                 const struct ska_errors *errors);
    uint16_t first[4];
    uint16_t elements[MOST_ELEMENTS];
} kinds[] = {
    {"Approval token",
     "what approvers sign",
     read_token,
     {SKA_WIRE_OPERATION},
     {SKA_WIRE_OPERATION, SKA_WIRE_NAME, SKA_WIRE_TIMESTAMP, SKA_WIRE_SIGNATURE,
      SKA_WIRE_USAGE_PAYLOAD, SKA_WIRE_MODIFY_PAYLOAD}},
    {"Rule",
     "who must agree, as the HSM keeps it",
     read_rule,
     {SKA_WIRE_TOKEN_COUNT},
     {SKA_WIRE_TOKEN_COUNT, SKA_WIRE_NAME, SKA_WIRE_MINUTES, SKA_WIRE_SECONDS, SKA_WIRE_SIM_SECONDS,
      SKA_WIRE_GROUP_COUNT, SKA_WIRE_QUORUM, SKA_WIRE_APPROVER_COUNT, SKA_WIRE_PUBLIC_KEY,
      SKA_WIRE_CERTIFICATE, SKA_WIRE_SIM_CERTIFICATE}},
    {"Modify payload",
     "the new rules of a key",
     read_modify,
     {SKA_WIRE_RULE_USE, SKA_WIRE_RULE_BLOCK, SKA_WIRE_RULE_UNBLOCK, SKA_WIRE_RULE_MODIFY},
     {SKA_WIRE_RULE_USE, SKA_WIRE_RULE_BLOCK, SKA_WIRE_RULE_UNBLOCK, SKA_WIRE_RULE_MODIFY}},
    {"Timestamp",
     "the HSM's time over a payload; its signature is not in it",
     read_timestamp,
     {SKA_WIRE_USAGE_PAYLOAD, SKA_WIRE_MODIFY_PAYLOAD},
     {SKA_WIRE_USAGE_PAYLOAD, SKA_WIRE_MODIFY_PAYLOAD, SKA_WIRE_TIME, SKA_WIRE_NAME}},
    {"Serialized approval",
     "an approval token, and an approver's signature over it",
     read_approval,
     {SKA_WIRE_APPROVAL_TOKEN},
     {SKA_WIRE_APPROVAL_TOKEN, SKA_WIRE_SIGNATURE, SKA_WIRE_PUBLIC_KEY, SKA_WIRE_CERTIFICATE}},
};

static bool is_among(uint16_t type, const uint16_t *types, size_t count)
{
    for (size_t i = 0; i < count && types[i] != 0; i++)
        if (types[i] == type)
            return true;
    return false;
}

/* What begins like nothing that is known is taken for a token, with what is wrong with it. */
static const struct kind *find_kind(struct ska_span encoded)
{
    struct ska_wire_reader reader;

    for (size_t i = 0; ska_wire_open(&reader, encoded) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (is_among(ska_wire_peek(&reader), kinds[i].first, 4))
            return &kinds[i];
    return &kinds[0];
}

static bool has_unknown_elements(const struct kind *kind, struct ska_span encoded)
{
    struct ska_wire_reader reader = {NULL, NULL};
    struct ska_wire_element element = {0, {NULL, 0}};

    if (!ska_wire_well_formed(encoded) || !ska_wire_open(&reader, encoded))
        return false;
    while (!ska_wire_at_end(&reader) && ska_wire_next(&reader, &element))
        if (!is_among(element.type, kind->elements, MOST_ELEMENTS))
            return true;
    return false;
}

bool inspect_has_unknown_elements(struct ska_span token)
{
    return has_unknown_elements(&kinds[0], token);
}

/* ---- A file of one --------------------------------------------------------------------------- */

/* The header says the length. */
static bool is_framed(struct ska_span encoded)
{
    uint64_t length = 0;

    if (encoded.length < 4)
        return false;
    for (int i = 3; i >= 0; i--)
        length = length << 8 | encoded.data[i];
    return length == encoded.length - 4;
}

static bool print_container(struct tool *tool, const struct kind *kind, struct ska_span encoded)
{
    struct ska_buffer text = {0};
    char heading[120];

    snprintf(heading, sizeof(heading), "%s, %zu bytes: %s", kind->name, encoded.length, kind->what);
    add_elements(&text, heading, encoded);
    return text_print(&text, &tool->errors);
}

bool inspect_container(struct tool *tool, struct ska_span encoded, const char *shown)
{
    struct verification verification = {.libctx = tool->libctx};
    const struct kind *kind = find_kind(encoded);
    bool tolerated = has_unknown_elements(kind, encoded);
    bool done = false;

    /* What is not even framed like one may be a secret that somebody named by mistake. */
    if (!is_framed(encoded))
        return ska_fail(&tool->errors, SKA_R_BAD_TOKEN,
                        "%s: no request, approval, approval token, rule, key reference or folder "
                        "of evidence",
                        shown);
    if (!print_container(tool, kind, encoded))
        return false;
    done = kind->read(tool, encoded, &verification, tolerated ? NULL : &tool->errors);
    if (done && verification.text.length > 0)
        done = verify_conclude(tool, &verification, SKA_R_BAD_SIGNATURE, shown);
    else if (!done && tolerated)
        report_note("%s: has elements that this version does not know; nothing was verified",
                    shown);
    verify_clear(&verification);
    return done || tolerated;
}
