/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/library.h"

#include <dlfcn.h>
#include <string.h>

void *ska_library_load(const char *name)
{
    return dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
}

/* dlsym() gives an object pointer; POSIX says that it may hold a function's address. */
bool ska_library_find(void *library, const char *name, void *function, size_t size)
{
    void *address = dlsym(library, name);

    memcpy(function, &address, size);
    return address != NULL;
}
