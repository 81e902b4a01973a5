/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: the approvals directory.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/record/evidence.h"
#include "provider/sign/directory.h"
#include "tools/command/check.h"
#include "tools/command/directory_verdict.h"

/*
 * The folder for evidence is made beforehand, before somebody else takes the name; but not by root,
 * whom it would belong to, and not to who signs.
 */
static void check_evidence(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct ska_directory *directory = NULL;
    char *shown = NULL;
    int place = -1;

    if (geteuid() == 0)
        return;
    if (!ska_directory_open(path, SKA_DIRECTORY_TO_SIGN, &directory, &quiet) ||
        !ska_evidence_place(ska_directory_fd(directory), path, &place, &shown, &quiet))
        check_captured(tool, "approvals-dir", &capture);
    else if (strcmp(shown + strlen(path), "/done") != 0)
        check_warning(
            "approvals-dir",
            "%s/done is not this user's: evidence goes to %s; the owner of %s can remove it", path,
            shown, path);
    if (place >= 0)
        close(place);
    free(shown);
    ska_directory_close(directory);
}

static void say_verdict(struct tool *tool, const char *path, enum directory_verdict verdict,
                        const struct directory_view *view, const struct ska_error_capture *failure)
{
    switch (verdict) {
    case DIRECTORY_FAILED:
    case DIRECTORY_OTHERS:
        check_failed(tool, "approvals-dir", failure->reason, "%s", ska_error_capture_text(failure));
        break;
    case DIRECTORY_PRIVATE:
        check_ok(
            "approvals-dir",
            "%s, not shared: only uid %lu and root can leave approvals there (to share it with a "
            "group: chgrp GROUP, then chmod 3770)",
            path, (unsigned long)view->place.st_uid);
        break;
    case DIRECTORY_SHARED:
        check_ok("approvals-dir", "%s, shared with the group %s", path, view->group);
        break;
    case DIRECTORY_BY_LIST:
        check_ok("approvals-dir", "%s; its access list was not checked (see getfacl)", path);
        break;
    }
}

void check_directory(struct tool *tool, const char *path)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct directory_view view;
    enum directory_verdict verdict = DIRECTORY_FAILED;

    check_relative("approvals-dir", path);
    verdict = directory_judge(path, &view, &quiet);
    say_verdict(tool, path, verdict, &view, &capture);
    if (verdict != DIRECTORY_FAILED && verdict != DIRECTORY_OTHERS &&
        tool->configuration.settings.evidence_dir == NULL)
        check_evidence(tool, path);
    ska_error_capture_clear(&capture);
}
