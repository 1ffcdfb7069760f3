// Package evalcache remembers what evaluations came to, so that an evaluation
// of which nothing has changed need not be run again.
//
// # A verifying trace
//
// Evaluation is a pure function of the program, its settings and what it sees
// of the world. A [Key] stands for the first two. All that it sees goes through
// one interface, builtins.Host; a [Recorder] put before that notes every answer:
// the contents of files, directories, kinds of files and that there was none,
// each link of a symlink, variables of the environment, hashes of trees, store
// objects that were valid or were not, what was downloaded or built on the way.
// The [Record] holds these observations with the answer of the evaluation and
// the messages that it showed.
//
// The record is the answer of a later run with the same key if each observation
// would turn out the same now ([Record.Check]). By induction over the run: it
// starts alike, so it asks the first question alike; that has the same answer,
// so it goes on alike to the second; and so to the end. No order of checking
// matters, as the answers are facts about one moment.
//
// What a run does to the world must hold, too: the store objects that it made
// must still be valid, and are kept from the collector before that is asked.
//
// # When a file counts as unchanged
//
// A [Fingerprint] is what the kernel tells of a file: device, inode, size, mode,
// times of the last change. Equal fingerprints mean equal contents only if the
// times were past when the contents were read: two changes within one tick of
// the clock have one time. So a fingerprint is trusted if its times are older
// than the start of the evaluation by more than the coarsest clock of a file
// system has to a tick, and if the file system is known to keep such times. A
// file whose fingerprint is not trusted, or is another one, is read and
// compared by hash.
//
// What cannot be noted (the clock, an error of the disk) makes the evaluation
// one that is not remembered. So does every question to the world that this
// package does not know: [Recorder] has each method of builtins.Host written
// out, and a new one does not compile until somebody has thought about it.
package evalcache
