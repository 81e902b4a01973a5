/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool inspect and skatool audit make of files of strangers: whatever is in them, nothing
 * is printed that a terminal would obey. The first byte of the input says what the rest is: a file
 * to inspect ('i'), the manifest of evidence ('m'), an audit log ('a').
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provider/record/evidence_manifest.h"
#include "tools/command/inspect.h"

#include "fuzz.h"

/* Standard output and standard error, for a while. */
struct capture {
    FILE *out;
    FILE *err;
    FILE *stream;
    char *text;
    size_t length;
};

static void start(struct capture *capture)
{
    memset(capture, 0, sizeof(*capture));
    capture->stream = open_memstream(&capture->text, &capture->length);
    PROMISE(capture->stream != NULL);
    capture->out = stdout;
    capture->err = stderr;
    stdout = capture->stream;
    stderr = capture->stream;
}

static void check_line(const char *line, size_t length)
{
    char *harmless = ska_printable(ska_span(line, length), length);

    PROMISE(harmless != NULL && strlen(harmless) == length && memcmp(harmless, line, length) == 0);
    free(harmless);
}

static void check(struct capture *capture)
{
    const char *line = NULL;
    const char *end = NULL;

    stdout = capture->out;
    stderr = capture->err;
    fclose(capture->stream);
    line = capture->text;
    for (; (end = memchr(line, '\n', capture->length - (size_t)(line - capture->text))) != NULL;
         line = end + 1)
        check_line(line, (size_t)(end - line));
    check_line(line, capture->length - (size_t)(line - capture->text));
    free(capture->text);
}

static void run(struct tool *tool, char kind, struct ska_span content)
{
    char command[] = "audit";
    char path[64];
    char *arguments[] = {command, path, NULL};
    int fd = -1;

    if (kind == 'i') {
        (void)!inspect_content(tool, content, "file");
        return;
    }
    fd = memfd_create("log", MFD_CLOEXEC);
    PROMISE(fd >= 0 && write(fd, content.data, content.length) == (ssize_t)content.length);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)!audit_command(tool, 2, arguments);
    close(fd);
}

static void count(void *arg, const char *file, const char *member)
{
    PROMISE(file[0] != 0 && (member == NULL || member[0] != 0));
    (*(size_t *)arg)++;
}

/* No other text than the one that is made of the files is their manifest. */
static void compare(struct ska_span text)
{
    static const char request[] = "{\n\t\"version\":\t1,\n\t\"rule\":\tnull\n}\n";
    const struct ska_evidence_files files = {ska_span_text(request), ska_span_text("token"),
                                             ska_span_text("signature")};
    size_t differences = 0;
    const struct ska_manifest_check check = {count, &differences};
    struct ska_bytes made = {NULL, 0};

    PROMISE(ska_manifest_make(NULL, &files, &made, NULL));
    PROMISE(ska_manifest_compare(NULL, text, &files, &check, NULL));
    PROMISE((differences == 0) == ska_span_equal(ska_span_of(&made), text));
    ska_bytes_free(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tool tool;
    struct capture capture;

    if (size == 0)
        return 0;
    if (data[0] == 'm') {
        compare(ska_span(data + 1, size - 1));
    } else if (data[0] == 'i' || data[0] == 'a') {
        PROMISE(tool.libctx != NULL || tool_init(&tool));
        tool.command = "inspect";
        start(&capture);
        run(&tool, (char)data[0], ska_span(data + 1, size - 1));
        check(&capture);
    }
    return 0;
}
