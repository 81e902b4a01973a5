/* SPDX-License-Identifier: Apache-2.0 */
/* Approval tokens, as approvers sign them. */
#include <string.h>

#include "tools/show/wire_dump.h"
#include "provider/base/wire.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"

bool inspect_has_unknown_elements(struct ska_span token)
{
    static const uint16_t known[] = {SKA_WIRE_OPERATION,     SKA_WIRE_NAME,
                                     SKA_WIRE_TIMESTAMP,     SKA_WIRE_SIGNATURE,
                                     SKA_WIRE_USAGE_PAYLOAD, SKA_WIRE_MODIFY_PAYLOAD};
    struct ska_wire_reader reader = {NULL, NULL};
    struct ska_wire_element element = {0, {NULL, 0}};

    if (!ska_wire_well_formed(token) || !ska_wire_open(&reader, token))
        return false;
    while (!ska_wire_at_end(&reader) && ska_wire_next(&reader, &element)) {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || element.type == known[i];
        if (!found)
            return true;
    }
    return false;
}

/* Indented below its heading. */
void inspect_add_token(struct ska_buffer *text, struct ska_span token)
{
    struct ska_buffer lines = {0};
    bool start = true;

    ska_buffer_format(text, "Approval token, %zu bytes: what approvers sign\n", token.length);
    wire_dump(token, &lines);
    for (size_t i = 0; i < lines.length; i++) {
        if (start)
            ska_buffer_text(text, "    ");
        ska_buffer_add(text, &lines.data[i], 1);
        start = lines.data[i] == '\n';
    }
    text->failed = text->failed || lines.failed;
    ska_buffer_free(&lines);
}

/* The header of a token says its length. */
static bool is_framed(struct ska_span encoded)
{
    uint64_t length = 0;

    if (encoded.length < 4)
        return false;
    for (int i = 3; i >= 0; i--)
        length = length << 8 | encoded.data[i];
    return length == encoded.length - 4;
}

bool inspect_token(struct tool *tool, struct ska_span encoded, const char *shown)
{
    struct ska_buffer text = {0};
    struct ska_approval_token token;
    bool tolerated = inspect_has_unknown_elements(encoded);
    bool done = false;

    memset(&token, 0, sizeof(token));
    /* What is not even framed like one may be a secret that somebody named by mistake. */
    if (!is_framed(encoded))
        return ska_fail(&tool->errors, SKA_R_BAD_TOKEN,
                        "%s: no request, approval, approval token, key reference or folder of "
                        "evidence",
                        shown);
    inspect_add_token(&text, encoded);
    if (!text_print(&text, &tool->errors))
        return false;
    done = ska_approval_token_decode(encoded, &token, tolerated ? NULL : &tool->errors);
    if (!done && tolerated)
        report_note("%s: has elements that this version does not know; nothing was verified",
                    shown);
    return done || tolerated;
}
