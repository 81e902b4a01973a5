/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/mask.h"

#include <string.h>

/* A piece of a secret that is so long is worth hiding, and a whole one stands nowhere by chance. */
#define PIECE_LEAST 8

/* ---- Words ----------------------------------------------------------------------------------- */

static size_t common_length(const char *text, struct ska_span secret, size_t from)
{
    size_t length = 0;

    while (from + length < secret.length && text[length] != 0 &&
           (uint8_t)text[length] == secret.data[from + length])
        length++;
    return length;
}

/* How much of the beginning of the text is a piece of the secret. */
static size_t longest_piece(const char *text, struct ska_span secret)
{
    size_t longest = 0;

    for (size_t from = 0; from < secret.length; from++) {
        size_t length = common_length(text, secret, from);

        longest = length > longest ? length : longest;
    }
    return longest;
}

static void mask_pieces(char *text, struct ska_span secret)
{
    size_t least = secret.length < PIECE_LEAST ? secret.length : PIECE_LEAST;

    while (*text != 0 && secret.length > 0) {
        size_t length = longest_piece(text, secret);

        if (length >= least)
            memset(text, '*', length);
        text += length >= least ? length : 1;
    }
}

void tsb_mask_text(const struct tsb_secrets *secrets, char *text)
{
    for (size_t i = 0; text != NULL && i < secrets->count; i++)
        mask_pieces(text, secrets->list[i]);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void mask_whole(char *text, struct ska_span secret)
{
    uint8_t *at = (uint8_t *)text;

    if (text == NULL || secret.length < PIECE_LEAST)
        return;
    while ((at = memmem(at, strlen((char *)at), secret.data, secret.length)) != NULL) {
        memset(at, '*', secret.length);
        at += secret.length;
    }
}

static void mask_item(const struct tsb_secrets *secrets, cJSON *item)
{
    for (size_t i = 0; i < secrets->count; i++) {
        mask_whole(item->string, secrets->list[i]);
        if (cJSON_IsString(item))
            mask_whole(item->valuestring, secrets->list[i]);
    }
}

/* An answer was not let through that is deeper than json.h allows. */
void tsb_mask_json(const struct tsb_secrets *secrets, cJSON *json)
{
    if (json == NULL || secrets->count == 0)
        return;
    mask_item(secrets, json);
    for (cJSON *item = json->child; item != NULL; item = item->next)
        tsb_mask_json(secrets, item);
}
