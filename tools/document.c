/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include "provider/base/der.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "tools/show/request_text.h"

/* ---- What is compared ------------------------------------------------------------------------ */

/* A form of the file, on its way into a digest. */
struct hashed {
    EVP_MD_CTX *context;
    uint8_t *start; /* as much of it as tells what else it could be */
    size_t kept;
    uint64_t size;
    bool failed;
};
#define KEPT_MOST (SKA_MEANING_LIMIT + 1)

struct comparison {
    FILE *file; /* can be read from anywhere */
    uint64_t size;
    OSSL_LIB_CTX *libctx;
    const struct ska_errors *errors;
    EVP_MD *md;
    struct hashed hashed;
    uint8_t expected[EVP_MAX_MD_SIZE];
    size_t length;
    const struct document_listener *listener; /* hears each form, and nothing is found; or NULL */
    size_t form;                              /* that is being hashed */
    bool deaf;                                /* the listener has stopped it */
    bool found;
    bool cut; /* found, but only the beginning of the file is signed */
};

struct ska_span document_content(const struct ska_request *request)
{
    return ska_span_of(request->mechanism.form == SKA_PAYLOAD_MESSAGE ? &request->payload
                                                                      : &request->signed_content);
}

bool document_fingerprint(const struct ska_request *request, struct ska_span *value)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span content = document_content(request);

    return ska_content_kind(content) == SKA_CONTENT_ATTRIBUTES
               ? ska_content_document_digest(content, value)
               : request_document_digest(request, &digest, value);
}

enum ska_digest document_digest_of_length(size_t length)
{
    for (int i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        if (ska_digest_length((enum ska_digest)i) == length)
            return (enum ska_digest)i;
    return SKA_DIGEST_NONE;
}

/* Where nothing tells which digest a value is, its length does. */
static enum ska_digest digest_of_value(enum ska_digest named, struct ska_span value)
{
    if (named != SKA_DIGEST_NONE && ska_digest_length(named) == value.length)
        return named;
    return document_digest_of_length(value.length);
}

/* With which digest the key signs what is approved; a message is hashed by the HSM. */
static enum ska_digest signed_digest(const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
        return request->mechanism.digest;
    return request_document_digest(request, &digest, &value) ? digest_of_value(digest, value)
                                                             : SKA_DIGEST_NONE;
}

bool document_is_by_sha1(const struct ska_request *request)
{
    struct ska_span digest = {NULL, 0};

    return signed_digest(request) == SKA_DIGEST_SHA1 ||
           (ska_content_document_digest(document_content(request), &digest) &&
            digest_of_value(SKA_DIGEST_NONE, digest) == SKA_DIGEST_SHA1);
}

static bool want(struct document_wanted *wanted, enum ska_digest digest, struct ska_span value,
                 size_t forms, const struct ska_errors *errors)
{
    digest = digest_of_value(digest, value);
    if (digest == SKA_DIGEST_NONE)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "a digest of %zu bytes: no known algorithm makes it", value.length);
    *wanted = (struct document_wanted){.digest = digest, .length = value.length, .forms = forms};
    memcpy(wanted->value, value.data, value.length);
    return true;
}

/* A message has no digest; one of our own tells whether it is the file. */
static bool want_message(OSSL_LIB_CTX *libctx, struct ska_span message,
                         struct document_wanted *wanted, size_t forms,
                         const struct ska_errors *errors)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    return EVP_Q_digest(libctx, "SHA256", NULL, message.data, message.length, digest, &length) == 1
               ? want(wanted, SKA_DIGEST_SHA256, ska_span(digest, length), forms, errors)
               : ska_fail(errors, SKA_R_INTERNAL, "SHA-256 of a message");
}

/* The digest that the payload is, or is made of. */
static bool want_payload(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                         struct document_wanted *wanted, size_t forms,
                         const struct ska_errors *errors)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
        return want_message(libctx, ska_span_of(&request->payload), wanted, forms, errors);
    if (!request_document_digest(request, &digest, &value))
        return ska_fail(errors, SKA_R_PAYLOAD_REFUSED,
                        "the request contains no digest that a document can be compared with");
    return want(wanted, digest, value, forms, errors);
}

static bool expect(struct comparison *comparison, enum ska_digest digest)
{
    EVP_MD_free(comparison->md);
    comparison->md = EVP_MD_fetch(comparison->libctx, ska_digest_name(digest), NULL);
    return comparison->md != NULL ||
           ska_fail(comparison->errors, SKA_R_INTERNAL, "libcrypto cannot hash with %s",
                    ska_digest_name(digest));
}

/* ---- Forms of a document --------------------------------------------------------------------- */

static bool fail_read(const struct comparison *comparison)
{
    return ska_fail(comparison->errors, SKA_R_FILE_FAILURE, "reading the document: %s",
                    strerror(errno));
}

/*
 * What fails ends like the file; unlike rewind(), restart() forgets no failure, so that this is to
 * be asked once for all that was read before.
 */
static bool was_read(const struct comparison *comparison)
{
    return !ferror(comparison->file) || fail_read(comparison);
}

static bool restart(const struct comparison *comparison)
{
    return fseeko(comparison->file, 0, SEEK_SET) == 0;
}

static bool fail_hash(const struct comparison *comparison)
{
    return ska_fail(comparison->errors, SKA_R_INTERNAL, "hashing failed");
}

static bool hash_begin(struct hashed *hashed, const EVP_MD *md)
{
    hashed->kept = 0;
    hashed->size = 0;
    hashed->failed = EVP_DigestInit_ex2(hashed->context, md, NULL) != 1;
    return !hashed->failed;
}

static bool hash_bytes(struct hashed *hashed, const void *bytes, size_t length)
{
    size_t keep = length < KEPT_MOST - hashed->kept ? length : KEPT_MOST - hashed->kept;

    if (keep > 0)
        memcpy(hashed->start + hashed->kept, bytes, keep);
    hashed->kept += keep;
    hashed->size += length;
    hashed->failed = hashed->failed || EVP_DigestUpdate(hashed->context, bytes, length) != 1;
    return !hashed->failed;
}

/* Hashes so many bytes from here on. */
static bool hash_part(struct comparison *comparison, uint64_t from, uint64_t length)
{
    uint8_t block[16384];

    if (fseeko(comparison->file, (off_t)from, SEEK_SET) != 0)
        return fail_read(comparison);
    while (length > 0) {
        size_t wanted = length < sizeof(block) ? (size_t)length : sizeof(block);
        size_t got = fread(block, 1, wanted, comparison->file);

        if (got == 0)
            return was_read(comparison);
        if (!hash_bytes(&comparison->hashed, block, got))
            return fail_hash(comparison);
        if (length != UINT64_MAX)
            length -= got;
    }
    return true;
}

static struct document_heard form_heard(const struct comparison *comparison, struct ska_span digest)
{
    const struct hashed *hashed = &comparison->hashed;

    return (struct document_heard){
        .form = comparison->form,
        .digest = digest,
        .meaning = ska_content_meaning(ska_span(hashed->start, hashed->kept), hashed->size)};
}

/* False: it is not what is looked for; where a listener hears all forms, none is. */
static bool is_expected(struct comparison *comparison)
{
    const struct document_listener *listener = comparison->listener;
    uint8_t value[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    bool done = EVP_DigestFinal_ex(comparison->hashed.context, value, &length) == 1;
    struct document_heard heard = {0};

    if (listener == NULL)
        return done && length == comparison->length &&
               memcmp(value, comparison->expected, length) == 0;
    heard = form_heard(comparison, ska_span(value, length));
    comparison->deaf = comparison->deaf || !done || !listener->hear(listener->arg, &heard);
    return false;
}

/* Two parts, the second of which may be empty. */
static bool compare_parts(struct comparison *comparison, const uint64_t parts[4])
{
    bool done = (hash_begin(&comparison->hashed, comparison->md) || fail_hash(comparison)) &&
                hash_part(comparison, parts[0], parts[1]) &&
                hash_part(comparison, parts[2], parts[3]);

    comparison->found = done && is_expected(comparison);
    return done;
}

static bool holds_zero_byte(const struct comparison *comparison)
{
    int byte = 0;

    if (!restart(comparison))
        return true;
    do
        byte = getc_unlocked(comparison->file);
    while (byte > 0);
    return byte == 0 || ferror(comparison->file);
}

/* What is written goes into the digest. */
static long hash_written(BIO *sink, int operation, const char *bytes, size_t length, int number,
                         long other, int result, size_t *processed)
{
    (void)number, (void)other, (void)processed;
    return operation != BIO_CB_WRITE ||
                   hash_bytes((struct hashed *)(void *)BIO_get_callback_arg(sink), bytes, length)
               ? result
               : -1;
}

/*
 * Lines ended as in mail, by libcrypto's own means, which leave out what follows a zero byte: then
 * not the file is signed but a part of it.
 */
static bool compare_as_mail(struct comparison *comparison, int flags)
{
    BIO *in = BIO_new_fp(comparison->file, BIO_NOCLOSE);
    BIO *sink = BIO_new(BIO_s_null());
    bool done = in != NULL && sink != NULL && hash_begin(&comparison->hashed, comparison->md);

    if (done) {
        BIO_set_callback_arg(sink, (char *)(void *)&comparison->hashed);
        BIO_set_callback_ex(sink, hash_written);
    }
    done = done && restart(comparison) && SMIME_crlf_copy(in, sink, flags) == 1 &&
           !comparison->hashed.failed && !ferror(comparison->file);
    comparison->found = done && is_expected(comparison);
    BIO_free(in);
    BIO_free(sink);
    comparison->cut = comparison->found && holds_zero_byte(comparison);
    comparison->found = comparison->found && !comparison->cut;
    return done || (was_read(comparison) && fail_hash(comparison));
}

/* ---- PDF ------------------------------------------------------------------------------------- */

/* So many signatures of one document are looked at. */
#define RANGES_MOST 64
/* Behind "/ByteRange": "[0 1234 5678 9]", with room for blanks. */
#define RANGE_TEXT 160
/* Room that is left for a signature. */
#define GAP_MOST ((uint64_t)1024 * 1024)

static const char pdf_begin[] = "%PDF-";
static const char pdf_range[] = "/ByteRange";

static bool pdf_read_number(const char **text, uint64_t *number)
{
    const char *next = *text + strspn(*text, " \t\r\n");
    size_t digits = strspn(next, "0123456789");

    *number = 0;
    if (digits == 0 || digits > 15)
        return false;
    for (size_t i = 0; i < digits; i++)
        *number = *number * 10 + (uint64_t)(next[i] - '0');
    *text = next + digits;
    return true;
}

/* ISO 32000-1, 12.8.1. Two parts that do not overlap. */
static bool pdf_parse_range(const char *text, uint64_t parts[4])
{
    text += strspn(text, " \t\r\n");
    if (*text++ != '[')
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!pdf_read_number(&text, &parts[i]))
            return false;
    text += strspn(text, " \t\r\n");
    return *text == ']' && parts[0] + parts[1] <= parts[2];
}

/* What programs fill the room with: most of them with zeros, PoDoFo with words. */
static const struct {
    const char *text;
    uint64_t length;
} pdf_fillers[] = {{"0", 1},
                   {"###HERE_WILL_BE_SIGNATURE___", sizeof("###HERE_WILL_BE_SIGNATURE___")}};

static bool pdf_is_filled_with(const struct comparison *comparison, uint64_t at, uint64_t length,
                               size_t filler)
{
    if (fseeko(comparison->file, (off_t)at, SEEK_SET) != 0)
        return false;
    for (uint64_t i = 0; i < length; i++)
        if (getc(comparison->file) != pdf_fillers[filler].text[i % pdf_fillers[filler].length])
            return false;
    return true;
}

/* Whether the room for the signature is "<0000>", still empty. */
static bool pdf_gap_is_empty(const struct comparison *comparison, const uint64_t parts[4])
{
    uint64_t left = parts[2] - parts[1];

    if (left < 2 || left > GAP_MOST || fseeko(comparison->file, (off_t)parts[1], SEEK_SET) != 0 ||
        getc(comparison->file) != '<')
        return false;
    for (size_t i = 0; i < sizeof(pdf_fillers) / sizeof(pdf_fillers[0]); i++)
        if (pdf_is_filled_with(comparison, parts[1] + 1, left - 2, i))
            return getc(comparison->file) == '>';
    return false;
}

struct pdf {
    bool is_one;
    bool prepared; /* it has room for a signature that covers all the rest of it */
};

/*
 * Whoever made the file wrote the range too: it counts only where it covers all but the empty room,
 * so that there is nothing else in the file that a person could be shown instead.
 */
static bool pdf_compare_range(struct comparison *comparison, off_t at, struct pdf *pdf)
{
    char text[RANGE_TEXT + 1] = "";
    uint64_t parts[4] = {0};
    size_t got = 0;

    if (fseeko(comparison->file, at, SEEK_SET) != 0)
        return fail_read(comparison);
    got = fread(text, 1, RANGE_TEXT, comparison->file);
    text[got] = 0;
    if (!pdf_parse_range(text, parts) || parts[0] != 0 || parts[2] + parts[3] != comparison->size ||
        !pdf_gap_is_empty(comparison, parts))
        return true;
    pdf->prepared = true;
    return compare_parts(comparison, parts);
}

/* Finds each "/ByteRange" from `from` on; *at: what follows it, or -1. */
static bool pdf_find_range(const struct comparison *comparison, off_t from, off_t *at)
{
    size_t length = strlen(pdf_range);
    size_t matched = 0;
    int byte = 0;

    *at = -1;
    if (fseeko(comparison->file, from, SEEK_SET) != 0)
        return fail_read(comparison);
    while (matched < length && (byte = getc_unlocked(comparison->file)) != EOF) {
        from++;
        /* Its first character is nowhere else in it. */
        matched = byte == pdf_range[matched] ? matched + 1 : byte == pdf_range[0];
    }
    if (matched == length)
        *at = from;
    return was_read(comparison);
}

static bool compare_as_pdf(struct comparison *comparison, struct pdf *pdf)
{
    off_t at = 0;

    for (size_t i = 0; i < RANGES_MOST && !comparison->found; i++) {
        off_t next = 0;

        if (!pdf_find_range(comparison, at, &next))
            return false;
        if (next < 0)
            break;
        if (!pdf_compare_range(comparison, next, pdf))
            return false;
        at = next;
    }
    return true;
}

static bool is_pdf(const struct comparison *comparison)
{
    char begin[sizeof(pdf_begin)] = "";

    return restart(comparison) &&
           fread(begin, 1, strlen(pdf_begin), comparison->file) == strlen(pdf_begin) &&
           strcmp(begin, pdf_begin) == 0;
}

/* ---- All forms ------------------------------------------------------------------------------- */

struct form {
    const char *name;
    bool (*compare)(struct comparison *comparison, struct pdf *pdf);
};

static bool form_as_it_is(struct comparison *comparison, struct pdf *pdf)
{
    (void)pdf;
    return compare_parts(comparison, (const uint64_t[4]){0, UINT64_MAX, 0, 0});
}

static bool form_mail(struct comparison *comparison, struct pdf *pdf)
{
    (void)pdf;
    if (comparison->listener != NULL && holds_zero_byte(comparison))
        return true; /* not all of it would be signed */
    return compare_as_mail(comparison, 0) &&
           (comparison->found || comparison->cut || compare_as_mail(comparison, SMIME_TEXT));
}

static bool form_pdf(struct comparison *comparison, struct pdf *pdf)
{
    pdf->is_one = is_pdf(comparison);
    return !pdf->is_one || compare_as_pdf(comparison, pdf);
}

#define FORMS 3
static const struct form forms[FORMS] = {
    {"to the last byte", form_as_it_is},
    {"the same text, with line ends as mail has them", form_mail},
    {"all of it except the space for this signature", form_pdf},
};

static bool compare_forms(struct comparison *comparison, size_t count, struct pdf *pdf)
{
    for (size_t i = 0; i < count && !comparison->found && !comparison->deaf; i++) {
        comparison->form = i;
        if (!forms[i].compare(comparison, pdf))
            return false;
    }
    return true;
}

/* What attributes of CMS sign is the document itself, and not some structure about it. */
static bool is_of_data(struct ska_span content)
{
    struct ska_span type = {NULL, 0};

    return ska_content_type(content, &type) && ska_der_object_is(type, NID_pkcs7_data);
}

/* What attributes of CMS say they sign; and whatever is signed directly. */
bool document_wanted(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                     struct document_wanted wanted[DOCUMENT_WANTED_MOST], size_t *count,
                     const struct ska_errors *errors)
{
    struct ska_span content = document_content(request);
    struct ska_span digest = {NULL, 0};
    bool attributes = ska_content_kind(content) == SKA_CONTENT_ATTRIBUTES &&
                      ska_content_document_digest(content, &digest);

    *count = 0;
    /* What is about something else is compared with nothing: why_not_compared(). */
    if (attributes && !is_of_data(content))
        return true;
    if (attributes) {
        if (!want(&wanted[*count], SKA_DIGEST_NONE, digest, FORMS, errors))
            return false;
        wanted[(*count)++].inside = true;
    }
    return want_payload(libctx, request, &wanted[(*count)++], attributes ? 1 : FORMS, errors);
}

/* *found: the one of them that the file has, or NULL. */
static bool compare_all(struct comparison *comparison, const struct document_wanted *wanted,
                        size_t count, struct pdf *pdf, const struct document_wanted **found)
{
    *found = NULL;
    for (size_t i = 0; i < count && !comparison->found; i++) {
        memcpy(comparison->expected, wanted[i].value, wanted[i].length);
        comparison->length = wanted[i].length;
        if (!expect(comparison, wanted[i].digest) ||
            !compare_forms(comparison, wanted[i].forms, pdf))
            return false;
        *found = comparison->found ? &wanted[i] : NULL;
    }
    return true;
}

/* ---- Whether "no" can be said ---------------------------------------------------------------- */

/* Files that have their signature inside: what is hashed of them is not the file. */
static bool is_signed_inside(const struct comparison *comparison)
{
    static const char *const begins[] = {"%PDF-",      "<",  "\xEF\xBB\xBF<",
                                         "PK\x03\x04", "MZ", "\xD0\xCF\x11\xE0"};
    char begin[8] = "";

    if (!restart(comparison) || fread(begin, 1, sizeof(begin), comparison->file) < sizeof(begin))
        return false;
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (memcmp(begin, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

/* The same where nothing is shown of what was hashed. */
static const char *why_unseen(const struct comparison *comparison,
                              const struct ska_request *request)
{
    switch (request->no_content) {
    case SKA_NO_CONTENT_UNSAID:
        return "the request does not show what was hashed";
    case SKA_NO_CONTENT_DIGEST_GIVEN:
        return is_signed_inside(comparison) ? "the program that asks has hashed it by itself, "
                                              "perhaps only a part of it, and "
                                              "the request does not show which"
                                            : NULL;
    case SKA_NO_CONTENT_NO_STRUCTURE:
    case SKA_NO_CONTENT_TOO_LONG:
        break;
    }
    return NULL;
}

/* Why the right document might not have been found; NULL: it would have been. */
static const char *why_not_compared(const struct comparison *comparison,
                                    const struct ska_request *request, const struct pdf *pdf)
{
    struct ska_span content = document_content(request);
    enum ska_content_kind kind = ska_content_kind(content);
    const char *why = NULL;

    if (kind == SKA_CONTENT_ATTRIBUTES && !is_of_data(content))
        return "what would be signed is not a file but something about one, which only the program "
               "that asks can make";
    if (kind != SKA_CONTENT_ATTRIBUTES && kind != SKA_CONTENT_OTHER)
        return "what would be signed is not a document";
    if (comparison->cut)
        return "it holds a zero byte, and of what follows that nothing would be signed: have it "
               "signed as it is (-binary)";
    if (content.length == 0)
        why = why_unseen(comparison, request);
    if (why == NULL && pdf->is_one && !pdf->prepared)
        why = "signing changes a PDF. Ask for the prepared file, which has room for this signature";
    return why;
}

/* ---- The file -------------------------------------------------------------------------------- */

static FILE *open_to_seek(const struct input *input, const struct ska_errors *errors)
{
    struct stat status;
    bool regular = fstat(input->fd, &status) == 0 && S_ISREG(status.st_mode);
    int fd = regular ? dup(input->fd) : -1;
    FILE *file = regular ? fd < 0 ? NULL : fdopen(fd, "rb") : tmpfile();

    if (file == NULL) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", input->shown, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!regular && !input_copy(input, file, errors)) {
        fclose(file);
        return NULL;
    }
    return file;
}

static bool open_comparison(struct comparison *comparison, const struct input *input)
{
    comparison->file = open_to_seek(input, comparison->errors);
    if (comparison->file == NULL)
        return false;
    comparison->hashed.context = EVP_MD_CTX_new();
    comparison->hashed.start = malloc(KEPT_MOST);
    if (comparison->hashed.context == NULL || comparison->hashed.start == NULL)
        return ska_fail(comparison->errors, SKA_R_OUT_OF_MEMORY, "for the document");
    if (fseeko(comparison->file, 0, SEEK_END) == 0)
        comparison->size = (uint64_t)ftello(comparison->file);
    return true;
}

static void close_comparison(struct comparison *comparison)
{
    if (comparison->file != NULL)
        fclose(comparison->file);
    EVP_MD_free(comparison->md);
    EVP_MD_CTX_free(comparison->hashed.context);
    free(comparison->hashed.start);
}

bool document_compare(const struct input *input, OSSL_LIB_CTX *libctx,
                      const struct ska_request *request, struct document *document,
                      const struct ska_errors *errors)
{
    struct comparison comparison = {.libctx = libctx, .errors = errors};
    struct document_wanted wanted[DOCUMENT_WANTED_MOST];
    const struct document_wanted *found = NULL;
    struct pdf pdf = {0};
    size_t count = 0;
    bool done = open_comparison(&comparison, input) &&
                document_wanted(libctx, request, wanted, &count, errors) &&
                compare_all(&comparison, wanted, count, &pdf, &found) && was_read(&comparison);

    if (done && found != NULL) {
        struct document_heard heard = form_heard(&comparison, ska_span(NULL, 0));

        *document = document_found(document->path, found, &heard);
    } else if (done) {
        const char *reason = why_not_compared(&comparison, request, &pdf);

        *document = (struct document){.path = document->path, .reason = reason};
        document->answer = reason == NULL ? DOCUMENT_OTHER : DOCUMENT_NOT_COMPARED;
    }
    close_comparison(&comparison);
    return done;
}

struct document document_found(const char *path, const struct document_wanted *wanted,
                               const struct document_heard *heard)
{
    return (struct document){.path = path,
                             .answer = DOCUMENT_SAME,
                             .form = forms[heard->form].name,
                             .as_it_is = heard->form == 0,
                             .meaning = wanted->inside ? SKA_MEANS_DOCUMENT : heard->meaning};
}

bool document_hash(const struct input *input, OSSL_LIB_CTX *libctx, enum ska_digest digest,
                   const struct document_listener *listener, const struct ska_errors *errors)
{
    struct comparison comparison = {.libctx = libctx, .errors = errors, .listener = listener};
    struct pdf pdf = {0};
    bool done = open_comparison(&comparison, input) && expect(&comparison, digest) &&
                compare_forms(&comparison, FORMS, &pdf) && !comparison.deaf &&
                was_read(&comparison);

    close_comparison(&comparison);
    return done;
}
