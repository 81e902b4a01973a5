/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is the document that a request is about: "yes" only to what was hashed, "no" only
 * where the right one would have been found. What openssl makes of documents is in
 * scenario.signed_content; here stand PDFs, and files that are nearly some.
 */
#include "sign_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/document.h"
#include "tools/document_folder.h"

#define WHOLE "to the last byte"

/* ---- A request and a file -------------------------------------------------------------------- */

/* Over the SHA-256 of these parts; what was hashed is not in it, as it is the document. */
struct asked {
    struct ska_request request;
    uint8_t digest[32];
};

static void ask(struct asked *asked, struct ska_span one, struct ska_span other)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    memset(asked, 0, sizeof(*asked));
    assert_true(EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, one.data, one.length) == 1 &&
                EVP_DigestUpdate(context, other.data, other.length) == 1 &&
                EVP_DigestFinal_ex(context, asked->digest, NULL) == 1);
    EVP_MD_CTX_free(context);
    asked->request.operation = SKA_OPERATION_SIGN;
    asked->request.mechanism.scheme = SKA_SCHEME_ECDSA;
    asked->request.mechanism.form = SKA_PAYLOAD_DIGEST;
    asked->request.payload = (struct ska_bytes){asked->digest, sizeof(asked->digest)};
    asked->request.digest = SKA_DIGEST_SHA256;
    asked->request.digest_value = asked->request.payload;
    asked->request.no_content = SKA_NO_CONTENT_NO_STRUCTURE;
}

static struct document compare(const struct asked *asked, struct ska_span content)
{
    struct document document = {.answer = DOCUMENT_OTHER};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    FILE *file = tmpfile();
    struct input input = {fileno(file), "it"};

    assert_true(ska_write_all(input.fd, content));
    assert_true(document_compare(&input, NULL, &asked->request, &document, &errors));
    assert_int_equal(recorder.count, 0);
    fclose(file);
    return document;
}

static void assert_same(const struct asked *asked, struct ska_span content, const char *form)
{
    struct document document = compare(asked, content);

    assert_int_equal(document.answer, DOCUMENT_SAME);
    assert_string_equal(document.form, form);
}

static void assert_other(const struct asked *asked, struct ska_span content)
{
    assert_int_equal(compare(asked, content).answer, DOCUMENT_OTHER);
}

static void assert_not_compared(const struct asked *asked, struct ska_span content,
                                const char *reason)
{
    struct document document = compare(asked, content);

    assert_int_equal(document.answer, DOCUMENT_NOT_COMPARED);
    assert_text_contains(document.reason, reason);
}

/* ---- PDF ------------------------------------------------------------------------------------- */

#define IN_PARTS "all of it except the space for this signature"
#define CHANGES "signing changes a PDF"

static struct ska_span part(const char *text, size_t from, size_t length)
{
    assert_true(from + length <= strlen(text));
    return ska_span((const uint8_t *)text + from, length);
}

/* The parts of this text; what a range does not say is where the text is. */
static void ask_parts(struct asked *asked, const char *text, const size_t parts[4])
{
    ask(asked, part(text, parts[0], parts[1]), part(text, parts[2], parts[3]));
}

/* 0 to 40, the room of 8 bytes, and 20 more. */
#define PDF(range, room) "%PDF-1.7  /ByteRange" range room "the end, of 20 bytes"

static void prepared_pdfs_are_found_by_what_is_signed(void **state)
{
    static const char pdf[] = PDF(" [ 0 40\n48 20 ]     ", "<000000>");
    static const char signed_pdf[] = PDF(" [ 0 40\n48 20 ]     ", "<00A000>");
    static const size_t parts[] = {0, 40, 48, 20};
    char text[] = PDF(" [ 0 40\n48 20 ]     ", "<000000>");
    struct asked asked;

    (void)state;
    assert_int_equal(strlen(pdf), 68);
    ask_parts(&asked, pdf, parts);
    assert_same(&asked, ska_span_text(pdf), IN_PARTS);
    /* One that is signed is another file by now. */
    assert_not_compared(&asked, ska_span_text(signed_pdf), CHANGES);
    asked.digest[0] ^= 1;
    assert_other(&asked, ska_span_text(pdf));
    assert_not_compared(&asked, ska_span_text(signed_pdf), CHANGES);
    /* Whole it is a document too. */
    ask(&asked, ska_span_text(signed_pdf), ska_span_text(""));
    assert_same(&asked, ska_span_text(signed_pdf), WHOLE);
    /* A text that speaks of a range is no PDF. */
    text[1] = 'p';
    ask_parts(&asked, text, parts);
    assert_other(&asked, ska_span_text(text));
}

/* What they say can be hashed, but nobody who makes a signature hashes it. */
static void ranges_that_are_none_are_passed_by(void **state)
{
    static const struct {
        const char *text;
        size_t parts[4];
    } cases[] = {
        {PDF(" [0 40 39 29]       ", "<000000>"), {0, 40, 39, 29}}, /* overlaps */
        {PDF(" [30 9 0 20]        ", "<000000>"), {30, 9, 0, 20}},  /* not in order */
        {PDF(" (0 40 48 20]       ", "<000000>"), {0, 40, 48, 20}},
        {PDF(" [0 40 48 20)       ", "<000000>"), {0, 40, 48, 20}},
        {PDF(" [0 40 48 20 1]     ", "<000000>"), {0, 40, 48, 20}},
        {PDF(" [0 40 48]          ", "<000000>"), {0, 40, 48, 0}},
        {PDF(" [0 40 48 -20]      ", "<000000>"), {0, 40, 48, 20}},
        /* Something else of the file is left out, which a person may be shown. */
        {PDF(" [1 39 48 20]       ", "<000000>"), {1, 39, 48, 20}},
        {PDF(" [8 40 48 20]       ", "<000000>"), {8, 40, 48, 20}},
        {PDF(" [0 40 48 19]       ", "<000000>"), {0, 40, 48, 19}},
        {PDF(" [0 40 48 21]       ", "<000000>"), {0, 40, 48, 20}},
        {PDF(" [0 40 48 20]       ", "0000000>"), {0, 40, 48, 20}},
        {PDF(" [0 40 48 20]       ", "<0000000"), {0, 40, 48, 20}},
        {PDF(" [0 40 48 20]       ", "<00(x)0>"), {0, 40, 48, 20}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asked asked;

        ask_parts(&asked, cases[i].text, cases[i].parts);
        if (compare(&asked, ska_span_text(cases[i].text)).answer == DOCUMENT_SAME)
            fail_msg("taken: %s", cases[i].text);
    }
}

/* Sixteen digits and more, which no file has. */
static void long_numbers_are_none(void **state)
{
    static const char pdf[] = PDF(" [0 0000000000000056 64 20]         ", "<000000>");
    static const char good[] = PDF(" [0 000000000000056 64 20]          ", "<000000>");
    struct asked asked;

    (void)state;
    ask(&asked, part(pdf, 0, 56), part(pdf, 64, strlen(pdf) - 64));
    assert_not_compared(&asked, ska_span_text(pdf), CHANGES);
    ask(&asked, part(good, 0, 56), part(good, 64, strlen(good) - 64));
    assert_same(&asked, ska_span_text(good), IN_PARTS);
}

/* PoDoFo does not fill the room with zeros. */
static void room_is_filled_by_podofo(void **state)
{
    char pdf[] = "%PDF-1.7  /ByteRange [0 40 81 20]       <###HERE_WILL_BE_SIGNATURE___@###HERE_WI>"
                 "the end, of 20 bytes";
    struct asked asked;

    (void)state;
    pdf[40 + 1 + 29 - 1] = 0; /* where it says "@" */
    assert_int_equal(sizeof(pdf) - 1, 101);
    ask(&asked, ska_span((uint8_t *)pdf, 40), ska_span((uint8_t *)pdf + 81, 20));
    assert_same(&asked, ska_span((uint8_t *)pdf, 101), IN_PARTS);
    pdf[45] = 'h';
    assert_not_compared(&asked, ska_span((uint8_t *)pdf, 101), CHANGES);
}

/* Empty room: whoever has the prepared file is told "no" to a wrong one. */
static void room_is_for_a_signature(void **state)
{
    static const char one[] = PDF(" [0 40 41 20]       ", "0");
    static const char two[] = PDF(" [0 40 42 20]       ", "<>");
    struct asked asked;
    char *big = NULL;

    (void)state;
    ask(&asked, ska_span_text("another"), ska_span_text(""));
    assert_not_compared(&asked, ska_span_text(one), CHANGES);
    assert_other(&asked, ska_span_text(two));
    for (size_t room = 1024 * 1024; room <= 1024 * 1024 + 1; room++) {
        int length = 0;

        big = malloc(room + 100);
        assert_non_null(big);
        length = snprintf(big, 100, "%%PDF-1.7 /ByteRange [0 50 %zu 4]", 50 + room);
        memset(big + length, ' ', 50 - (size_t)length);
        memset(big + 50, '0', room);
        big[50] = '<';
        big[50 + room - 1] = '>';
        memcpy(big + 50 + room, "end.", 4);
        if (room == 1024 * 1024)
            assert_other(&asked, ska_span((uint8_t *)big, 54 + room));
        else
            assert_not_compared(&asked, ska_span((uint8_t *)big, 54 + room), CHANGES);
        free(big);
    }
}

/* Each costs reading the file. */
static void ranges_are_counted(void **state)
{
    (void)state;
    for (int before = 63; before <= 64; before++) {
        static const char range[] = "/ByteRange [0 000000 000000 3]";
        struct ska_buffer text = {0};
        struct asked asked;
        struct ska_span all;
        size_t end = 0;

        ska_buffer_text(&text, "%PDF-1.7 ");
        for (int i = 0; i < before; i++)
            ska_buffer_text(&text, "/ByteRange [0 1 3 1]");
        end = text.length + strlen(range);
        ska_buffer_format(&text, "/ByteRange [0 %06zu %06zu 3]<00>end", end, end + 4);
        all = ska_span((uint8_t *)text.data, text.length);
        ask(&asked, ska_span(all.data, end), ska_span(all.data + end + 4, 3));
        if (before < 64)
            assert_same(&asked, all, IN_PARTS);
        else
            assert_not_compared(&asked, all, CHANGES);
        ska_buffer_free(&text);
    }
}

/* ---- What is not compared -------------------------------------------------------------------- */

static void no_is_said_where_the_right_one_would_be_found(void **state)
{
    static const char *const inside[] = {"<contract/>", "\xEF\xBB\xBF<contract/>",
                                         "PK\x03\x04 and so on", "MZ, an executable",
                                         "\xD0\xCF\x11\xE0 and so on"};
    struct asked asked;

    (void)state;
    ask(&asked, ska_span_text("right document"), ska_span_text(""));
    for (int why = SKA_NO_CONTENT_UNSAID; why <= SKA_NO_CONTENT_DIGEST_GIVEN; why++) {
        asked.request.no_content = (enum ska_no_content)why;
        assert_same(&asked, ska_span_text("right document"), WHOLE);
        if (why == SKA_NO_CONTENT_UNSAID)
            assert_not_compared(&asked, ska_span_text("wrong document"), "does not show");
        else
            assert_other(&asked, ska_span_text("wrong document"));
        for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
            if (why == SKA_NO_CONTENT_DIGEST_GIVEN)
                assert_not_compared(&asked, ska_span_text(inside[i]), "has hashed it by itself");
    }
}

#define TYPE_DATA "301806092a864886f70d010903310b06092a864886f70d010701"
#define TYPE_OTHER "301806092a864886f70d010903310b06092a864886f70d010702"
#define DIGEST "302f06092a864886f70d01090431220420"

/* Attributes with this digest. */
static struct ska_bytes attributes_of(const char *type, const uint8_t digest[32])
{
    char hex[300];
    size_t length = (size_t)snprintf(hex, sizeof(hex), "314b%s" DIGEST, type);

    for (size_t i = 0; i < 32; i++, length += 2)
        snprintf(hex + length, 3, "%02x", digest[i]);
    return from_hex(hex);
}

static void assert_meaning(const struct asked *asked, struct ska_span content,
                           enum ska_content_meaning meaning)
{
    struct document document = compare(asked, content);

    assert_int_equal(document.answer, DOCUMENT_SAME);
    assert_int_equal(document.meaning, meaning);
}

/* The form that is signed counts, whatever the file is, and however long. */
static void files_are_told_by_what_is_signed(void **state)
{
    static const char text[] = "100 euros.";
    const size_t size = 70000;
    struct ska_bytes large = {calloc(1, size + 1), size};
    struct asked asked;

    (void)state;
    memcpy(large.data, "\x31\x83\x01\x11\x6B", 5); /* 70,000 less five */
    ask(&asked, ska_span_of(&large), ska_span_text(""));
    assert_meaning(&asked, ska_span_of(&large), SKA_MEANS_STRUCTURE);
    ask(&asked, ska_span_text(text), ska_span_text(""));
    assert_meaning(&asked, ska_span_text(text), SKA_MEANS_DOCUMENT);
    /* 50 bytes of lines that end as in mail. */
    ask(&asked, ska_span_text("00lines in mail\r\nand\r\nmore of them in this \r\nfile."),
        ska_span_text(""));
    assert_meaning(&asked, ska_span_text("00lines in mail\nand\nmore of them in this \nfile."),
                   SKA_MEANS_STRUCTURE);
    ask(&asked, ska_span_text("00lines in mail\nand\nmore of them in this \nfile."),
        ska_span_text(""));
    assert_meaning(&asked, ska_span_text("00lines in mail\nand\nmore of them in this \nfile."),
                   SKA_MEANS_DOCUMENT);
    ska_bytes_free(&large);
}

static void attributes_tell_which_document_it_is(void **state)
{
    struct asked document;

    (void)state;
    ask(&document, ska_span_text("right document\n"), ska_span_text(""));
    for (int data = 0; data <= 1; data++) {
        struct ska_bytes attributes = attributes_of(data ? TYPE_DATA : TYPE_OTHER, document.digest);
        struct asked asked;

        ask(&asked, ska_span_of(&attributes), ska_span_text(""));
        /* The structure itself, as a file: that is said. */
        assert_meaning(&asked, ska_span_of(&attributes), SKA_MEANS_OTHER_DOCUMENT);
        asked.request.signed_content = attributes;
        if (data) {
            assert_same(&asked, ska_span_text("right document\n"), WHOLE);
            assert_other(&asked, ska_span_text("wrong document\n"));
            assert_meaning(&asked, ska_span_of(&attributes), SKA_MEANS_OTHER_DOCUMENT);
        } else {
            /* Not even with what has the digest. */
            assert_not_compared(&asked, ska_span_text("right document\n"), "something about one");
            assert_not_compared(&asked, ska_span_text("wrong document\n"), "something about one");
            assert_not_compared(&asked, ska_span_of(&attributes), "something about one");
        }
        ska_bytes_free(&attributes);
    }
}

/* Around the digest of a file attributes are signed, and never the file. */
static void in_attributes_a_file_is_only_a_document(void **state)
{
    static const char structure[] = "0\x02xy";
    struct asked document;
    struct asked asked;
    struct ska_bytes attributes;

    (void)state;
    ask(&document, ska_span_text(structure), ska_span_text(""));
    assert_meaning(&document, ska_span_text(structure), SKA_MEANS_STRUCTURE);
    attributes = attributes_of(TYPE_DATA, document.digest);
    ask(&asked, ska_span_of(&attributes), ska_span_text(""));
    asked.request.signed_content = attributes;
    assert_meaning(&asked, ska_span_text(structure), SKA_MEANS_DOCUMENT);
    ska_bytes_free(&attributes);
}

/* Something that is there only once. */
static void pipes_are_read(void **state)
{
    struct document document = {.answer = DOCUMENT_OTHER};
    struct asked asked;
    struct input input = {-1, "it"};
    int ends[2];

    (void)state;
    ask(&asked, ska_span_text("two\r\nlines\r\n"), ska_span_text(""));
    assert_int_equal(pipe(ends), 0);
    assert_true(ska_write_all(ends[1], ska_span_text("two\nlines\n")));
    close(ends[1]);
    input.fd = ends[0];
    assert_true(document_compare(&input, NULL, &asked.request, &document, NULL));
    assert_int_equal(document.answer, DOCUMENT_SAME);
    assert_string_equal(document.form, "the same text, with line ends as mail has them");
    close(ends[0]);
}

/* ---- A folder -------------------------------------------------------------------------------- */

static void put_file(const char *folder, const char *name, const char *content)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(content, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

/* Which file of the folder it is about that this is signed; "": none. */
static const char *find_signed(struct document_folder *folder, const char *what,
                               struct document *document)
{
    struct asked asked;
    bool found = false;

    ask(&asked, ska_span_text(what), ska_span_text(""));
    assert_true(document_folder_find(folder, &asked.request, &found, document, NULL));
    return found ? document->path : "";
}

static void files_of_a_folder_are_found(void **state)
{
    char path[] = "/tmp/ska-folder-XXXXXX";
    char command[256];
    uint8_t other[32] = {0};
    struct ska_bytes attributes = attributes_of(TYPE_DATA, other);
    struct document_folder *folder = NULL;
    struct document document;
    struct asked asked;
    bool found = false;

    (void)state;
    assert_non_null(mkdtemp(path));
    put_file(path, "mail", "one\ntwo\n");
    put_file(path, "plain", "right document\n");
    put_file(path, "structure", "0\x04\nab");
    snprintf(command, sizeof(command),
             "cd %s && mkdir below && echo below >below/x && ln -s below/x link && mkfifo fifo && "
             "echo one more >z",
             path);
    assert_int_equal(system(command), 0);
    assert_true(document_folder_open(path, NULL, &folder, NULL));
    assert_string_equal(find_signed(folder, "right document\n", &document), "plain");
    assert_true(document.as_it_is && document.answer == DOCUMENT_SAME);
    assert_string_equal(find_signed(folder, "one\r\ntwo\r\n", &document), "mail");
    assert_false(document.as_it_is);
    assert_int_equal(document.meaning, SKA_MEANS_DOCUMENT);
    assert_string_equal(find_signed(folder, "0\x04\r\nab", &document), "structure");
    assert_int_equal(document.meaning, SKA_MEANS_STRUCTURE);
    assert_string_equal(find_signed(folder, "0\x04\nab", &document), "structure");
    assert_int_equal(document.meaning, SKA_MEANS_DOCUMENT);
    assert_string_equal(find_signed(folder, "wrong document\n", &document), "");
    assert_string_equal(find_signed(folder, "below\n", &document), "");
    /* Each is hashed once. */
    put_file(path, "plain", "wrong document\n");
    assert_string_equal(find_signed(folder, "right document\n", &document), "plain");
    assert_string_equal(find_signed(folder, "wrong document\n", &document), "");
    /* What is signed beside attributes is a file as it is, and in no other form. */
    ask(&asked, ska_span_text("one\r\ntwo\r\n"), ska_span_text(""));
    asked.request.signed_content = attributes;
    assert_true(document_folder_find(folder, &asked.request, &found, &document, NULL));
    assert_false(found);
    document_folder_close(folder);
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert_int_equal(system(command), 0);
    assert_false(document_folder_open(path, NULL, &folder, NULL));
    ska_bytes_free(&attributes);
}

/* The end of what could be read is not the end of the file. */
static void a_failure_is_not_the_end(void **state)
{
    struct asked asked;
    struct document document = {.answer = DOCUMENT_OTHER};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    /* A regular file that cannot be read from its beginning. */
    struct input input = {open("/proc/self/mem", O_RDONLY | O_CLOEXEC), "it"};

    (void)state;
    if (input.fd < 0)
        skip();
    ask(&asked, ska_span(NULL, 0), ska_span(NULL, 0));
    assert_false(document_compare(&input, NULL, &asked.request, &document, &errors));
    assert_raised_with(&recorder, SKA_R_FILE_FAILURE, "reading the document: Input/output error");
    assert_int_equal(recorder.count, 1);
    input_close(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_pdfs_are_found_by_what_is_signed),
        cmocka_unit_test(ranges_that_are_none_are_passed_by),
        cmocka_unit_test(long_numbers_are_none),
        cmocka_unit_test(room_is_for_a_signature),
        cmocka_unit_test(room_is_filled_by_podofo),
        cmocka_unit_test(ranges_are_counted),
        cmocka_unit_test(no_is_said_where_the_right_one_would_be_found),
        cmocka_unit_test(attributes_tell_which_document_it_is),
        cmocka_unit_test(in_attributes_a_file_is_only_a_document),
        cmocka_unit_test(files_are_told_by_what_is_signed),
        cmocka_unit_test(pipes_are_read),
        cmocka_unit_test(files_of_a_folder_are_found),
        cmocka_unit_test(a_failure_is_not_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
