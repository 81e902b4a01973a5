/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A "PKCS#11 module" that is none: it only leaves a mark, a file that MARKING_MODULE_MARK names,
 * when it is loaded. Whoever makes a process load it has run code there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_mark(void)
{
    const char *path = getenv("MARKING_MODULE_MARK");
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT, 0600);

    if (fd >= 0)
        close(fd);
}
