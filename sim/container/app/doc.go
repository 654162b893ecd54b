// Package app is what an application model is written against: programs that serve others, the images they come in, and the file systems
// of these. It is where to begin when an application is missing.
//
// A model is a [Server] (code without state, called back when it starts, is connected to, asked to be woken, or signalled), an [Image] that
// holds it under the command that starts it, and a [Model] that says which image names it stands for. The built-in ones are packages below this
// one, joined in package catalogue; a program brings its own with sim.Options.Apps.
//
// What an application knows is Run.State, an immutable value, or lies in files: what is to survive a restart belongs on a volume. It reaches others by
// the names that DNS gives it, through Run.System().Exchange, and it keeps to virtual time. So a cluster full of databases forks and goes back like any other.
//
// A connection is a call: the other side answers before Exchange returns. While it does, it must not call back, since what the caller has changed
// in its State so far is not seen, and what the call back changes is lost.
//
// Clients of an application (a command line, a health check) are applets ([applet.Applet]) in Image.Commands, each behind a stub in the image's file system.
package app
