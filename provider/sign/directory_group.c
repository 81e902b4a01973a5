/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who else sees what stands in an approvals directory: approvers share it as its group, and on file
 * systems that come from another computer its users are not those of this one.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "provider/sign/directory.h"

/*
 * linux/magic.h has not all of them. What a server or a program says of a file's owner is shown as
 * it is, or everything belongs to who has mounted it.
 */
static const unsigned int remote[] = {
    0x6969,     /* NFS */
    0x517B,     /* SMB */
    0xFF534D42, /* CIFS */
    0xFE534D42, /* SMB2 */
    0x65735546, /* FUSE: sshfs and others */
    0x01021997, /* 9P: also shared folders of virtual machines */
    0x786F4256, /* the same of VirtualBox */
    0x00C36400, /* Ceph */
    0x5346414F, /* AFS */
    0x6B414653, /* AFS, the other one */
    0x73757245, /* Coda */
    0x564C,     /* NCP */
    0x0BD00BD0, /* Lustre */
    0x47504653, /* GPFS */
};

bool ska_directory_knows_owners(const struct ska_directory *directory)
{
    struct statfs status;

    if (fstatfs(ska_directory_fd(directory), &status) != 0)
        return false;
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
        if ((unsigned int)status.f_type == remote[i])
            return false;
    return true;
}

bool ska_directory_group_reads(const struct ska_directory *directory, const char *id, gid_t *group)
{
    char name[SKA_FILE_NAME_SIZE];
    struct stat place;
    struct stat file;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    if (fstat(ska_directory_fd(directory), &place) != 0 || (place.st_mode & S_IRWXG) == 0 ||
        fstatat(ska_directory_fd(directory), name, &file, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    *group = place.st_gid;
    return file.st_gid == place.st_gid && (file.st_mode & S_IRGRP) != 0;
}
