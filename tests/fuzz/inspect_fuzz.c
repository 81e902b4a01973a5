/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool inspect and skatool audit make of files of strangers: whatever is in them, nothing
 * is printed that a terminal would obey. The first byte of the input says what the rest is: a file
 * to inspect ('i'), the manifest of evidence ('m'), an audit log ('a'), evidence by a broker ('b').
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

/*
 * No other text than the one that is made of the files says of all of them that they are as they
 * were; but comments of former versions may follow.
 */
static void compare(struct ska_span text)
{
    static const char request[] = "{\n\t\"version\":\t1,\n\t\"rule\":\tnull\n}\n";
    const struct ska_span contents[SKA_MANIFEST_FILES] = {
        [SKA_EVIDENCE_REQUEST] = ska_span_text(request),
        [SKA_EVIDENCE_TOKEN] = ska_span_text("token"),
        [SKA_EVIDENCE_SIGNATURE] = ska_span_text("signature")};
    bool same[SKA_MANIFEST_FILES];
    bool well_formed = false;
    bool all = true;
    struct ska_bytes made = {NULL, 0};

    PROMISE(ska_manifest_make(NULL, contents, &made, NULL));
    PROMISE(ska_manifest_compare(NULL, text, contents, &well_formed, same, NULL));
    for (int i = 0; i < SKA_MANIFEST_FILES; i++) {
        PROMISE(well_formed || !same[i]);
        all = all && (same[i] || contents[i].data == NULL);
    }
    if (all) {
        PROMISE(text.length >= made.length && memcmp(text.data, made.data, made.length) == 0);
        PROMISE(text.length == made.length || text.data[made.length] == '#');
    } else {
        PROMISE(!ska_span_equal(ska_span_of(&made), text));
    }
    ska_bytes_free(&made);
}

/* Evidence by a broker: request.json, a NUL, and broker.json. */
static void inspect_told(struct tool *tool, struct ska_span both)
{
    struct verification verification = {.libctx = tool->libctx};
    const uint8_t *end = both.length == 0 ? NULL : memchr(both.data, 0, both.length);
    size_t length = end == NULL ? both.length : (size_t)(end - both.data);
    struct ska_span told =
        end == NULL ? ska_span(both.data, 0) : ska_span(end + 1, both.length - length - 1);

    (void)!inspect_told_request(tool, ska_span(both.data, length), told, "request.json",
                                &verification);
    (void)!verify_conclude(tool, &verification, SKA_R_EVIDENCE_WRONG, "folder");
    verify_clear(&verification);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tool tool;
    struct capture capture;

    if (size == 0)
        return 0;
    if (data[0] == 'm') {
        compare(ska_span(data + 1, size - 1));
    } else if (data[0] == 'i' || data[0] == 'a' || data[0] == 'b') {
        PROMISE(tool.libctx != NULL || tool_init(&tool));
        tool.command = "inspect";
        start(&capture);
        if (data[0] == 'b')
            inspect_told(&tool, ska_span(data + 1, size - 1));
        else
            run(&tool, (char)data[0], ska_span(data + 1, size - 1));
        check(&capture);
    }
    return 0;
}
