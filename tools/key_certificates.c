/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key_certificates.h"

#include "provider/hsm/locate.h"
#include "provider/keys/key_place.h"
#include "tools/certificate_file.h"

struct search {
    OSSL_LIB_CTX *libctx;
    const struct backend_key *key;
    STACK_OF(X509) * certificates;
};

static bool add_own(void *arg, const struct hsm_object *object)
{
    const struct search *search = arg;
    const unsigned char *next = object->certificate.data;
    X509 *certificate = NULL;

    if (!hsm_certificate_is_of(search->libctx, object->certificate,
                               backend_key_public(search->key)))
        return true;
    certificate = d2i_X509(NULL, &next, (long)object->certificate.length);
    if (certificate != NULL)
        (void)X509_add_cert(search->certificates, certificate,
                            X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP);
    X509_free(certificate);
    return true;
}

static void find_certificates(const struct tool *tool, const struct hsm_uri *uri,
                              struct search *search)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    const struct hsm_object_match by_id = {
        HSM_OBJECT_CERTIFICATE, {NULL, 0}, backend_key_id(search->key)};
    const struct hsm_object_match by_label = {
        HSM_OBJECT_CERTIFICATE, ska_span_text(backend_key_label(search->key)), {NULL, 0}};
    struct hsm_token *token = NULL;

    if (!key_place_of(&tool->configuration.settings, uri)->has_objects ||
        !hsm_locate(uri, &defaults, &token, NULL))
        return; /* nobody is asked for a PIN: the key was found, with a login or without */
    if (by_id.id.length > 0)
        (void)!hsm_object_list(token, &by_id, add_own, search, NULL);
    if (by_label.label.length > 0)
        (void)!hsm_object_list(token, &by_label, add_own, search, NULL);
}

void key_certificates_say_ends(const struct tool *tool, const struct hsm_uri *uri,
                               const struct backend_key *key, const struct certificate_ends *ends)
{
    struct certificate_ends own = *ends;
    struct search search = {tool->libctx, key, sk_X509_new_null()};

    own.known = search.certificates;
    if (own.known != NULL)
        find_certificates(tool, uri, &search);
    certificate_ends_say_known(&own);
    certificates_free(own.known);
}
