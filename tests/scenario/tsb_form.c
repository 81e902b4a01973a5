/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsb_form serve LOG [PATH JSON]...: a web server on 127.0.0.1 that answers these paths so, by
 * http_server_answer(). Prints its port; LOG gets each request, its first line and its body.
 *
 * tsb_form fits PATH BODY VECTOR...: whether a body has the form of what was published for this
 * call in one of the VECTORs: no member that none of them has, each of the type that one of them
 * has, and none missing that all of them have. BODY is a file.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../unit/http_server.h"
#include "application.h"

static int serve(int argc, char **argv)
{
    struct http_server *server = http_server_start_alone();

    must(server != NULL && argc % 2 == 1);
    http_server_log(server, argv[0]);
    for (int i = 1; i < argc; i += 2)
        http_server_answer(server, argv[i], argv[i + 1]);
    must(http_server_serve(server));
    http_server_stop(server);
    return 0;
}

/* ---- Forms ----------------------------------------------------------------------------------- */

static cJSON *read_json(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t length = 0;
    cJSON *json = NULL;

    must(file != NULL);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = 0;
    fclose(file);
    json = cJSON_Parse(text);
    must(json != NULL);
    return json;
}

static bool is_among(const char *paths, const char *path)
{
    size_t length = strlen(path);

    for (; *paths != 0; paths += strcspn(paths, ","), paths += *paths == ',')
        if (strcspn(paths, ",") == length && strncmp(paths, path, length) == 0)
            return true;
    return false;
}

/* The requests that were published for some paths, never freed. */
struct published {
    const cJSON *requests[64];
    size_t count;
};

static void read_published(struct published *published, const char *paths, int argc, char **argv)
{
    published->count = 0;
    for (int i = 0; i < argc; i++) {
        const cJSON *vector = read_json(argv[i]);
        const cJSON *method = cJSON_GetObjectItem(vector, "method");
        const char *of = cJSON_GetStringValue(cJSON_GetObjectItem(vector, "path"));
        const cJSON *request = cJSON_GetObjectItem(vector, "request");

        if (!cJSON_IsString(method) || of == NULL || !is_among(paths, of) ||
            !cJSON_IsObject(request))
            continue;
        must(published->count < 64);
        published->requests[published->count++] = request;
    }
    if (published->count > 0)
        return;
    fprintf(stderr, "nothing was published for %s\n", paths);
    exit(1);
}

static bool complain(const char *name, const char *what)
{
    fprintf(stderr, "%s: %s\n", name, what);
    return false;
}

/* What the published objects have under a name; an element of an array under "". */
static void step_into(const struct published *from, const char *name, struct published *to)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const cJSON *found = name[0] == 0 ? cJSON_GetArrayItem(from->requests[i], 0)
                                          : cJSON_GetObjectItem(from->requests[i], name);

        if (found != NULL)
            to->requests[to->count++] = found;
    }
}

static bool has_type(const struct published *published, const cJSON *value)
{
    for (size_t i = 0; i < published->count; i++)
        if ((published->requests[i]->type & 0xFF) == (value->type & 0xFF))
            return true;
    return false;
}

static bool fits(const cJSON *value, const char *name, const struct published *published);

/* What all have ours must have. */
static bool has_all(const cJSON *object, const char *name, const struct published *published)
{
    const cJSON *member = NULL;
    bool all = true;

    cJSON_ArrayForEach(member, published->requests[0])
    {
        struct published same;

        step_into(published, member->string, &same);
        if (same.count == published->count && cJSON_GetObjectItem(object, member->string) == NULL)
            all = complain(name, member->string) && complain(name, "is missing");
    }
    return all;
}

static bool members_fit(const cJSON *value, const char *name, const struct published *published)
{
    const cJSON *member = NULL;
    bool good = cJSON_IsArray(value) || has_all(value, name, published);

    cJSON_ArrayForEach(member, value)
    {
        struct published inner;
        const char *inside = member->string == NULL ? "" : member->string;

        step_into(published, inside, &inner);
        good = (inner.count > 0 || complain(inside, "nobody has published that")) &&
               fits(member, inside, &inner) && good;
    }
    return good;
}

static bool fits(const cJSON *value, const char *name, const struct published *published)
{
    if (!has_type(published, value))
        return complain(name, "has another type");
    return (!cJSON_IsObject(value) && !cJSON_IsArray(value)) || members_fit(value, name, published);
}

int main(int argc, char **argv)
{
    struct published published;

    if (argc >= 3 && strcmp(argv[1], "serve") == 0)
        return serve(argc - 2, argv + 2);
    must(argc >= 5 && strcmp(argv[1], "fits") == 0);
    read_published(&published, argv[2], argc - 4, argv + 4);
    return fits(read_json(argv[3]), argv[2], &published) ? 0 : 1;
}
