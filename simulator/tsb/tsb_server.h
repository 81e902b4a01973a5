/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all calls share.
 */
#ifndef SKATSB_TSB_SERVER_H
#define SKATSB_TSB_SERVER_H

#include <openssl/types.h>

#include "simulator/tsb/faults.h"
#include "simulator/tsb/tsb_config.h"

struct tsb_database;
struct tsb_device;
struct tsb_engine;

/* Does not change while calls are answered, but for what guards itself. */
struct tsb_server {
    struct tsb_config config;
    OSSL_LIB_CTX *libctx; /* our own: nobody's configuration */
    struct tsb_device *device;
    struct tsb_database *database;
    struct tsb_faults faults;
    struct tsb_engine *engine;
};

#endif
