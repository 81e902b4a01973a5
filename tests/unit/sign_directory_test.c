/* SPDX-License-Identifier: Apache-2.0 */
/* An approvals directory in the hands of others: what is refused, what is ignored, what is kept. */
#include "cmocka_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/base/clock.h"
#include "provider/record/evidence.h"
#include "provider/sign/answers.h"
#include "provider/sign/same_document.h"
#include "provider/sign/watch.h"
#include "provider/base/file.h"

static char path[64];
static enum ska_reason last_reason;

static void record(void *arg, enum ska_reason reason, const char *file, int line,
                   const char *function, const char *format, va_list args)
{
    (void)arg, (void)file, (void)line, (void)function, (void)format, (void)args;
    last_reason = reason;
}

static const struct ska_errors errors = {record, NULL};

static int setup(void **state)
{
    (void)state;
    last_reason = 0;
    strcpy(path, "/tmp/ska-dir-XXXXXX");
    return mkdtemp(path) == NULL;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf -- %s", path);
    return system(command);
}

static EVP_PKEY *approver;

static void public_key(EVP_PKEY *key, struct ska_bytes *to)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);

    assert_true(length > 0);
    assert_true(ska_bytes_copy(to, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
}

static struct ska_request *make_request(const char *label)
{
    struct ska_request *request = calloc(1, sizeof(*request));
    struct ska_approval_token token = {.operation = SKA_OPERATION_SIGN, .has_payload = true};
    uint8_t digest[32];

    assert_non_null(request);
    memset(digest, 0xA5, sizeof(digest));
    request->operation = SKA_OPERATION_SIGN;
    request->key_label = strdup(label);
    public_key(approver, &request->public_key);
    request->mechanism.scheme = SKA_SCHEME_ECDSA;
    request->mechanism.form = SKA_PAYLOAD_DIGEST;
    request->mechanism.digest = SKA_DIGEST_SHA256;
    assert_true(ska_bytes_copy(&request->payload, ska_span(digest, sizeof(digest)), NULL));
    token.key_name = ska_span_text(label);
    token.payload = ska_span_of(&request->payload);
    assert_true(ska_approval_token_encode(&token, &request->approval_token, NULL));
    assert_true(ska_request_identify(request, NULL, NULL));
    return request;
}

static void approve(const struct ska_request *request, struct ska_approval *approval)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t signature[256];
    size_t length = sizeof(signature);

    memset(approval, 0, sizeof(*approval));
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, approver), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &length, request->approval_token.data,
                                    request->approval_token.length),
                     1);
    EVP_MD_CTX_free(md);
    strcpy(approval->digest, "SHA-256");
    public_key(approver, &approval->signer);
    public_key(approver, &approval->public_key);
    assert_true(ska_bytes_copy(&approval->signature, ska_span(signature, length), NULL));
}

static void put(const char *name, struct ska_span content)
{
    struct ska_file_place place;
    char full[320];

    snprintf(full, sizeof(full), "%s/%s", path, name);
    assert_true(ska_file_place_open(&place, full, NULL));
    assert_true(ska_file_place_replace(&place, content, 0640, NULL));
    ska_file_place_close(&place);
}

static void put_approval(const struct ska_request *request, const char *middle)
{
    struct ska_approval approval;
    struct ska_bytes text = {NULL, 0};
    char name[160];

    approve(request, &approval);
    assert_true(ska_approval_print(&approval, &text, NULL));
    snprintf(name, sizeof(name), "%s.%s.approval.json", request->id, middle);
    put(name, ska_span_of(&text));
    ska_bytes_free(&text);
    ska_bytes_free(&approval.signer);
    ska_bytes_free(&approval.public_key);
    ska_bytes_free(&approval.signature);
}

static struct ska_directory *open_it(void)
{
    struct ska_directory *directory = NULL;

    assert_true(ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &errors));
    return directory;
}

static void refuses_mode(mode_t mode)
{
    struct ska_directory *directory = NULL;

    last_reason = 0;
    assert_int_equal(chmod(path, mode), 0);
    assert_false(ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &errors));
    assert_int_equal(last_reason, SKA_R_DIRECTORY_UNSAFE);
}

static void refuses_unsafe_directories(void **state)
{
    struct ska_directory *directory = NULL;

    (void)state;
    refuses_mode(0777);
    refuses_mode(01777);
    refuses_mode(0770);
    assert_int_equal(chmod(path, 01770), 0);
    assert_true(ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &errors));
    ska_directory_close(directory);
    if (geteuid() == 0) {
        assert_int_equal(chmod(path, 0700), 0);
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_false(ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &errors));
        assert_int_equal(last_reason, SKA_R_DIRECTORY_UNSAFE);
    }
}

/* What stands under the name of this request; *found (may be NULL) is the caller's. */
static enum ska_name_state find(const struct ska_directory *directory,
                                const struct ska_request *request, struct ska_request **found)
{
    struct ska_standing_request standing;
    enum ska_name_state state = SKA_NAME_FREE;

    assert_true(ska_directory_find(directory, request->id, &standing, &errors));
    state = standing.state;
    if (found != NULL) {
        *found = standing.request;
        standing.request = NULL;
    }
    ska_standing_request_clear(&standing);
    return state;
}

/* SKA_NAME_FREE: it has its name now, and nobody works on it. */
static enum ska_name_state publish(const struct ska_directory *directory,
                                   const struct ska_request *request,
                                   const struct ska_request *expired)
{
    struct ska_standing_request standing;
    enum ska_name_state state = SKA_NAME_FREE;

    assert_true(ska_directory_publish(directory, request, expired, &standing, &errors));
    state = standing.state;
    ska_standing_request_clear(&standing);
    return state;
}

/* As a process that works on it, and no other does. */
static void finish_held(const struct ska_directory *directory, const struct ska_request *request)
{
    struct ska_standing_request standing;

    assert_true(ska_directory_find(directory, request->id, &standing, &errors));
    assert_true(standing.hold >= 0);
    ska_directory_finish(directory, request, standing.hold, NULL);
    standing.hold = -1;
    ska_standing_request_clear(&standing);
}

static void finds_what_it_published(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_request *other = make_request("other");
    struct ska_request *found = NULL;
    char name[320];
    struct stat status;

    (void)state;
    assert_int_equal(find(directory, request, NULL), SKA_NAME_FREE);
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    assert_int_equal(find(directory, request, &found), SKA_NAME_OWN);
    assert_true(
        ska_span_equal(ska_span_of(&found->approval_token), ska_span_of(&request->approval_token)));
    ska_request_free(found);
    snprintf(name, sizeof(name), "%s/%s.request.json", path, request->id);
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(status.st_nlink, 1);
    assert_int_equal(find(directory, other, NULL), SKA_NAME_FREE);
    /* Another process with the same request finds the one that stands. */
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_OWN);
    ska_request_free(other);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* Nothing that is no request of this id is replaced, and the next attempt has another name. */
static void is_passed_by(struct ska_directory *directory, const char *full)
{
    struct ska_request *request = make_request("seal");
    struct ska_request *found = NULL;
    struct stat before;
    struct stat after;

    assert_int_equal(lstat(full, &before), 0);
    assert_int_equal(find(directory, request, NULL), SKA_NAME_TAKEN);
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_TAKEN);
    assert_int_equal(publish(directory, request, request), SKA_NAME_TAKEN);
    ska_directory_finish(directory, request, -1, NULL);
    request->attempt = 1;
    assert_true(ska_request_identify(request, NULL, NULL));
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    assert_int_equal(find(directory, request, &found), SKA_NAME_OWN);
    assert_int_equal(found->attempt, 1);
    ska_request_free(found);
    ska_directory_finish(directory, request, -1, NULL);
    assert_int_equal(lstat(full, &after),
                     before.st_uid == geteuid() && !S_ISDIR(before.st_mode) ? -1 : 0);
    ska_request_free(request);
}

static void passes_by_what_is_no_request(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_request *other = make_request("other");
    struct ska_bytes text = {NULL, 0};
    char name[160];
    char full[320];

    (void)state;
    snprintf(name, sizeof(name), "%s.request.json", request->id);
    snprintf(full, sizeof(full), "%s/%s", path, name);
    put(name, ska_span_text("nothing"));
    is_passed_by(directory, full);
    /* A request, but of another id. */
    assert_true(ska_request_print(other, &text, NULL));
    put(name, ska_span_of(&text));
    is_passed_by(directory, full);
    assert_int_equal(symlink("/etc/passwd", full), 0);
    is_passed_by(directory, full);
    assert_int_equal(mkfifo(full, 0666), 0);
    is_passed_by(directory, full);
    assert_int_equal(mkdir(full, 0700), 0);
    is_passed_by(directory, full);
    assert_int_equal(rmdir(full), 0);
    /* The very request that is wanted, but of another user. */
    if (geteuid() == 0) {
        ska_bytes_free(&text);
        assert_true(ska_request_print(request, &text, NULL));
        put(name, ska_span_of(&text));
        assert_int_equal(find(directory, request, NULL), SKA_NAME_OWN);
        assert_int_equal(chown(full, 12345, 12345), 0);
        assert_int_equal(find(directory, request, NULL), SKA_NAME_TAKEN);
        assert_int_equal(publish(directory, request, request), SKA_NAME_TAKEN);
    }
    ska_bytes_free(&text);
    ska_request_free(other);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* Answers to a request, and a ballot by no rule. */
struct reading {
    struct ska_answers *answers;
    struct ska_ballot ballot;
};

static void start_reading(struct reading *reading, struct ska_request *request)
{
    memset(reading, 0, sizeof(*reading));
    reading->ballot.request = request;
    assert_true(ska_answers_new(&reading->answers, &errors));
    assert_true(ska_ballot_open(&reading->ballot, &errors));
}

static void look_until(struct reading *reading, const struct ska_directory *directory,
                       int64_t until)
{
    const struct ska_look look = {.directory = directory, .until = until};

    assert_true(ska_answers_look(reading->answers, &look, &reading->ballot, &errors));
}

static void look(struct reading *reading, const struct ska_directory *directory)
{
    look_until(reading, directory, INT64_MAX);
}

static void end_reading(struct reading *reading)
{
    ska_answers_free(reading->answers);
    ska_ballot_close(&reading->ballot);
}

/* One look with nothing read before. */
static void collect(const struct ska_directory *directory, struct ska_request *request,
                    struct ska_buffer *notes)
{
    struct reading reading;

    start_reading(&reading, request);
    look(&reading, directory);
    ska_answers_tell(reading.answers, notes);
    end_reading(&reading);
}

static void collects_good_and_names_bad(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_buffer notes = {0};
    char name[200];
    char full[300];

    (void)state;
    put_approval(request, "alice");
    put_approval(request, "bob.again");
    snprintf(name, sizeof(name), "%s.half.approval.json", request->id);
    put(name, ska_span_text("{\"approverPublicKey\": \"MFk"));
    snprintf(full, sizeof(full), "%s/%s.fifo.approval.json", path, request->id);
    assert_int_equal(mkfifo(full, 0600), 0);
    snprintf(full, sizeof(full), "%s/%s.link.approval.json", path, request->id);
    assert_int_equal(symlink("/etc/passwd", full), 0);
    snprintf(full, sizeof(full), "%s/%s.dir.approval.json", path, request->id);
    assert_int_equal(mkdir(full, 0700), 0);
    put("0000.x.approval.json", ska_span_text("{}"));
    put("unrelated", ska_span_text("{}"));

    alarm(10);
    collect(directory, request, &notes);
    alarm(0);
    assert_int_equal(request->approval_count, 1); /* alice and bob are the same key */
    ska_buffer_add(&notes, "", 1);
    assert_non_null(strstr((const char *)notes.data, ".half.approval.json"));
    assert_non_null(strstr((const char *)notes.data, ".fifo.approval.json"));
    assert_non_null(strstr((const char *)notes.data, ".link.approval.json"));
    assert_non_null(strstr((const char *)notes.data, ".dir.approval.json"));
    assert_null(strstr((const char *)notes.data, "unrelated"));
    ska_buffer_free(&notes);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* A half file that is completed later counts then, and is not complained of any more. */
static void looks_again_at_what_has_changed(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct reading reading;
    struct ska_buffer notes = {0};
    char name[200];

    (void)state;
    start_reading(&reading, request);
    snprintf(name, sizeof(name), "%s.alice.approval.json", request->id);
    put(name, ska_span_text("{\"approverPublicKey\": \"MFk"));
    look(&reading, directory);
    assert_int_equal(request->approval_count, 0);
    ska_answers_tell(reading.answers, &notes);
    assert_true(notes.length > 0);
    notes.length = 0;

    assert_int_equal(unlinkat(ska_directory_fd(directory), name, 0), 0);
    put_approval(request, "alice");
    look(&reading, directory);
    assert_int_equal(request->approval_count, 1);
    look(&reading, directory);
    assert_int_equal(request->approval_count, 1);
    ska_answers_tell(reading.answers, &notes);
    assert_int_equal(notes.length, 0);
    /* No time: nothing is looked at. */
    put_approval(request, "bob");
    look_until(&reading, directory, 0);
    ska_answers_tell(reading.answers, &notes);
    assert_non_null(strstr(ska_buffer_string(&notes), "not all were looked at"));
    notes.length = 0;
    look(&reading, directory);
    ska_answers_tell(reading.answers, &notes);
    assert_non_null(strstr(ska_buffer_string(&notes), "has already approved it"));
    ska_buffer_free(&notes);
    end_reading(&reading);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* The same for another time of the HSM. */
static struct ska_request *make_later_request(void)
{
    struct ska_request *request = make_request("seal");

    /* No token has a payload of another length, but nobody looks at that here. */
    request->approval_token.data[request->approval_token.length - 1] ^= 1;
    request->payload.data[request->payload.length - 1] ^= 1;
    return request;
}

/*
 * What has expired is replaced, and the approvals of its token go; what another process has put
 * there meanwhile stays.
 */
static void replaces_an_expired_request(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *old = make_request("seal");
    struct ska_request *fresh = make_later_request();
    struct ska_request *standing = NULL;
    struct ska_buffer notes = {0};

    (void)state;
    fresh->description = strdup("fresh");
    assert_int_equal(publish(directory, old, NULL), SKA_NAME_FREE);
    put_approval(old, "alice");
    assert_int_equal(publish(directory, fresh, old), SKA_NAME_FREE);
    assert_int_equal(find(directory, fresh, &standing), SKA_NAME_OWN);
    assert_string_equal(standing->description, "fresh");
    collect(directory, standing, &notes);
    assert_int_equal(standing->approval_count, 0);
    assert_int_equal(notes.length, 0);
    ska_request_free(standing);

    /* Another token stands there than the one that expired: it stays. */
    put_approval(fresh, "alice");
    assert_int_equal(publish(directory, old, old), SKA_NAME_OWN);
    assert_int_equal(find(directory, fresh, &standing), SKA_NAME_OWN);
    collect(directory, standing, &notes);
    assert_int_equal(standing->approval_count, 1);
    ska_request_free(standing);

    /* With the same token, and other words, its approvals are good for the next one too. */
    free(fresh->description);
    fresh->description = strdup("fresher");
    assert_int_equal(publish(directory, fresh, fresh), SKA_NAME_FREE);
    assert_int_equal(find(directory, fresh, &standing), SKA_NAME_OWN);
    assert_string_equal(standing->description, "fresher");
    collect(directory, standing, &notes);
    assert_int_equal(standing->approval_count, 1);
    ska_request_free(standing);
    ska_buffer_free(&notes);
    ska_request_free(fresh);
    ska_request_free(old);
    ska_directory_close(directory);
}

static int count_entries(const char *where)
{
    DIR *listing = opendir(where);
    int count = 0;

    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static void evidence_is_kept_and_the_request_closed(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_evidence *evidence = NULL;
    char done[128];

    (void)state;
    snprintf(done, sizeof(done), "%s/done", path);
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    put_approval(request, "alice");
    assert_true(ska_evidence_begin(ska_directory_fd(directory), path, request, &evidence, &errors));
    ska_evidence_abandon(evidence);
    assert_int_equal(count_entries(done), 0);
    assert_true(ska_evidence_begin(ska_directory_fd(directory), path, request, &evidence, &errors));
    assert_true(ska_evidence_finish(evidence, NULL, request, ska_span_text("signature"), &errors));
    assert_int_equal(count_entries(done), 1);
    ska_directory_finish(directory, request, -1, NULL);
    assert_int_equal(count_entries(path), 1); /* done */
    ska_request_free(request);
    ska_directory_close(directory);
}

/* A signature's evidence; the folder that it went to, of `path`. */
static void keep_evidence(struct ska_directory *directory, char folder[128])
{
    struct ska_request *request = make_request("seal");
    struct ska_evidence *evidence = NULL;
    char *shown = NULL;
    int place = -1;

    assert_true(ska_evidence_begin(ska_directory_fd(directory), path, request, &evidence, &errors));
    assert_true(ska_evidence_finish(evidence, NULL, request, ska_span_text("signature"), &errors));
    assert_true(ska_evidence_place(ska_directory_fd(directory), path, &place, &shown, &errors));
    snprintf(folder, 128, "%s", shown);
    close(place);
    free(shown);
    ska_request_free(request);
}

/* Where done/ is in other hands evidence goes elsewhere, and always to the same place. */
static void passes_by_a_planted_done(void **state)
{
    struct ska_directory *directory = open_it();
    char done[128];
    char folder[128];
    char again[128];

    (void)state;
    snprintf(done, sizeof(done), "%s/done", path);
    assert_int_equal(symlink("/tmp", done), 0);
    keep_evidence(directory, folder);
    assert_string_not_equal(folder, done);
    assert_int_equal(strncmp(folder, done, strlen(done)), 0);
    assert_int_equal(count_entries(folder), 1);
    unlink(done);
    put("done", ska_span_text("a file"));
    keep_evidence(directory, again);
    assert_string_equal(again, folder);
    assert_int_equal(count_entries(folder), 2);
    unlink(done);
    if (geteuid() == 0) {
        assert_int_equal(mkdir(done, 0777), 0);
        assert_int_equal(chown(done, 12345, 12345), 0);
        /* Somebody tries the other names as well. */
        snprintf(again, sizeof(again), "%s/done.0", path);
        assert_int_equal(mkdir(again, 0777), 0);
        assert_int_equal(chown(again, 12345, 12345), 0);
        keep_evidence(directory, again);
        assert_string_equal(again, folder);
        assert_int_equal(count_entries(done), 0);
        assert_int_equal(rmdir(done), 0);
    }
    /* Where nobody stands in the way it is done/ again. */
    keep_evidence(directory, again);
    assert_string_equal(again, done);
    ska_directory_close(directory);
}

/* One of our own that others may write to is a mistake that somebody has to know of. */
static void an_open_done_is_refused(void **state)
{
    static const mode_t modes[] = {0777, 0770, 0720, 0702};
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_evidence *evidence = NULL;
    char done[128];

    (void)state;
    snprintf(done, sizeof(done), "%s/done", path);
    assert_int_equal(mkdir(done, 0700), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        last_reason = 0;
        assert_int_equal(chmod(done, modes[i]), 0);
        assert_false(
            ska_evidence_begin(ska_directory_fd(directory), path, request, &evidence, &errors));
        assert_int_equal(last_reason, SKA_R_DIRECTORY_UNSAFE);
    }
    assert_int_equal(count_entries(done), 0);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* What a writer does with a file that has all its content, and no other name yet. */
static void (*while_writing)(void);

/* What was synced, "f" for a file and "d" for a directory, and after how many it fails. */
static char synced[32];
static size_t syncs_left = SIZE_MAX;

int fsync(int fd)
{
    size_t count = strlen(synced);
    struct stat status;

    if (while_writing != NULL)
        while_writing();
    if (syncs_left-- == 0) {
        syncs_left = 0;
        errno = EIO;
        return -1;
    }
    if (count + 1 < sizeof(synced) && fstat(fd, &status) == 0) {
        synced[count] = S_ISDIR(status.st_mode) ? 'd' : 'f';
        synced[count + 1] = 0;
    }
    return (int)syscall(SYS_fsync, fd);
}

/*
 * After a power cut the folder is not there with names but without content: first its files, then
 * its names, then its own name. If any of it fails there is no evidence.
 */
static void evidence_is_brought_to_the_disk(void **state)
{
    static const char before[] = "ff";   /* request and token */
    static const char after[] = "fffdd"; /* with the signature, its file, manifest; folder; done/ */
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");

    (void)state;
    for (size_t failing = 0; failing <= strlen(after); failing++) {
        struct ska_evidence *evidence = NULL;
        bool finished = false;

        memset(synced, 0, sizeof(synced));
        assert_true(
            ska_evidence_begin(ska_directory_fd(directory), path, request, &evidence, &errors));
        assert_string_equal(synced, before);
        memset(synced, 0, sizeof(synced));
        syncs_left = failing;
        finished =
            ska_evidence_finish(evidence, NULL, request, ska_span_text("signature"), &errors);
        syncs_left = SIZE_MAX;
        assert_int_equal(finished, failing == strlen(after));
        assert_int_equal(request->evidence[0] != 0, finished);
        assert_int_equal(strncmp(synced, after, failing), 0);
        assert_int_equal(strlen(synced), failing);
    }
    ska_request_free(request);
    ska_directory_close(directory);
}

static void is_killed(void)
{
    raise(SIGKILL);
}

static void is_stopped(void)
{
    raise(SIGSTOP);
}

/* A process that publishes the request, and what wait() said of it. */
static pid_t publish_elsewhere(void (*meanwhile)(void), int *status)
{
    pid_t child = fork();

    if (child == 0) {
        struct ska_standing_request standing;
        struct ska_request *request = make_request("seal");
        struct ska_directory *directory = open_it();

        while_writing = meanwhile;
        _exit(ska_directory_publish(directory, request, NULL, &standing, &errors) ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, status, WUNTRACED), child);
    return child;
}

/* Somebody signs what the others publish too, and cleans up. */
static void publish_and_finish(void)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");

    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    finish_held(directory, request);
    ska_request_free(request);
    ska_directory_close(directory);
}

static void what_a_killed_writer_began_goes(void **state)
{
    int status = 0;

    (void)state;
    publish_elsewhere(is_killed, &status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(count_entries(path), 1);
    publish_and_finish();
    assert_int_equal(count_entries(path), 0);
}

/* Killed a moment later: the request has its name already, and the first one still. */
static void both_names_of_a_request_go(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    char name[200];
    char first[200];

    (void)state;
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    snprintf(name, sizeof(name), "%s/%s.request.json", path, request->id);
    snprintf(first, sizeof(first), "%s/.%s.0123.tmp", path, request->id);
    assert_int_equal(link(name, first), 0);
    finish_held(directory, request);
    assert_int_equal(count_entries(path), 0);
    ska_request_free(request);
    ska_directory_close(directory);
}

static void what_another_writes_stays(void **state)
{
    int status = 0;
    pid_t child = 0;

    (void)state;
    child = publish_elsewhere(is_stopped, &status);
    assert_true(WIFSTOPPED(status));
    publish_and_finish();
    assert_int_equal(count_entries(path), 1);
    assert_int_equal(kill(child, SIGCONT), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(count_entries(path), 1); /* its request */
}

/* A process that is short of descriptors at that moment loses no approval, and replaces nothing. */
static void short_of_descriptors_is_no_verdict(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_standing_request standing;
    struct reading reading;
    struct ska_directory_names names = {0};
    struct rlimit limit;
    struct rlimit low;
    int next = -1;

    (void)state;
    start_reading(&reading, request);
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    put_approval(request, "alice");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    next = dup(STDERR_FILENO);
    close(next);
    low = limit;
    assert_true(ska_directory_list(directory, &names, &errors));
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_true(ska_answers_look(
        reading.answers,
        &(struct ska_look){.directory = directory, .names = &names, .until = INT64_MAX},
        &reading.ballot, &errors));
    assert_int_equal(request->approval_count, 0);
    assert_false(ska_directory_find(directory, request->id, &standing, &errors));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_null(standing.request);

    look(&reading, directory);
    assert_int_equal(request->approval_count, 1);
    ska_directory_names_free(&names);
    end_reading(&reading);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* A file with so many wrong approvals, and then so many good ones. */
static void put_answers(const struct ska_request *request, const char *middle, size_t count,
                        size_t good)
{
    struct ska_request *file = make_request("seal");
    struct ska_approval approval;
    struct ska_bytes text = {NULL, 0};
    char name[160];

    for (size_t i = 0; i < count + good; i++) {
        approve(request, &approval);
        if (i < count)
            approval.signature.data[approval.signature.length - 1] ^= 1;
        assert_true(ska_request_add_approval(file, &approval, NULL));
    }
    assert_true(ska_request_print(file, &text, NULL));
    snprintf(name, sizeof(name), "%s.%s.approval.json", request->id, middle);
    put(name, ska_span_of(&text));
    ska_bytes_free(&text);
    ska_request_free(file);
}

static void put_wrong_ones(const struct ska_request *request, const char *middle, size_t count)
{
    put_answers(request, middle, count, 1);
}

/* Verifying all that somebody writes could take longer than there is time. */
static void a_file_of_wrong_ones_is_left(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_buffer notes = {0};

    (void)state;
    put_wrong_ones(request, "many", 100);
    collect(directory, request, &notes);
    assert_int_equal(request->approval_count, 0);
    assert_true(notes.length > 0);
    put_wrong_ones(request, "some", 99);
    collect(directory, request, &notes);
    assert_int_equal(request->approval_count, 1);
    ska_buffer_free(&notes);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* A file of a request whose id is these digits, and then others. */
static void put_request_name(const char *start, char fill)
{
    char name[160];
    size_t length = strlen(start);

    memset(name, fill, SKA_REQUEST_ID_LENGTH);
    memcpy(name, start, length);
    strcpy(name + SKA_REQUEST_ID_LENGTH, ".request.json");
    put(name, ska_span_text("{}"));
}

/* Ids are shown, and can be given, as long as tells them apart. */
static void ids_are_as_long_as_is_unique(void **state)
{
    static const struct {
        const char *start;
        size_t length;
    } expected[] = {{"00000000000000000000a", 21},
                    {"00000000000000000000bc", 22},
                    {"00000000000000000000bf", 22},
                    {"1", 16}};
    struct ska_directory *directory = open_it();
    struct ska_directory_names names = {0};
    char id[SKA_REQUEST_ID_LENGTH + 1];
    char given[SKA_REQUEST_ID_LENGTH + 1];
    size_t requests = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        put_request_name(expected[i].start, 'f');
    /* An answer is no request. */
    put("1fffffffffffffff000000000000000000000000000000000000000000000000.x.approval.json",
        ska_span_text("{}"));
    assert_true(ska_directory_list(directory, &names, &errors));
    for (size_t i = 0; i < names.count; i++) {
        size_t length = ska_directory_names_unique(&names, names.names[i]);

        if (ska_file_kind_of(names.names[i]) != SKA_FILE_REQUEST)
            continue;
        snprintf(given, sizeof(given), "%.*s", (int)length, names.names[i]);
        assert_true(ska_directory_find_id(directory, given, id, &errors));
        assert_int_equal(strncmp(id, names.names[i], SKA_REQUEST_ID_LENGTH), 0);
        assert_int_equal(length, expected[requests].length);
        if (length > SKA_REQUEST_ID_SHORT) {
            given[length - 1] = 0;
            last_reason = 0;
            assert_false(ska_directory_find_id(directory, given, id, &errors));
            assert_int_equal(last_reason, SKA_R_WRONG_USE);
        }
        requests++;
    }
    assert_int_equal(requests, 4);
    ska_directory_names_free(&names);
    ska_directory_close(directory);
}

/* Takes longer than there is time, at the first answer. */
static bool hear_slowly(void *arg, const struct ska_heard *heard, const struct ska_errors *to)
{
    const struct timespec moment = {0, 50000000};

    (void)heard, (void)to;
    if (*(int *)arg == 0)
        nanosleep(&moment, NULL);
    ++*(int *)arg;
    return true;
}

/* The time was over in the middle of a file: it is looked at again, and all of it counts. */
static void a_file_left_in_the_middle_is_looked_at_again(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_buffer notes = {0};
    struct reading reading;
    int heard = 0;
    const struct ska_listener listener = {hear_slowly, &heard};
    struct ska_look short_look = {.directory = directory, .listener = &listener};

    (void)state;
    start_reading(&reading, request);
    put_wrong_ones(request, "many", 90);
    short_look.until = ska_clock_ms() + 25;
    assert_true(ska_answers_look(reading.answers, &short_look, &reading.ballot, &errors));
    assert_int_equal(heard, 1);
    assert_int_equal(request->approval_count, 0);
    ska_answers_tell(reading.answers, &notes);
    assert_non_null(strstr(ska_buffer_string(&notes), "not all were looked at"));
    look(&reading, directory);
    assert_int_equal(request->approval_count, 1);
    ska_buffer_free(&notes);
    end_reading(&reading);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* One look by this share of each owner's files. */
static void look_by(struct reading *reading, const struct ska_directory *directory,
                    struct ska_share share, struct ska_budget *budget)
{
    const struct ska_look look = {.directory = directory, .budget = budget, .until = INT64_MAX};

    *budget = (struct ska_budget){.share = share};
    assert_true(ska_answers_look(reading->answers, &look, &reading->ballot, &errors));
}

/* What a share leaves aside is looked at the next time, whatever it was that ended it. */
static void what_a_share_leaves_is_looked_at_later(void **state)
{
    static const struct ska_share shares[] = {
        {2, 10000000, 1000, 1000},   /* files */
        {1000, 50000, 1000, 1000},   /* bytes: each of the three files has more than 20000 */
        {1000, 10000000, 100, 1000}, /* wrong answers */
        {1000, 10000000, 1000, 100}, /* wrong answers of one approver */
    };
    struct ska_directory *directory = open_it();

    (void)state;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        struct ska_request *request = make_request("seal");
        struct ska_budget budget;
        struct reading reading;
        int looks = 0;

        start_reading(&reading, request);
        put_answers(request, "a", 60, 0);
        put_answers(request, "b", 60, 0);
        put_answers(request, "c", 60, 0);
        put_approval(request, "m");
        do {
            look_by(&reading, directory, shares[i], &budget);
            ska_budget_clear(&budget);
        } while (request->approval_count == 0 && ++looks < 4);
        assert_int_equal(request->approval_count, 1);
        end_reading(&reading);

        /* Once more from the beginning: a share is not enough for all of it. */
        start_reading(&reading, request);
        look_by(&reading, directory, shares[i], &budget);
        assert_true(i > 1 || budget.exhausted);
        ska_budget_clear(&budget);
        end_reading(&reading);
        ska_request_free(request);
    }
    ska_directory_close(directory);
}

/* What another process has put there in its place is not ours to remove. */
static void another_request_is_not_closed(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *mine = make_request("seal");
    struct ska_request *other = make_request("seal");

    (void)state;
    mine->approval_token.data[mine->approval_token.length - 1] ^= 1;
    assert_int_equal(publish(directory, other, NULL), SKA_NAME_FREE);
    put_approval(other, "alice");
    ska_directory_finish(directory, mine, -1, NULL);
    assert_int_equal(count_entries(path), 2);
    ska_directory_finish(directory, other, -1, NULL);
    assert_int_equal(count_entries(path), 0);
    ska_request_free(other);
    ska_request_free(mine);
    ska_directory_close(directory);
}

/* Whether somebody works on a request is seen by others, and looking does not disturb them. */
static void who_waits_is_seen(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_standing_request one;
    struct ska_standing_request other;

    (void)state;
    assert_int_equal(ska_directory_awaited(directory, request->id), SKA_AWAITED_UNKNOWN);
    assert_true(ska_directory_publish(directory, request, NULL, &one, &errors));
    assert_true(one.hold >= 0);
    assert_int_equal(ska_directory_awaited(directory, request->id), SKA_AWAITED_YES);
    assert_int_equal(ska_directory_awaited(directory, request->id), SKA_AWAITED_YES);
    assert_true(ska_directory_find(directory, request->id, &other, &errors));
    ska_standing_request_clear(&one);
    assert_int_equal(ska_directory_awaited(directory, request->id), SKA_AWAITED_YES);
    ska_standing_request_clear(&other);
    assert_int_equal(ska_directory_awaited(directory, request->id), SKA_AWAITED_NO);
    assert_true(ska_directory_find(directory, request->id, &other, &errors));
    assert_true(other.hold >= 0);
    ska_standing_request_clear(&other);
    ska_request_free(request);
    ska_directory_close(directory);
}

static void who_waits_learns_of_a_withdrawal(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_standing_request held;
    struct ska_leftovers left;
    char full[320];

    (void)state;
    snprintf(full, sizeof(full), "%s/%s.request.json", path, request->id);
    assert_true(ska_directory_publish(directory, request, NULL, &held, &errors));
    put_approval(request, "x");
    /* That it vanishes is no withdrawal. */
    assert_int_equal(unlink(full), 0);
    assert_false(ska_directory_was_withdrawn(held.hold));
    ska_standing_request_clear(&held);
    assert_true(ska_directory_publish(directory, request, NULL, &held, &errors));
    if (geteuid() == 0) {
        /* Another user may read it, and may not do this. */
        assert_int_equal(chmod(path, 01777), 0);
        assert_int_equal(chmod(full, 0666), 0);
        assert_int_equal(seteuid(12345), 0);
        assert_false(ska_directory_withdraw(directory, request->id, &left, &errors));
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(last_reason, SKA_R_APPROVALS_DIRECTORY);
        assert_int_equal(find(directory, request, NULL), SKA_NAME_OWN);
    }
    assert_false(ska_directory_was_withdrawn(held.hold));
    assert_true(ska_directory_withdraw(directory, request->id, &left, &errors));
    assert_true(ska_directory_was_withdrawn(held.hold));
    assert_int_equal(left.count, 0);
    assert_int_equal(count_entries(path), 0);
    /* Another that waits for the same afterwards is not closed by who has waited before. */
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    ska_directory_finish(directory, request, held.hold, NULL);
    held.hold = -1;
    assert_int_equal(find(directory, request, NULL), SKA_NAME_OWN);
    ska_standing_request_clear(&held);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* A link in the place of a request to whatever has the same owner, as by a colleague of root's. */
static void withdrawing_empties_nothing_else(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_leftovers left;
    struct stat status;
    char full[320];
    char other[320];

    (void)state;
    snprintf(full, sizeof(full), "%s/%s.request.json", path, request->id);
    snprintf(other, sizeof(other), "%s/other", path);
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    assert_int_equal(link(full, other), 0);
    assert_true(ska_directory_withdraw(directory, request->id, &left, &errors));
    assert_int_equal(find(directory, request, NULL), SKA_NAME_FREE);
    assert_int_equal(stat(other, &status), 0);
    assert_true(status.st_size > 0);
    assert_int_equal(unlink(other), 0);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* ---- What is told, and names ----------------------------------------------------------------- */

static bool is_listed(const struct ska_directory_names *names, const char *id, const char *middle)
{
    char name[160];

    snprintf(name, sizeof(name), "%s.%s.approval.json", id, middle);
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

static void a_watch_tells_of_answers(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_request *other = make_request("other");
    struct ska_events events = {.lost = false};
    int watch = ska_watch_open(directory);

    (void)state;
    assert_true(watch >= 0);
    /* That it was put there itself is no news. */
    assert_int_equal(publish(directory, request, NULL), SKA_NAME_FREE);
    assert_false(ska_watch_read(watch, request->id, &events));
    put_approval(other, "alice");
    assert_false(ska_watch_read(watch, request->id, &events));
    put_approval(request, "bob");
    assert_true(ska_watch_read(watch, request->id, &events));
    assert_true(is_listed(&events.names, request->id, "bob"));
    assert_false(events.lost);
    assert_false(ska_watch_read(watch, request->id, &events));
    ska_events_clear(&events);
    /* Somebody closes it, with all that belongs to it. */
    finish_held(directory, request);
    assert_true(ska_watch_read(watch, request->id, &events));
    assert_int_equal(events.names.count, 0);
    close(watch);
    ska_events_clear(&events);
    ska_request_free(other);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* Of more events than the kernel keeps it tells that there were more. */
static void a_watch_tells_of_what_is_lost(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_events events = {.lost = false};
    int watch = ska_watch_open(directory);

    (void)state;
    for (int i = 0; i < 20000 && !events.lost; i++) {
        char name[160];

        snprintf(name, sizeof(name), "%s/%s.%d.approval.json", path, request->id, i);
        close(open(name, O_WRONLY | O_CREAT, 0600));
        unlink(name);
    }
    assert_true(ska_watch_read(watch, request->id, &events));
    assert_true(events.lost);
    close(watch);
    ska_events_clear(&events);
    ska_request_free(request);
    ska_directory_close(directory);
}

static void answers_are_known_by_name(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_directory_names names = {0};
    struct reading reading;
    char name[160];

    (void)state;
    start_reading(&reading, request);
    put_approval(request, "alice");
    snprintf(name, sizeof(name), "%s.junk.approval.json", request->id);
    put(name, ska_span_text("{}"));
    snprintf(name, sizeof(name), ".%s.0123456789abcdef01234567.tmp", request->id);
    put(name, ska_span_text("half"));
    look(&reading, directory);
    assert_true(ska_answers_are_complete(reading.answers));
    assert_true(ska_answers_have_faults(reading.answers));
    assert_true(ska_answers_names(reading.answers, &names));
    assert_int_equal(names.count, 3);
    assert_true(is_listed(&names, request->id, "alice"));
    assert_true(is_listed(&names, request->id, "junk"));
    assert_string_equal(names.names[2], name);
    /* They alone are removed. */
    put_approval(request, "bob");
    ska_directory_remove_answers(directory, request->id, &names, NULL);
    ska_directory_names_free(&names);
    assert_true(ska_directory_list(directory, &names, &errors));
    assert_int_equal(names.count, 1);
    assert_true(is_listed(&names, request->id, "bob"));
    ska_directory_names_free(&names);
    /* What is still empty will be something else. */
    snprintf(name, sizeof(name), "%s.empty.approval.json", request->id);
    put(name, ska_span(NULL, 0));
    look(&reading, directory);
    assert_false(ska_answers_are_complete(reading.answers));
    assert_false(ska_answers_names(reading.answers, &names));
    ska_directory_names_free(&names);
    end_reading(&reading);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* Only at those that are named. */
static void answers_are_looked_at_by_name(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_directory_names names = {0};
    struct ska_look named = {.directory = directory, .names = &names, .until = INT64_MAX};
    struct reading reading;
    char name[160];

    (void)state;
    start_reading(&reading, request);
    put_approval(request, "alice");
    assert_true(ska_answers_look(reading.answers, &named, &reading.ballot, &errors));
    assert_int_equal(request->approval_count, 0);
    snprintf(name, sizeof(name), "%s.alice.approval.json", request->id);
    assert_true(ska_directory_names_add(&names, name, &errors));
    assert_true(ska_answers_look(reading.answers, &named, &reading.ballot, &errors));
    assert_int_equal(request->approval_count, 1);
    ska_directory_names_free(&names);
    end_reading(&reading);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* ---- The same document ----------------------------------------------------------------------- */

static void set_digest(struct ska_request *request, uint8_t payload, uint8_t document)
{
    struct ska_approval_token token = {.operation = SKA_OPERATION_SIGN, .has_payload = true};
    uint8_t digest[32];

    memset(digest, payload, sizeof(digest));
    ska_bytes_free(&request->payload);
    assert_true(ska_bytes_copy(&request->payload, ska_span(digest, sizeof(digest)), NULL));
    memset(digest, document, sizeof(digest));
    request->digest = SKA_DIGEST_SHA256;
    ska_bytes_free(&request->digest_value);
    assert_true(ska_bytes_copy(&request->digest_value, ska_span(digest, sizeof(digest)), NULL));
    token.key_name = ska_span_text(request->key_label);
    token.payload = ska_span_of(&request->payload);
    ska_bytes_free(&request->approval_token);
    assert_true(ska_approval_token_encode(&token, &request->approval_token, NULL));
    assert_true(ska_request_identify(request, NULL, NULL));
}

/* Attributes of CMS: a content type so long, and the document's digest. */
static void set_attributes(struct ska_request *request, uint8_t length, uint8_t document)
{
    static const uint8_t type[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09};
    uint8_t content[128] = {0x31};
    size_t at = 2;

    content[at++] = 0x30;
    content[at++] = (uint8_t)(11 + 4 + length);
    memcpy(content + at, type, sizeof(type));
    at += sizeof(type);
    content[at++] = 0x03;
    content[at++] = 0x31;
    content[at++] = (uint8_t)(2 + length);
    content[at++] = 0x06;
    content[at++] = length;
    memset(content + at, 0x2A, length);
    at += length;
    content[at++] = 0x30;
    content[at++] = 11 + 4 + 32;
    memcpy(content + at, type, sizeof(type));
    at += sizeof(type);
    content[at++] = 0x04;
    content[at++] = 0x31;
    content[at++] = 34;
    content[at++] = 0x04;
    content[at++] = 32;
    memset(content + at, document, 32);
    at += 32;
    content[1] = (uint8_t)(at - 2);
    ska_bytes_free(&request->signed_content);
    assert_true(ska_bytes_copy(&request->signed_content, ska_span(content, at), NULL));
}

struct found_same {
    const struct ska_request *other;
    size_t count;
};

/* A ska_same_document_visit. */
static void note_same(void *arg, const char *id)
{
    struct found_same *found = arg;

    if (found->other != NULL)
        assert_string_equal(id, found->other->id);
    found->count++;
}

static bool is_same_found(const struct ska_directory *directory, const struct ska_request *request,
                          struct ska_request *other)
{
    struct found_same found = {other, 0};

    assert_int_equal(publish(directory, other, NULL), SKA_NAME_FREE);
    ska_same_documents_visit(directory, request, note_same, &found);
    ska_directory_finish(directory, other, -1, NULL);
    return found.count == 1;
}

/* Of more than a message names, as many are counted as there are. */
static void all_for_the_same_document_are_found(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_buffer text = {0};
    struct found_same found = {NULL, 0};

    (void)state;
    set_digest(request, 0x11, 0x77);
    for (uint8_t length = 2; length < 10; length++) {
        struct ska_request *other = make_request("seal");

        set_digest(other, length, length);
        set_attributes(other, length, 0x77);
        assert_int_equal(publish(directory, other, NULL), SKA_NAME_FREE);
        ska_request_free(other);
    }
    ska_same_documents_visit(directory, request, note_same, &found);
    assert_int_equal(found.count, 8);
    ska_same_document_text(directory, request, &text);
    assert_non_null(
        strstr(ska_buffer_string(&text), "; and 3 more, which skatool requests --dir "));
    ska_buffer_free(&text);
    ska_request_free(request);
    ska_directory_close(directory);
}

/* As a value of its own, and inside of what was hashed, at each place that it has in Base64. */
static void the_same_document_is_found(void **state)
{
    struct ska_directory *directory = open_it();
    struct ska_request *request = make_request("seal");
    struct ska_request *other = make_request("seal");

    (void)state;
    set_digest(request, 0x11, 0x77);
    set_digest(other, 0x77, 0x77);
    assert_true(is_same_found(directory, request, other));
    set_digest(other, 0x78, 0x78);
    assert_false(is_same_found(directory, request, other));
    for (uint8_t length = 2; length < 8; length++) {
        set_attributes(other, length, 0x77);
        assert_true(is_same_found(directory, request, other));
        set_attributes(other, length, 0x79);
        assert_false(is_same_found(directory, request, other));
    }
    ska_request_free(other);
    ska_request_free(request);
    ska_directory_close(directory);
}

static int make_approver(void **state)
{
    (void)state;
    approver = EVP_EC_gen("P-256");
    return approver == NULL;
}

static int free_approver(void **state)
{
    (void)state;
    EVP_PKEY_free(approver);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses_unsafe_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_what_it_published, setup, teardown),
        cmocka_unit_test_setup_teardown(passes_by_what_is_no_request, setup, teardown),
        cmocka_unit_test_setup_teardown(collects_good_and_names_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(looks_again_at_what_has_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(replaces_an_expired_request, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_is_kept_and_the_request_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_writer_began_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(both_names_of_a_request_go, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_writes_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(passes_by_a_planted_done, setup, teardown),
        cmocka_unit_test_setup_teardown(an_open_done_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(short_of_descriptors_is_no_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_is_brought_to_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(short_of_descriptors_is_no_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_wrong_ones_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_as_long_as_is_unique, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_left_in_the_middle_is_looked_at_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_a_share_leaves_is_looked_at_later, setup, teardown),
        cmocka_unit_test_setup_teardown(another_request_is_not_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(who_waits_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(who_waits_learns_of_a_withdrawal, setup, teardown),
        cmocka_unit_test_setup_teardown(withdrawing_empties_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watch_tells_of_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watch_tells_of_what_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_are_known_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_are_looked_at_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_document_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(all_for_the_same_document_are_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, make_approver, free_approver);
}
