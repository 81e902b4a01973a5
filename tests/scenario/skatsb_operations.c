/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the openssl command does not do: `skatsb_operations KEY VECTOR` decrypts standard input by
 * AES-256-GCM, with the tag at its end. The key is a text of 32 bytes, the vector 24 hex digits.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define TAG 16

int main(int argc, char **argv)
{
    static unsigned char input[65536];
    static unsigned char output[65536];
    unsigned char vector[12];
    size_t length = fread(input, 1, sizeof(input), stdin);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;
    int rest = 0;

    if (argc != 3 || strlen(argv[1]) != 32 || strlen(argv[2]) != 24 || length <= TAG)
        return 2;
    for (size_t i = 0; i < sizeof(vector); i++)
        if (sscanf(argv[2] + 2 * i, "%2hhx", &vector[i]) != 1)
            return 2;
    if (context == NULL ||
        EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, (const unsigned char *)argv[1],
                           vector) != 1 ||
        EVP_DecryptUpdate(context, output, &written, input, (int)length - TAG) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, input + length - TAG) != 1 ||
        EVP_DecryptFinal_ex(context, output + written, &rest) != 1)
        return 1;
    EVP_CIPHER_CTX_free(context);
    return fwrite(output, 1, (size_t)written, stdout) != (size_t)written;
}
