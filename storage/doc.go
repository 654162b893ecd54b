// Package storage holds what volumes are made of, as pure functions over immutable values.
//
// # Files
//
// A [Tree] is one volume or one image's root: an immutable table of inodes. A [FileSystem] mounts trees at paths and
// gives a process the operations it knows from POSIX, with POSIX's error texts. When the process is through,
// the caller takes the trees that changed and stores them; the old ones are still what they were, which is what makes
// a snapshot of a whole cluster free.
//
// # Volumes
//
// The other half are the decisions about PersistentVolumes and PersistentVolumeClaims: which volume a claim gets ([Match],
// [MatchOnNode]), how one is made for it ([Provision]), what binding changes ([Bind]), in which phase a volume is ([Settle]),
// what becomes of it when its claim is gone ([Reclaim]), and what must not be deleted yet ([ClaimInUse], [VolumeInUse]).
// All of them take API objects and give back new ones or an answer; none changes what it was given.
// What the volume controller would record as an event comes back as a [Notice].
//
// Provisioners are a table: [StandardProvisioner], [LocalProvisioner], [GlusterProvisioner] and those of small local clusters,
// [MinikubeProvisioner] and [LocalPathProvisioner], make volumes; any other name belongs to nobody, and its claims stay pending as they do in a cluster where that provisioner is not installed.
//
// Not simulated of volumes: snapshots and clones (dataSource), growing, migration of in-tree plugins to CSI.
// Not simulated of files: access times, ownership by capability, extended attributes, named pipes, sockets, memory mapping.
package storage
