/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a request, as people name it: by its label, or by a URI as they name keys elsewhere.
 */
#ifndef SKA_TOOLS_KEY_LABEL_H
#define SKA_TOOLS_KEY_LABEL_H

#include "tools/tool.h"

/*
 * Where *key is a URI it becomes its label, which *owned holds (free with free()); else it stays,
 * and *owned is NULL. A label is all that an approval is bound to, so a URI that says more than
 * that, which would not be compared, is refused (SKA_R_WRONG_USE).
 */
bool key_label_take(struct tool *tool, const char **key, char **owned) SKA_MUST_CHECK;

#endif
