// Package localstore keeps a store on disk, in the layout and with the
// database schema (version 10) of Nix, so that Nix can open, check and use it.
//
// # Layout
//
//	ROOT/nix/store/HASH-NAME           valid paths, and what is being made
//	ROOT/nix/store/HASH-NAME.lock      held while somebody makes HASH-NAME
//	ROOT/nix/store/.links/             empty: Nix keeps hard links of equal files there
//	ROOT/nix/store/tmp-RANDOM/         scratch and trash directories, each locked by its owner
//	ROOT/nix/var/nix/db/db.sqlite      which paths are valid, and their references
//	ROOT/nix/var/nix/db/schema         "10", for Nix; we look into the database
//	ROOT/nix/var/nix/db/big-lock       shared by all users of the store, alone for a change of schema
//	ROOT/nix/var/nix/db/reserved       8 MiB that a collection frees first, should the disk be full
//	ROOT/nix/var/nix/gc.lock           shared to declare a root, alone to decide what is garbage
//	ROOT/nix/var/nix/temproots/RANDOM  temporary roots of one process, locked by it
//	ROOT/nix/var/nix/gcroots, profiles symlinks: the permanent roots
//	ROOT/nix/var/log/nix/drvs/HA/SH-NAME.drv   build logs
//
// # How a path becomes valid
//
// There is one function for it, register, and one order:
//
//  1. The contents are written into a scratch directory that only this user
//     can enter, on the same file system.
//  2. They are made canonical through file descriptors, and hashed.
//  3. The paths become temporary roots; then their locks are taken; then it is
//     checked that they are not valid by now and that their references are.
//  4. Files and directories are flushed to disk. Large trees have been before,
//     while they were written, to save time here.
//  5. They are renamed to their final names.
//  6. The store directory is flushed.
//  7. One transaction, flushed by SQLite, adds all of them to the database.
//
// Whatever the moment of a crash or a power cut, a row in the database
// therefore means complete and right contents on disk. What has a name but no
// row is garbage: the next one to make that path replaces it, and a collection
// deletes it. Nix's own order leaves 4 and 6 out by default.
//
// # How a path stops being valid
//
// A collection holds gc.lock alone while it finds the roots, deletes the rows
// of all dead paths in one transaction, and moves their trees into a trash
// directory, which takes milliseconds. Then it lets go of the lock and deletes
// the trash. So nobody waits for the slow part, and no tree is ever seen half
// deleted under a valid name. Nix deletes in place while it holds the lock and
// lets others talk to it over a socket meanwhile; both keep the same promise:
// a path whose temporary root was written before somebody looked whether it is
// valid stays.
//
// # Differences from Nix
//
//   - Files are flushed before they are registered, and each commit is
//     (Nix: fsync-store-paths = false, synchronous = normal).
//   - Two processes can create one store at the same time.
//   - Lists of temporary roots have random names, not process ids, which two
//     containers that share a store may have in common.
//   - A text (.drv) is moved into place without taking its path lock: a rename
//     of a file over the same file harms nobody.
//   - Files are not hard-linked with equal ones (no "optimise").
package localstore
