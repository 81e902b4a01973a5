/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published calls, for a script: `skatsb_vectors method FILE`, `path FILE` and `body FILE` print
 * what is asked; `fits FILE ANSWER` is whether an answer has all that the published one has, values
 * aside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static cJSON *read_json(const char *path)
{
    char text[256 * 1024];
    FILE *file = fopen(path, "r");
    size_t length = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
    cJSON *json = NULL;

    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    json = cJSON_Parse(text);
    if (json == NULL) {
        fprintf(stderr, "%s: no JSON\n", path);
        exit(2);
    }
    return json;
}

static int print_text(const cJSON *vector, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(vector, name);

    return !cJSON_IsString(item) || puts(item->valuestring) < 0;
}

static int print_body(const cJSON *vector)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(vector, "request");
    char *text = cJSON_IsObject(item) ? cJSON_PrintUnformatted(item) : NULL;

    if (text != NULL)
        puts(text);
    free(text);
    return 0;
}

static int differs(const char *where, const char *what)
{
    fprintf(stderr, "%s: %s\n", where, what);
    return 1;
}

static int compare(const char *where, const cJSON *published, const cJSON *answered)
{
    const cJSON *item = NULL;
    char inside[256];

    if (cJSON_IsNull(published))
        return 0;
    if ((published->type & 0xFF) != (answered->type & 0xFF) &&
        !(cJSON_IsBool(published) && cJSON_IsBool(answered)))
        return differs(where, "of another type");
    if (cJSON_IsArray(published)) {
        if (published->child != NULL)
            cJSON_ArrayForEach(item, answered)
            {
                if (compare(where, published->child, item) != 0)
                    return 1;
            }
        return 0;
    }
    if (!cJSON_IsObject(published))
        return 0;
    cJSON_ArrayForEach(item, published)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(answered, item->string);

        snprintf(inside, sizeof(inside), "%s.%s", where, item->string);
        if (other == NULL)
            return differs(inside, "missing");
        if (compare(inside, item, other) != 0)
            return 1;
    }
    return 0;
}

static int fits(const cJSON *vector, const char *path)
{
    const cJSON *published = cJSON_GetObjectItemCaseSensitive(vector, "response");
    cJSON *answered = read_json(path);
    int status = compare("answer", published, answered);

    cJSON_Delete(answered);
    return status;
}

int main(int argc, char **argv)
{
    cJSON *vector = argc > 2 ? read_json(argv[2]) : NULL;
    int status = 2;

    if (vector == NULL)
        return status;
    if (strcmp(argv[1], "method") == 0 || strcmp(argv[1], "path") == 0)
        status = print_text(vector, argv[1]);
    else if (strcmp(argv[1], "body") == 0)
        status = print_body(vector);
    else if (strcmp(argv[1], "fits") == 0 && argc > 3)
        status = fits(vector, argv[3]);
    cJSON_Delete(vector);
    return status;
}
