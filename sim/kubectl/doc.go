// Package kubectl runs the real kubectl (k8s.io/kubectl) against a simulated cluster, in this process: no port, no kubeconfig, no
// disk cache, no plug-ins, and no file of the host unless the caller hands it in.
//
// A [Client] belongs to one cluster. [Client.Run] runs one command line to its end, while somebody else lets virtual time
// pass ([door.Door.Drive], or a pacer). What keeps the transcript true and repeatable:
//
//   - The command tree is built for the one command that is called, over a discovery cache in memory.
//   - kubectl ends a failed command with os.Exit; here it becomes an exit code ([Client.Run]).
//   - Files named by flags (-f, -k, --from-file, --patch-file, ...) are read through [Command.Files] and shown to kubectl for the time of the
//     command only.
//   - The editor of kubectl edit and the diff of kubectl diff are programs of the person ([Programs]), never of this machine.
//   - A client that asks the same question again has slept in between: virtual time passes with it.
//   - Ages that kubectl itself computes (describe, events) are made from virtual time.
//
// It is the only package that imports k8s.io/kubectl.
package kubectl
