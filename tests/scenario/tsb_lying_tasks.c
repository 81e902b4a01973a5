/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsb_lying_tasks: a broker that says whatever stands in files of the working directory. Prints its
 * port and runs until it is terminated. A list of tasks is list.json, a task that is asked for by
 * its id one.json; every other answer is empty. "@NEW@" in an answer is another id each time, and
 * one that has "@SLOW@" comes after two seconds. What is asked is added to liar.log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/http_server.h"
#include "application.h"

#define ANSWER_MOST ((size_t)1024 * 1024)

/* Freed by the caller. */
static char *read_answer(const char *path)
{
    char *text = calloc(1, ANSWER_MOST);
    FILE *file = fopen(path, "r");
    size_t length = 0;

    must(text != NULL && file != NULL);
    length = fread(text, 1, ANSWER_MOST - 1, file);
    text[length] = 0;
    fclose(file);
    return text;
}

static void number_ids(char *text)
{
    static const char mark[] = "@NEW@";
    static unsigned int count;
    char number[sizeof(mark)];

    for (char *found = strstr(text, mark); found != NULL; found = strstr(found, mark)) {
        snprintf(number, sizeof(number), "%05x", ++count & 0xFFFFF);
        memcpy(found, number, sizeof(mark) - 1);
    }
}

/* An http_server_maker. */
static char *make_answer(void *arg, const char *head, const char *body)
{
    static const char tasks[] = "POST /v1/filteredAllApprovalTask ";
    char *text = NULL;

    (void)arg;
    if (strncmp(head, tasks, sizeof(tasks) - 1) != 0)
        return calloc(1, 1);
    text = read_answer(strstr(body, "\"id\":\"") != NULL ? "one.json" : "list.json");
    number_ids(text);
    if (strstr(text, "@SLOW@") != NULL)
        sleep(2);
    return text;
}

int main(void)
{
    struct http_server *server = http_server_start_alone();

    must(server != NULL);
    http_server_make(server, make_answer, NULL);
    http_server_log(server, "liar.log");
    must(http_server_serve(server));
    http_server_stop(server);
    return 0;
}
