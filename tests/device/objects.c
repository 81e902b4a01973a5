/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/device/run needs of a PKCS#11 module besides the provider:
 *
 *     device_objects MODULE INIT-ARGS TOKEN PIN-FILE info
 *     device_objects MODULE INIT-ARGS TOKEN PIN-FILE list PREFIX
 *     device_objects MODULE INIT-ARGS TOKEN PIN-FILE destroy LABEL...
 *
 * `info`: module, token and mechanisms. `list`: labels that begin with PREFIX, one a line.
 * `destroy`: the objects that have exactly one of these labels, whatever they are. INIT-ARGS and
 * TOKEN may be empty. The PIN is tried once.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pkcs11.h>

#define LABEL_MOST 256
#define OBJECTS_MOST 4096

static CK_FUNCTION_LIST *calls;

static void need(CK_RV rv, const char *call)
{
    if (rv == CKR_OK)
        return;
    fprintf(stderr, "device_objects: %s: 0x%lx\n", call, rv);
    exit(1);
}

static void give_up(const char *what, const char *more)
{
    fprintf(stderr, "device_objects: %s%s\n", what, more);
    exit(1);
}

static void load_module(const char *path, char *init_args)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

    if (library == NULL)
        give_up("", dlerror());
    *(void **)&get = dlsym(library, "C_GetFunctionList");
    if (get == NULL)
        give_up(path, ": no PKCS#11 module");
    need(get(&calls), "C_GetFunctionList");
    if (init_args[0] != 0)
        args.pReserved = init_args;
    need(calls->C_Initialize(&args), "C_Initialize");
}

/* Padded with blanks. */
static bool is_named(const CK_UTF8CHAR *field, size_t size, const char *name)
{
    size_t length = strlen(name);

    if (length > size || memcmp(field, name, length) != 0)
        return false;
    while (length < size)
        if (field[length++] != ' ')
            return false;
    return true;
}

static CK_SLOT_ID find_slot(const char *label)
{
    CK_SLOT_ID slots[64];
    CK_ULONG count = sizeof(slots) / sizeof(slots[0]);
    CK_SLOT_ID found = 0;
    size_t fits = 0;

    need(calls->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (calls->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            (label[0] != 0 && !is_named(info.label, sizeof(info.label), label)))
            continue;
        found = slots[i];
        fits++;
    }
    if (fits != 1)
        give_up("exactly one matching token is needed; there is none, or there are several: ",
                label);
    return found;
}

static void log_in(CK_SESSION_HANDLE session, const char *pin_file)
{
    char pin[256] = "";
    FILE *file = fopen(pin_file, "r");

    if (file == NULL || fgets(pin, sizeof(pin), file) == NULL)
        give_up(pin_file, ": no PIN");
    fclose(file);
    pin[strcspn(pin, "\r\n")] = 0;
    need(calls->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen(pin)), "C_Login");
    memset(pin, 0, sizeof(pin));
}

/* ---- info ---------------------------------------------------------------------------------------
 */

static void print_field(const char *name, const CK_UTF8CHAR *field, int size)
{
    while (size > 0 && field[size - 1] == ' ')
        size--;
    printf("%-16s %.*s\n", name, size, (const char *)field);
}

static void print_info(CK_SLOT_ID slot)
{
    CK_INFO info;
    CK_TOKEN_INFO token;
    CK_MECHANISM_TYPE mechanisms[1024];
    CK_ULONG count = sizeof(mechanisms) / sizeof(mechanisms[0]);

    need(calls->C_GetInfo(&info), "C_GetInfo");
    need(calls->C_GetTokenInfo(slot, &token), "C_GetTokenInfo");
    need(calls->C_GetMechanismList(slot, mechanisms, &count), "C_GetMechanismList");
    print_field("manufacturer", info.manufacturerID, sizeof(info.manufacturerID));
    print_field("library", info.libraryDescription, sizeof(info.libraryDescription));
    printf("%-16s %d.%d, Cryptoki %d.%d\n", "version", info.libraryVersion.major,
           info.libraryVersion.minor, info.cryptokiVersion.major, info.cryptokiVersion.minor);
    print_field("token's maker", token.manufacturerID, sizeof(token.manufacturerID));
    print_field("model", token.model, sizeof(token.model));
    printf("%-16s %d.%d\n", "firmware", token.firmwareVersion.major, token.firmwareVersion.minor);
    printf("%-16s 0x%lx\n", "flags", token.flags);
    printf("%-16s", "mechanisms");
    for (CK_ULONG i = 0; i < count; i++)
        printf("%s0x%lx", i % 6 == 0 && i > 0 ? "\n                 " : " ", mechanisms[i]);
    printf("\n");
}

/* ---- list, destroy ------------------------------------------------------------------------------
 */

/* Of an object; false: it has none, or a longer one than ours. */
static bool read_label(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       char label[LABEL_MOST + 1])
{
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, LABEL_MOST};

    if (calls->C_GetAttributeValue(session, object, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen > LABEL_MOST)
        return false;
    label[attribute.ulValueLen] = 0;
    return true;
}

static CK_ULONG find_objects(CK_SESSION_HANDLE session, char *label, CK_OBJECT_HANDLE *objects)
{
    CK_ATTRIBUTE match = {CKA_LABEL, label, label == NULL ? 0 : strlen(label)};
    CK_ULONG count = 0;
    CK_ULONG more = 0;

    need(calls->C_FindObjectsInit(session, &match, label == NULL ? 0 : 1), "C_FindObjectsInit");
    do {
        need(calls->C_FindObjects(session, objects + count, OBJECTS_MOST - count, &more),
             "C_FindObjects");
        count += more;
    } while (more > 0 && count < OBJECTS_MOST);
    need(calls->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    return count;
}

static void list(CK_SESSION_HANDLE session, const char *prefix)
{
    static CK_OBJECT_HANDLE objects[OBJECTS_MOST];
    CK_ULONG count = find_objects(session, NULL, objects);
    char label[LABEL_MOST + 1];

    for (CK_ULONG i = 0; i < count; i++)
        if (read_label(session, objects[i], label) && strncmp(label, prefix, strlen(prefix)) == 0)
            printf("%s\n", label);
}

/* What the module has found is compared once more: it might be one that looks for less. */
static void destroy(CK_SESSION_HANDLE session, char *label)
{
    static CK_OBJECT_HANDLE objects[OBJECTS_MOST];
    CK_ULONG count = find_objects(session, label, objects);
    char found[LABEL_MOST + 1];

    for (CK_ULONG i = 0; i < count; i++)
        if (read_label(session, objects[i], found) && strcmp(found, label) == 0)
            need(calls->C_DestroyObject(session, objects[i]), "C_DestroyObject");
}

int main(int argc, char **argv)
{
    CK_SESSION_HANDLE session = 0;
    CK_SLOT_ID slot = 0;

    if (argc < 6)
        give_up("usage: MODULE INIT-ARGS TOKEN PIN-FILE info|list|destroy ...", "");
    load_module(argv[1], argv[2]);
    slot = find_slot(argv[3]);
    if (strcmp(argv[5], "info") == 0) {
        print_info(slot);
        return 0;
    }
    need(calls->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
    log_in(session, argv[4]);
    if (strcmp(argv[5], "list") == 0 && argc == 7)
        list(session, argv[6]);
    else if (strcmp(argv[5], "destroy") == 0)
        for (int i = 6; i < argc; i++)
            destroy(session, argv[i]);
    else
        give_up("no such command: ", argv[5]);
    calls->C_Finalize(NULL);
    return 0;
}
