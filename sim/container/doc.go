// Package container is what runs in the simulated cluster: container runtime, the part of the kubelet that works with it, and the
// programs themselves. There are no containers, no sockets and no images; there are rows, and functions that change them.
//
// # Rows
//
// A [Sandbox] is a Pod on a node, with its addresses. A [Container] is one run of one container: a restart makes a new row with
// the next attempt. A [Process] is a running program in it. A [Volume] is a file tree that outlives containers, and an [Image] is what
// a node knows of an image. All are immutable values in the store, programs included, so a cluster can be forked in the middle of a script.
//
// # How things happen
//
// A kubelet asks with a [Command] ([Execute]); what takes time becomes a pending event of kind [EventKind], which the kernel hands to
// [Handle] when it is due; what has become of it is in the rows. People come in by the doors: [Exec], [Attach], [Input], [Signal], [Output], [Logs],
// [Request], [Forward], and [Host], the machine of the person at the keyboard.
//
// One run of one program is one step: the program gets a [Guest], its view of the world, and goes on until it ends or waits. What it waits for is data
// in its row. Connections are calls: the other side answers within the same step, after the caller's files and output have been put into
// their rows, so that a page written in one command is what the next one gets from nginx. At the end of a step the changed trees go back
// to where they came from: the container's Root, or the rows of its volumes.
//
// # Programs
//
// Scripts and commands are run by packages shell and applet. Applications are Go code behind the interface [app.Server]: a package each below
// app, which joins the others in the table of package catalogue. Every command of an image is a stub file, so that it can be looked up, moved away and
// missed. An image that is not in the table runs what its Pod says if the usual commands suffice; a program that nobody knows stays up quietly
// and accepts connections on the declared ports.
//
// Every registry has every image, except those whose repository or tag contains one of: missing, nosuch, no-such, notexist, not-exist (as in
// does-not-exist), nonexistent, non-existent, invalid.
//
// # Life and death
//
// A stop runs the preStop hook, sends SIGTERM, and after the grace period SIGKILL; what is left after the hook is at least two seconds. A process with number 1
// that has no handler ignores SIGTERM, as on Linux: "sleep 3600" as the command of a container takes the full grace period and exits with 137.
// Servers end after Timings.PreStopAndExit. Restarts keep volumes and lose the root.
//
// The machine behind a node ([Machine]) can lose its power or its network and come back: [PowerOff], [CutOff], [Return]. Without power all ends at once; without network
// processes run on, out of reach of everybody, and with their volumes and their addresses: ghosts.
//
// What else is wrong is a row of the table Faults, which is empty when all is well: a probe that fails whatever its container does ([FailProbe]), image
// pulls that fail or are slow ([WorsenPulls]), a volume that is full or broken ([FillVolume], [BreakVolume]), an API server that answers
// nobody ([StopAPI]). A container can be killed at any time ([Crash]), also as the kernel does it when memory runs out.
//
// A Pod that was deleted by force has no object any more, but its sandbox goes on until its node's kubelet cleans up: that is how a split brain is shown.
//
// # Where this is simpler than a real node
//
// A probe, a lifecycle hook or a connection that fails by a timeout fails at once, not when the timeout is over; exec probes take their real time. /etc/hosts,
// /etc/hostname and /etc/resolv.conf are files of the root and no mounts. Content of configMap volumes is looked up again when it is 60 s old and somebody
// reads it (also below a subPath, which a real kubelet never updates). A machine that is cut off still gets answers from DNS and
// pulls images, and its kubelet rests. Not simulated: cgroups (containers use no memory, so that none runs out by itself), user namespaces, shared process namespaces,
// ephemeral storage limits, devices, TLS, UDP.
package container
