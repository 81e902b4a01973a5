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

static bool is_in(unsigned int kind, const unsigned int *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kind == kinds[i])
            return true;
    return false;
}

bool ska_directory_knows_owners(const struct ska_directory *directory)
{
    struct statfs status;

    return fstatfs(ska_directory_fd(directory), &status) == 0 &&
           !is_in((unsigned int)status.f_type, remote, sizeof(remote) / sizeof(remote[0]));
}

/* linux/magic.h has most of them. An overlay is written to by those who have it mounted only. */
static const unsigned int local[] = {
    0xEF53,     /* ext2, ext3, ext4 */
    0x58465342, /* XFS */
    0x9123683E, /* Btrfs */
    0x2FC12FC1, /* ZFS */
    0xF2F52010, /* F2FS */
    0x01021994, /* tmpfs */
    0x794C7630, /* overlayfs */
};

bool ska_directory_is_local(const struct ska_directory *directory)
{
    struct statfs status;

    return fstatfs(ska_directory_fd(directory), &status) == 0 &&
           is_in((unsigned int)status.f_type, local, sizeof(local) / sizeof(local[0]));
}

bool ska_directory_changed(const struct ska_directory *directory, struct timespec *changed)
{
    struct stat status;

    if (fstat(ska_directory_fd(directory), &status) != 0)
        return false;
    *changed = status.st_mtim;
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
