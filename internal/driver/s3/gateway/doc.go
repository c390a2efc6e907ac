// Package gateway is the embedded object store: versitygw serves S3 from a directory,
// with versioning and object lock, for machines that have no S3 of their own
// (rows 7.8.5, 7.2.3). It runs in a program of its own, fournines-objects (package command): linked
// into fournines it makes that half as large again (44.7 to 68.3 MB), and every process of it by 19 MB.
//
// What versitygw alone does not give, and this package adds:
//
//   - A put that was acknowledged survives the loss of power: the data is on the disk
//     before the object gets its name, and the name before the answer. versitygw
//     syncs nothing.
//   - A locked object never exists without its lock. versitygw links the object first
//     and locks it afterwards; here both appear in one step.
//   - Deleting is one step as well. versitygw removes an object's current version and
//     then copies the one before it; killed in between, every older version of that
//     key becomes unreachable, locked ones too. Here one rename does both.
//   - After a crash, what was half made is removed before anybody is answered.
//   - Every key is an object of its own: those that no file can have beside others are kept
//     apart, under an encoded name (place.go). versitygw takes a//b for a/b, and refuses inv
//     beside inv/1.
//   - A copy has a mark that no client can put or see (mark.go).
//   - A bucket can have a change feed (package feed): what is put or deleted is named there,
//     on the disk, before it has any effect.
//
// A file system without user extended attributes is served as well: attributes are then
// files in a directory beside the objects. The last two promises do not hold there,
// because data and attributes are no longer one thing; an object may be seen without its
// lock by others until its put is acknowledged. Put an archive on ext4, xfs, btrfs or zfs.
//
// Whoever can write to the directory can break every lock: an embedded store protects
// against programs that speak S3, not against root on its machine.
package gateway
